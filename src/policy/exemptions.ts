import type { Finding, ObjectId, VerdictCode } from "../model.ts";
import type { JudgingClock } from "./clock.ts";
import type { Exemption } from "./policy.ts";
import { bytesOf } from "./words.ts";

/** What no exemption forgives, whatever codes it lists. */
const UNFORGIVABLE: readonly VerdictCode[] = ["bad-signature", "malformed", "policy-change"];

/**
 * Turns forgiven errors into warnings that name the reason. `exemptions` are those that name this object or reach it;
 * one with another object's id is passed over. `until` ends when the object may newly arrive, not how long it stands.
 */
export function forgive(
  findings: readonly Finding[],
  exemptions: readonly Exemption[],
  oid: ObjectId,
  clock: JudgingClock,
): readonly Finding[] {
  const open = exemptions.filter(
    (exemption) =>
      exemption.key === null && (exemption.commit === null || exemption.commit === oid) && isOpen(exemption, clock),
  );
  return open.length === 0 ? findings : findings.map((finding) => forgiven(finding, open));
}

export const isOpen = ({ until }: Exemption, clock: JudgingClock): boolean =>
  until === null || clock.mode === "history" || clock.now < until;

function forgiven(finding: Finding, open: readonly Exemption[]): Finding {
  if (finding.severity !== "error" || UNFORGIVABLE.includes(finding.code)) return finding;
  const exemption = open.find(({ codes }) => codes.has(finding.code));
  if (exemption === undefined) return finding;
  const reason = bytesOf(exemption.reason).replace(/[\r\n]+/g, " ");
  return { ...finding, severity: "warning", message: `${finding.message} (exempt: ${reason})` };
}
