import type { CiEvent, CiPlatform, Variables } from "./ci-event.ts";
import { cannotTell, idOf, refIn, refOf, required } from "./ci-event.ts";

/**
 * Jenkins, multibranch and plain (its Git and Branch API plugins). For a pull request it says which branch is meant and not
 * which commit, so what is checked out is judged: it has to be the request's own revision, not Jenkins' merge of it.
 */
export const jenkinsPlatform = (environment: Variables): CiPlatform => ({
  name: "jenkins",
  title: "Jenkins",
  wholeClone: "switch `Shallow clone` off in the job's Git behaviours (`CloneOption(shallow: false)`)",
  event(): CiEvent {
    const into = environment["CHANGE_TARGET"];
    if (into !== undefined && into !== "")
      return { kind: "request", into: refIn("refs/heads", into), base: null, head: "HEAD", testMerge: false };
    const tag = environment["TAG_NAME"];
    if (tag !== undefined && tag !== "") return { kind: "tag", ref: refIn("refs/tags", tag) };
    const branch = environment["BRANCH_NAME"] ?? environment["GIT_LOCAL_BRANCH"] ?? remoteBranch(environment);
    if (branch === undefined) return { kind: "whole", ref: null };
    // The last build that passed, not the last one: what failed is judged again until somebody mends it.
    const before = idOf(environment["GIT_PREVIOUS_SUCCESSFUL_COMMIT"]);
    return { kind: "push", ref: refIn("refs/heads", branch), before, after: "HEAD" };
  },
});

/** `origin/main` */
const remoteBranch = (environment: Variables): string | undefined => environment["GIT_BRANCH"]?.replace(/^[^/]+\//, "");

/** Azure Pipelines (learn.microsoft.com, "Use predefined variables"). It does not say where a branch stood before a push. */
export const azurePlatform = (environment: Variables): CiPlatform => ({
  name: "azure",
  title: "Azure Pipelines",
  wholeClone: "set `fetchDepth: 0` on the step `- checkout: self`",
  event(): CiEvent {
    const into = environment["SYSTEM_PULLREQUEST_TARGETBRANCH"];
    if (environment["BUILD_REASON"] === "PullRequest" || (into ?? "") !== "") {
      const head = idOf(environment["SYSTEM_PULLREQUEST_SOURCECOMMITID"]);
      if (head === null) throw cannotTell("SYSTEM_PULLREQUEST_SOURCECOMMITID names no commit");
      // Long in the documentation, short in some pipelines.
      const branch = refOf(required(into, "SYSTEM_PULLREQUEST_TARGETBRANCH"));
      return { kind: "request", into: branch, base: null, head, testMerge: false };
    }
    const ref = required(environment["BUILD_SOURCEBRANCH"], "BUILD_SOURCEBRANCH");
    if (ref.startsWith("refs/tags/")) return { kind: "tag", ref: refOf(ref) };
    if (environment["BUILD_REASON"] === "Schedule" || environment["BUILD_REASON"] === "Manual")
      return { kind: "whole", ref: refOf(ref) };
    return { kind: "push", ref: refOf(ref), before: null, after: "HEAD" };
  },
});

/** Nothing that is known: what HEAD has and the remote's default branch lacks, or all of the default branch. */
export const noPlatform: CiPlatform = {
  name: "none",
  title: "no CI that is known",
  wholeClone: "git fetch --unshallow",
  event: () => ({ kind: "whole", ref: null }),
};
