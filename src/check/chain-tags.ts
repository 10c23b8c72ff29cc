import type { Decision, ObjectId, RefName } from "../model.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { JudgingContext } from "./range.ts";
import { decideStandingRef } from "./standing-ref.ts";
import { judgeTags, tagRef } from "./tags.ts";

/**
 * A tag by the rules of the policy that the tagged commit hands on; null where that commit is not authenticated, which no
 * signature on the tag mends.
 */
export async function judgeChainedTag(
  context: JudgingContext | null,
  { oid, ref: named }: { readonly oid: ObjectId; readonly ref: RefName | null },
  take: (decision: Decision) => Promise<void>,
): Promise<void> {
  if (context === null) {
    const message = "the tagged commit is not authenticated from the trust root";
    return take(decideProblem({ kind: "tag", oid, ref: named }, { code: "tag-target", message }));
  }
  const { examiner, policy, now } = context;
  const kind = (await examiner.kind(oid)) ?? "tag";
  const ref = named ?? (await tagRef(examiner, oid));
  const rules = rulesFor(policy, ref);
  // The chain has judged what it leads to.
  const vouched = (): Promise<boolean> => Promise.resolve(true);
  await judgeTags(context, { ref, oid, kind, rules, mode: "history" }, { take }, vouched);
  const decision = decideStandingRef({ policy, ref, oid, kind, rules, now });
  if (decision.findings.length > 0) await take(decision);
}
