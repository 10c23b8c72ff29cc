import type { Decision, ObjectId, RefName, Seconds, Signer } from "../model.ts";
import type { RefValues } from "../io/refs.ts";
import { rulesOn } from "../policy/applies.ts";
import type { Rule } from "../policy/policy.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import type { Session } from "./session.ts";
import { trackedName } from "./tracking.ts";

/** A commit that passes today and would not, and who signed it; null where no signature counts. */
export interface FallingCommit {
  readonly signer: Signer | null;
  readonly signedAt: Seconds | null;
}

/**
 * The commits that some refs reach and that are allowed as the policy is, and denied as it would be. Each branch is judged under the
 * rules of its name.
 *
 * @throws GitError
 */
export async function fallingCommits(
  session: Session,
  refs: RefValues,
  today: JudgingContext,
  marked: JudgingContext,
): Promise<ReadonlyMap<ObjectId, FallingCommit>> {
  const falling = new Map<ObjectId, FallingCommit>();
  for (const [name, { oid, symbolic }] of refs) {
    const ref = trackedName(session, name) ?? name;
    const rules = rulesOn(today.policy, ref, today.now).filter(({ commits }) => commits !== null);
    const tip = symbolic === null && rules.length > 0 ? await session.outlines.peel(oid) : null;
    if (tip === null) continue;
    const denied = new Set<ObjectId>();
    for await (const decision of audited(marked, ref, rules, tip))
      if (!decision.allow && decision.subject.oid !== null) denied.add(decision.subject.oid);
    if (denied.size === 0) continue;
    for await (const { allow, evidence, subject } of audited(today, ref, rules, tip)) {
      if (!allow || subject.oid === null || !denied.has(subject.oid)) continue;
      const proof = evidence.find((one) => one.outcome === "verified");
      falling.set(subject.oid, { signer: proof?.signer ?? null, signedAt: proof?.signedAt ?? null });
    }
  }
  return falling;
}

async function* audited(
  context: JudgingContext,
  ref: RefName,
  rules: readonly Rule[],
  tip: ObjectId,
): AsyncGenerator<Decision> {
  const range = { ref, include: [tip], groups: [{ rules, exclude: [] }], history: "everything" } as const;
  for await (const { decision } of judgeRange(context, range)) yield decision;
}
