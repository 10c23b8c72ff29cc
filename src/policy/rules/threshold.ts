import type { Commit, Signer } from "../../model.ts";
import { mayApprove } from "../approval-refs.ts";
import type { Fix } from "../fixes.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Names } from "../policy.ts";
import { thresholdWords } from "../threshold-words.ts";

/**
 * `threshold: N`: the commit's own signature is somebody's whom the policy knows, and N of those asked for are among its
 * signer and those who approved it. A person counts once, however many keys and approvals he has; an agent, a bot and a
 * forge never do.
 */
export function judgeThreshold(
  signer: Signer,
  asked: Names,
  threshold: number,
  approvers: ReadonlySet<string>,
  rule: string,
  policy: Policy,
  commit: Commit,
  fix: Fix | undefined,
): Objection | null {
  const able = [...asked].filter((id) => mayApprove(policy, id));
  const counted = able.filter((id) => id === signer.principal || approvers.has(id));
  if (counted.length >= threshold) return null;
  const open = able.filter((id) => !counted.includes(id));
  return { code: "threshold-unmet", ...thresholdWords(counted, open, threshold, rule, commit, fix?.fetchesApprovals) };
}
