import type { Decision, Finding, ObjectId, SubjectRef } from "../model.ts";
import type { JudgingClock } from "./clock.ts";
import { forgive } from "./exemptions.ts";
import { orderFindings } from "./order.ts";
import { liftFindings, type Override } from "./override.ts";
import type { Exemption } from "./policy.ts";

type Facts = Omit<Decision, "subject" | "allow" | "exempt" | "findings">;
const NO_FINDINGS: readonly Finding[] = [];

/** Closes the case: forgives, lifts, orders, and allows exactly when no error is left. `findings` null: there were none. */
export function settle(
  subject: SubjectRef,
  facts: Facts,
  findings: readonly Finding[] | null,
  mercy: { readonly exemptions: readonly Exemption[]; readonly oid: ObjectId; readonly clock: JudgingClock } | null,
  override: Override | null = null,
): Decision {
  const { principal, rules, evidence, shown } = facts;
  if (findings === null) {
    return { subject, allow: true, exempt: false, principal, rules, evidence, findings: NO_FINDINGS, shown };
  }
  const judged = mercy === null ? findings : forgive(findings, mercy.exemptions, mercy.oid, mercy.clock);
  // Before repetitions go: of two rules that say the same the override may lift one.
  const lifted = override === null ? null : liftFindings(judged, override, subject);
  const left = lifted?.findings ?? judged;
  const allow = !left.some(isError);
  const exempt = allow && findings.some(isError);
  const decision = { subject, allow, exempt, principal, rules, evidence, findings: orderFindings(left), shown };
  return lifted === null || lifted.codes.length === 0 ? decision : { ...decision, lifted: lifted.codes };
}

const isError = (finding: Finding): boolean => finding.severity === "error";
