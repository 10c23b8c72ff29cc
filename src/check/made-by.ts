import type { Evidence, EvidenceCode } from "../model.ts";

/** Said of a key only once its signature was proven (signature/openpgp/verify.ts, signature/ssh/verify.ts). */
const OF_THE_KEY: ReadonlySet<EvidenceCode> = new Set([
  "key-expired",
  "key-not-yet-valid",
  "key-revoked",
  "key-retired",
  "key-invalid",
  "not-signing-capable",
  "signature-expired",
  "signature-in-future",
]);

/** Whether a key that was known alone made the signature, whatever is to be said of the key. */
export const isMadeByIt = (evidence: Evidence): boolean =>
  evidence.outcome === "verified" || (evidence.outcome === "refuted" && OF_THE_KEY.has(evidence.code));
