import type { AlgorithmPolicy, Fingerprint, KeyWindow, Seconds } from "../../model.ts";
import type { Reason } from "../times.ts";
import type { OpenPgpCertificate } from "./certificate.ts";

/**
 * Why the certificate (or, with `fingerprint`, that key of it) cannot make a good signature at `now`; null where it can.
 */
export function problemsToday(
  certificate: OpenPgpCertificate,
  window: KeyWindow,
  algorithms: AlgorithmPolicy,
  now: Seconds,
  fingerprint?: Fingerprint,
): Promise<Reason | null> {
  return Promise.reject(
    new Error(
      `not built yet: ${certificate.bits} ${typeof window} ${algorithms.rsaBits} ${now} ${String(fingerprint)}`,
    ),
  );
}

/** The keys that claim to sign, the primary key among them where it does. By structure only: nothing is verified. */
export function signingKeys(
  certificate: OpenPgpCertificate,
): readonly { readonly fingerprint: Fingerprint; readonly keyId: string }[] {
  return certificate.keys;
}
