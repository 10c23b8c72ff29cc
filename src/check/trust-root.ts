import { SignpolicyError, UsageError } from "../errors.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import type { Decision, ObjectId } from "../model.ts";
import { isPartialClone } from "../io/safety.ts";
import { isShallow } from "../io/repository.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { PolicyState } from "./policy-states.ts";
import type { GoverningPolicy, Session } from "./session.ts";

/** What this repository's own configuration names; never anything that a repository could bring along. */
export const configuredTrustRoot = ({ config }: Pick<Session, "config">): string | null =>
  config.get("signpolicy.trustroot", ["local", "worktree"]);

/**
 * The trust root that binds beside a policy in force: what this repository's configuration names, or the administrator's file.
 *
 * @throws UsageError where they name two, or one that is no full id
 */
export function bindingTrustRoot(session: Pick<Session, "config">, { loaded, ref }: GoverningPolicy): ObjectId | null {
  const configured = configuredTrustRoot(session);
  const { trustRoot } = loaded.policy;
  if (ref !== null || trustRoot === null) return configured === null ? null : parseTrustRoot(configured);
  if (configured === null || configured === trustRoot) return trustRoot;
  throw new UsageError(`the policy file names the trust root ${trustRoot}, and the configuration ${configured}`, {
    hint: "keep one of them: git config --unset signpolicy.trustRoot, or trust.root in the file",
  });
}

/** @throws UsageError for anything but a full id: a name would be whatever somebody moves it to */
export function parseTrustRoot(named: string): ObjectId {
  if (isObjectId(named)) return named;
  if (named.trim() === "") {
    throw new UsageError("the trust root is empty", {
      hint: "name a full commit id; where a variable should hold it, that is empty or not set",
    });
  }
  throw new UsageError(`the trust root '${named}' is no full commit id`, {
    hint: `git rev-parse '${named.replaceAll("'", "")}^{commit}' prints one; compare it with what you were told out of band`,
  });
}

/** What was not fetched cannot be judged, whatever a finding would call it. */
export const partialClone = (): SignpolicyError =>
  new SignpolicyError(
    "ERR_PARTIAL_CLONE",
    "this is a partial clone, and what its history's policies hold was not fetched",
    {
      hint: "git fetch --refetch --no-filter, or clone again without --filter",
    },
  );

/** The policy in the root's tree, or why there is none to begin with. */
export async function readTrustRoot(session: Session, root: ObjectId): Promise<PolicyState | Decision> {
  const subject = { kind: "commit", oid: root, ref: null } as const;
  const object = await session.reader.object(root);
  if (object.found === "no") {
    if (isShallow(session.repository)) {
      return decideProblem(subject, {
        code: "shallow-history",
        message: `the trust root ${root} is not in this shallow clone, so nothing can be authenticated from it`,
        hint: "git fetch --unshallow (in CI: fetch-depth: 0, or GIT_DEPTH: 0)",
      });
    }
    const message = `the trust root ${root} is not in this repository`;
    return decideProblem(subject, {
      code: "missing-object",
      message,
      hint: "fetch the branch that holds it, or correct the id",
    });
  }
  const commit = await session.outlines.outline(root);
  if (commit === null) {
    const message = `the trust root ${root} is a ${object.kind}, and only a commit can be one`;
    return decideProblem(subject, {
      code: "bad-input",
      message,
      hint: `git rev-parse '${root}^{commit}' prints the commit`,
    });
  }
  const state = await session.states.at(commit);
  if (state.loaded !== null) return state;
  if (state.problem !== null && isPartialClone(session.config)) throw partialClone();
  const message = `the trust root ${root} holds no policy that can be used: ${state.problem ?? "there is none in its tree"}`;
  return decideProblem(subject, { code: "policy-missing", message, hint: "name a commit that holds a policy" });
}
