import { KeyError } from "../../errors.ts";
import type { Bytes, Fingerprint } from "../../model.ts";

/** A key or subkey of a certificate. */
export interface OpenPgpKey {
  readonly fingerprint: Fingerprint;
  /** 16 upper-case hexadecimal digits. */
  readonly keyId: string;
  /** `ed25519`, `rsa`, `ecdsa-p256`, … */
  readonly algorithm: string;
  readonly bits: number;
}

/** One OpenPGP certificate, by structure only: no self-signature in it has been verified. */
export interface OpenPgpCertificate {
  /** Of the primary key. */
  readonly fingerprint: Fingerprint;
  readonly algorithm: string;
  readonly bits: number;
  /** The primary key first. */
  readonly keys: readonly OpenPgpKey[];
  /** As latin-1 text; anyone can claim anything here. */
  readonly userIds: readonly string[];
}

/**
 * Reads one certificate, armored or binary.
 *
 * @throws KeyError when it is malformed, or holds no certificate, two of them, or secret key material
 */
export function readCertificate(input: Bytes): OpenPgpCertificate {
  throw new KeyError(`not built yet: ${input.length}`);
}
