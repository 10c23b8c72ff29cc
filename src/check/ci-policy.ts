import { PolicyError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import {
  defaultBranch,
  governByCommit,
  governByRef,
  governClone,
  missingPolicy,
  type PolicyChoice,
} from "./governing.ts";
import type { GoverningPolicy, Session } from "./session.ts";

/** A branch as it stood before what is judged. */
export interface Before {
  readonly ref: RefName;
  readonly oid: ObjectId | null;
}

/**
 * The policy that judges in CI: what the command line or the configuration pins, else the remote's default branch, as it stood
 * before what is judged came to it; else the branch that the request goes to. Never the work tree's own file, and nothing
 * that is judged here: a request would decide about itself.
 *
 * @throws PolicyError ERR_POLICY_MISSING where there is none, and for one that cannot be used
 */
export async function governCi(
  session: Session,
  choice: PolicyChoice,
  before: Before | null,
): Promise<GoverningPolicy> {
  const pinned = choice.policy ?? choice.policyRef ?? session.config.get("signpolicy.policyref");
  if (pinned !== null) return governClone(session, choice);
  const branch = await defaultBranch(session);
  if (branch !== null && branch.branch !== before?.ref) {
    try {
      return await governByRef(session, branch.tracking, choice);
    } catch (error) {
      if (before?.oid == null || !(error instanceof PolicyError) || error.code !== "ERR_POLICY_MISSING") throw error;
    }
  }
  if (before?.oid != null) return governByCommit(session, before.ref, before.oid, choice);
  throw missingPolicy("this clone does not say which branch is the remote's default one", {
    hint: "git remote set-head origin --auto, or --policy-ref refs/remotes/origin/BRANCH",
  });
}
