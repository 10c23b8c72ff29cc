import type { Decision, Evidence, Finding, ObjectId } from "../model.ts";
import type { JudgingClock } from "./clock.ts";
import { isOpen } from "./exemptions.ts";
import { orderFindings } from "./order.ts";
import type { Exemption } from "./policy.ts";
import { bytesOf } from "./words.ts";

/** The exemptions that may let stand what a compromised key signed: those that name a key, and this object or what reaches it. */
export function rescuesFor(
  evidence: readonly Evidence[],
  exemptions: readonly Exemption[],
  oid: ObjectId,
  clock: JudgingClock,
): readonly Exemption[] {
  if (exemptions.length === 0 || !evidence.some((one) => one.outcome === "refuted" && one.code === "key-revoked"))
    return [];
  return exemptions.filter(
    (exemption) => exemption.key !== null && (exemption.commit ?? oid) === oid && isOpen(exemption, clock),
  );
}

/** Says of a decision by evidence that was rescued that it was, and why. */
export function withRescue(decision: Decision, rescues: readonly Exemption[]): Decision {
  const signer = decision.evidence.find((one) => one.outcome === "verified")?.signer;
  const used = rescues.find(({ key }) => key === signer?.key.primary || key === signer?.key.fingerprint);
  if (signer === undefined || used === undefined) return decision;
  const reason = bytesOf(used.reason).replace(/[\r\n]+/g, " ");
  const finding: Finding = {
    code: "key-revoked",
    severity: "warning",
    rule: null,
    message: `signed by a key of ${signer.principal} that is compromised by now (exempt: ${reason})`,
  };
  return { ...decision, exempt: decision.allow, findings: orderFindings([...decision.findings, finding]) };
}
