import type { Decision, ObjectId, ObjectKind, RefName, Seconds } from "../model.ts";
import type { Problem } from "../policy/decide-problem.ts";
import { decideRef } from "../policy/decide-ref.ts";
import type { Policy, Rule } from "../policy/policy.ts";

export interface StandingRef {
  readonly policy: Policy;
  readonly ref: RefName;
  readonly oid: ObjectId | null;
  readonly kind: ObjectKind;
  readonly rules: readonly Rule[];
  readonly targetProblem?: Problem | null;
  readonly now: Seconds;
}

/** What the rules say of a ref that nobody moves: an audit finds it where it is. */
export const decideStandingRef = ({
  policy,
  ref,
  oid,
  kind,
  rules,
  targetProblem = null,
  now,
}: StandingRef): Decision =>
  decideRef({
    policy,
    ref,
    old: oid,
    new: oid,
    newKind: kind,
    fastForward: true,
    rules,
    policyRef: false,
    targetProblem,
    clock: { mode: "history", now, latestAncestor: null },
  });
