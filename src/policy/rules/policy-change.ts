import type { Evidence } from "../../model.ts";
import type { Objection } from "../objection.ts";
import type { CommitRule } from "../policy.ts";
import { humans, policyChangeWords } from "../words.ts";
import { judgeSignature } from "./signature.ts";
import type { Judged } from "./signature.ts";

/**
 * A commit that changes the policy or a key file it names needs a good signature by a human of `signedBy`, even where
 * the commit comes in by a merge and `side` would take it from anyone: else a merge would carry in a new policy.
 */
export function judgePolicyChange(
  changed: readonly string[],
  evidence: readonly Evidence[],
  rule: string,
  clause: CommitRule,
  judged: Judged,
): Objection | null {
  if (changed.length === 0) return null;
  const able = humans(judged.policy, clause.signedBy);
  let signer: string | null = null;
  for (const one of evidence) {
    if (one.outcome !== "verified" || judgeSignature(one, judged, clause.signedBy) !== null) continue;
    if (able.has(one.signer.principal)) return null;
    signer ??= one.signer.principal;
  }
  const reason = signer === null ? "it has no good signature" : `${signer} is none`;
  return { code: "policy-change", ...policyChangeWords(changed, rule, reason, able) };
}
