import type { Decision, Finding, ObjectId, ObjectKind, RefName } from "../model.ts";
import { isEnforced } from "./applies.ts";
import type { JudgingClock } from "./clock.ts";
import { settle } from "./decision.ts";
import { findingOf } from "./objection.ts";
import type { Objection } from "./objection.ts";
import type { Override } from "./override.ts";
import type { Policy, Rule } from "./policy.ts";
import { judgeLightweight } from "./rules/lightweight-tag.ts";
import { judgePolicyRef } from "./rules/policy-ref.ts";
import { judgeRefValue } from "./rules/ref-value.ts";
import { judgeUnmatched } from "./rules/unmatched.ts";
import { judgeTagTarget, type TargetProblem } from "./rules/tag-target.ts";
import { isBareTag, judgeTagUpdate, judgeUpdate } from "./rules/update.ts";

export interface RefInput {
  readonly policy: Policy;
  readonly ref: RefName;
  /** What the repository itself holds, never what the pusher claims; null: it does not exist. */
  readonly old: ObjectId | null;
  /** Null: the ref is deleted. */
  readonly new: ObjectId | null;
  readonly newKind: ObjectKind | "missing" | null;
  /** Of a symbolic ref the one that it names, which moves with it. */
  readonly symbolic?: RefName | null;
  /** Null: cannot tell, or not applicable. Only `true` counts as one. */
  readonly fastForward: boolean | null;
  /** Every rule that names the ref and, for a symbolic ref, the ref it stands for. */
  readonly rules: readonly Rule[];
  /** The ref holds approvals, which are judged by what every policy asks of them. */
  readonly approvals?: boolean;
  /** The policy in force is read from this ref. */
  readonly policyRef: boolean;
  /** What `check` found wrong with a value that stands where a tag object might: only a verified commit is a target. */
  readonly targetProblem?: TargetProblem | null;
  readonly override?: Override | null;
  readonly clock: JudgingClock;
}

/**
 * Judges the update of a ref as such, not the objects it brings: is the ref named, may it be rewound, moved or deleted,
 * may its value stand there. `updates` has no level and always denies; what `tags` asks follows that clause's level by
 * our clock, since a ref's movement has no date of its own. Exemptions do not reach refs.
 */
export function decideRef(input: RefInput): Decision {
  const { policy, ref, rules, policyRef, clock } = input;
  const findings: Finding[] = [];
  const deny = (objection: Objection | null, rule: string | null): void => {
    if (objection !== null) findings.push(findingOf(objection, rule, "error"));
  };
  if (input.approvals !== true) for (const objection of judgeUnmatched(policy, ref, rules)) deny(objection, null);
  deny(judgeRefValue(ref, input.new, input.newKind), null);
  if (input.symbolic) deny(judgeRefValue(input.symbolic, input.new, input.newKind), null);
  if (policyRef) for (const objection of judgePolicyRef(input, rules, clock.now)) deny(objection, null);
  for (const rule of rules) {
    deny(judgeUpdate(input, rule), rule.name);
    if (rule.tags === null) continue;
    const severity = isEnforced(rule.tags, clock.now) ? "error" : "warning";
    const moved = judgeTagUpdate(input, rule, rule.tags);
    const bare = isBareTag(input, rule);
    const lightweight = judgeLightweight(ref, bare, rule, rule.tags, clock);
    const target = bare ? judgeTagTarget(input.targetProblem ?? null, rule.tags) : null;
    if (moved !== null) findings.push(findingOf(moved, rule.name, severity));
    if (lightweight !== null) findings.push(findingOf(lightweight, rule.name, severity));
    if (target !== null) findings.push(findingOf(target, rule.name, severity));
  }
  const facts = { principal: null, rules: rules.map((rule) => rule.name), evidence: [], shown: null };
  return settle({ kind: "ref", oid: input.new, ref }, facts, findings, null, input.override ?? null);
}
