import type { CiEvent, CiPlatform, Variables } from "./ci-event.ts";
import { cannotTell, idOf, member, refIn, refOf, required, textOf } from "./ci-event.ts";

const TITLES = { github: "GitHub Actions", gitea: "Gitea Actions", forgejo: "Forgejo Actions" } as const;

/**
 * GitHub Actions, and Gitea's and Forgejo's, which have its variables and its events. The payload is the platform's own file;
 * names in it are whatever a contributor called his branch.
 *
 * https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export function githubPlatform(environment: Variables, readEvent: (path: string) => unknown): CiPlatform {
  const name =
    environment["FORGEJO_ACTIONS"] === "true"
      ? "forgejo"
      : environment["GITEA_ACTIONS"] === "true"
        ? "gitea"
        : "github";
  return {
    name,
    title: TITLES[name],
    wholeClone: "give actions/checkout `with: { fetch-depth: 0 }`",
    event: () => githubEvent(environment, readEvent),
  };
}

function githubEvent(environment: Variables, readEvent: (path: string) => unknown): CiEvent {
  const name = required(environment["GITHUB_EVENT_NAME"], "GITHUB_EVENT_NAME");
  const payload = readEvent(required(environment["GITHUB_EVENT_PATH"], "GITHUB_EVENT_PATH"));
  const request = member(payload, "pull_request");
  if (typeof request === "object" && request !== null) {
    const into = textOf(member(request, "base", "ref")) ?? required(environment["GITHUB_BASE_REF"], "GITHUB_BASE_REF");
    const head = idOf(member(request, "head", "sha"));
    if (head === null) throw cannotTell("the event names no head of the pull request");
    return {
      kind: "request",
      into: refIn("refs/heads", into),
      base: idOf(member(request, "base", "sha")),
      head,
      testMerge: false,
    };
  }
  if (name === "merge_group") {
    const into = required(textOf(member(payload, "merge_group", "base_ref")), "the merge group's base_ref");
    const head = idOf(member(payload, "merge_group", "head_sha"));
    if (head === null) throw cannotTell("the event names no head of the merge group");
    return { kind: "queue", into: refOf(into), base: idOf(member(payload, "merge_group", "base_sha")), head };
  }
  const ref = required(environment["GITHUB_REF"], "GITHUB_REF");
  if (ref.startsWith("refs/tags/")) return { kind: "tag", ref: refOf(ref) };
  if (!ref.startsWith("refs/heads/")) throw cannotTell("the event is for no branch and no tag");
  if (name !== "push") return { kind: "whole", ref: refOf(ref) };
  // GITHUB_REF is the default branch where the push deleted another.
  const pushed = refOf(textOf(member(payload, "ref")) ?? ref);
  const deleted = member(payload, "deleted") === true;
  const after = deleted ? null : (idOf(member(payload, "after")) ?? idOf(environment["GITHUB_SHA"]));
  if (after === null && !deleted) throw cannotTell("the event names no commit that was pushed");
  return { kind: "push", ref: pushed, before: idOf(member(payload, "before")), after };
}
