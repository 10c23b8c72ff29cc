import type { CiEvent, CiPlatform, Variables } from "./ci-event.ts";
import { cannotTell, idOf, refIn, required } from "./ci-event.ts";

/** GitLab CI (docs.gitlab.com, "Predefined CI/CD variables"). A job's own `variables:` may overwrite each of them. */
export const gitlabPlatform = (environment: Variables): CiPlatform => ({
  name: "gitlab",
  title: "GitLab CI",
  wholeClone: 'set `variables: { GIT_DEPTH: "0" }` in the job',
  event: () => gitlabEvent(environment),
});

function gitlabEvent(environment: Variables): CiEvent {
  const commit = idOf(environment["CI_COMMIT_SHA"]);
  if (commit === null) throw cannotTell("CI_COMMIT_SHA names no commit");
  const source = required(environment["CI_PIPELINE_SOURCE"], "CI_PIPELINE_SOURCE");
  const into = environment["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"];
  if (source === "merge_request_event" || (into ?? "") !== "") {
    // Empty in a detached pipeline, whose commit is the request's own.
    const head = idOf(environment["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"]);
    return {
      kind: "request",
      into: refIn("refs/heads", required(into, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")),
      base:
        idOf(environment["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"]) ?? idOf(environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"]),
      head: head ?? commit,
      testMerge: head !== null && head !== commit,
    };
  }
  const tag = environment["CI_COMMIT_TAG"];
  if (tag !== undefined && tag !== "") return { kind: "tag", ref: refIn("refs/tags", tag) };
  const ref = refIn("refs/heads", required(environment["CI_COMMIT_BRANCH"], "CI_COMMIT_BRANCH"));
  if (source !== "push") return { kind: "whole", ref };
  return { kind: "push", ref, before: idOf(environment["CI_COMMIT_BEFORE_SHA"]), after: commit };
}
