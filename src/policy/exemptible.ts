import type { VerdictCode } from "../model.ts";

type NeverForgiven = "bad-signature" | "malformed" | "policy-change";

/** Complete by its type: a code of the model that is missing here does not compile. */
const EXEMPTIBLE: Readonly<Record<Exclude<VerdictCode, NeverForgiven>, true>> = {
  unsigned: true,
  "unknown-key": true,
  "key-expired": true,
  "key-not-yet-valid": true,
  "key-revoked": true,
  "key-retired": true,
  "key-invalid": true,
  "not-signing-capable": true,
  "signature-expired": true,
  "signature-in-future": true,
  "weak-algorithm": true,
  "identity-mismatch": true,
  "wrong-namespace": true,
  "wrong-signature-type": true,
  "multiple-signatures": true,
  unsupported: true,
  "cert-invalid": true,
  "user-presence-missing": true,
  "signer-not-permitted": true,
  "threshold-unmet": true,
  "tag-name-mismatch": true,
  "lightweight-tag": true,
  "unsigned-tag": true,
  "tag-target": true,
  "ref-rollback": true,
  "ref-deletion": true,
  "ref-unmatched": true,
  "replaced-object": true,
  "policy-missing": true,
  "shallow-history": true,
  "missing-object": true,
  "bad-input": true,
  "resource-limit": true,
};

/** What an exemption may forgive. A signature that is wrong, bytes that mean two things and the policy itself: never. */
export const NEVER_EXEMPT: readonly NeverForgiven[] = ["bad-signature", "malformed", "policy-change"];

export type ExemptibleCode = keyof typeof EXEMPTIBLE;

export const EXEMPTIBLE_CODES = Object.keys(EXEMPTIBLE) as [ExemptibleCode, ...ExemptibleCode[]];

/** What an exemption forgives that names no codes. */
export const DEFAULT_EXEMPT_CODES: readonly ExemptibleCode[] = ["unsigned", "unknown-key"];
