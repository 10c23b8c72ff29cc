import type { Finding, VerdictCode } from "../model.ts";

/**
 * The order of findings: errors before warnings, then this list, then the policy's order of rules. So `findings[0]` is
 * the primary cause: first what kept us from judging at all, then the ref, then the signature, its key, its time, its
 * signer, the identity, the name and target of a tag, and last what the change itself would need.
 */
export const CODE_ORDER: readonly VerdictCode[] = [
  "bad-input",
  "policy-missing",
  "shallow-history",
  "resource-limit",
  "missing-object",
  "malformed",
  "replaced-object",
  "ref-unmatched",
  "ref-deletion",
  "ref-rollback",
  "lightweight-tag",
  "multiple-signatures",
  "unsupported",
  "unsigned",
  "unsigned-tag",
  "bad-signature",
  "unknown-key",
  "wrong-namespace",
  "wrong-signature-type",
  "weak-algorithm",
  "user-presence-missing",
  "cert-invalid",
  "key-revoked",
  "key-invalid",
  "not-signing-capable",
  "key-not-yet-valid",
  "key-retired",
  "key-expired",
  "signature-expired",
  "signature-in-future",
  "signer-not-permitted",
  "threshold-unmet",
  "identity-mismatch",
  "tag-name-mismatch",
  "tag-target",
  "policy-change",
];

/** Sorts by cause and drops repetitions: the same code and words from several rules count once, at their strictest. */
export function orderFindings(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length < 2) return findings;
  const sorted = findings.toSorted((a, b) => weight(a) - weight(b));
  return sorted.filter(
    (finding, at) => sorted.findIndex((f) => f.code === finding.code && f.message === finding.message) === at,
  );
}

const weight = (finding: Finding): number =>
  (finding.severity === "error" ? 0 : CODE_ORDER.length) + CODE_ORDER.indexOf(finding.code);
