import type { Seconds } from "../../model.ts";
import { judgesCommits } from "../applies.ts";
import type { Objection } from "../objection.ts";
import type { Rule } from "../policy.ts";
import { policyRefWords, unguardedWords } from "../ref-words.ts";
import { isDeletion, isRewind } from "./update.ts";
import type { Update } from "./update.ts";

/**
 * The ref that the policy in force is read from is never rewound or deleted, whatever its rule says: an older policy
 * may hold keys that were removed since, and none at all is decided by whoever creates it next. And it must be under a
 * rule that asks for signatures at error level (`policy-change`): else whoever pushes there writes the policy.
 */
export function judgePolicyRef(update: Update, rules: readonly Rule[], now: Seconds): readonly Objection[] {
  const found: Objection[] = [];
  if (isDeletion(update)) found.push({ code: "ref-deletion", ...policyRefWords(update.ref, "deleted") });
  if (isRewind(update)) found.push({ code: "ref-rollback", ...policyRefWords(update.ref, "rewound") });
  if (!rules.some((rule) => judgesCommits(rule, now))) {
    found.push({ code: "policy-change", ...unguardedWords(update.ref) });
  }
  return found;
}
