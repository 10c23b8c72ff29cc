/** The one place where SSH signatures meet the platform's verifier. */
import { createHash, verify } from "node:crypto";
import type { VerifyKeyObjectInput } from "node:crypto";
import { concatBytes } from "../../encoding/bytes.ts";
import type { Bytes } from "../../model.ts";
import { keyObject } from "./key.ts";
import type { SshPublicKey } from "./key.ts";
import type { Presence, SshSignature } from "./signature.ts";

/**
 * True exactly when `key` made `signature` over `message`. Says nothing about presence, validity or trust.
 * Runs in the thread pool (callback form), so that many in flight use every core.
 *
 * @throws ParseError when the key itself is unusable
 */
export async function proveSignature(key: SshPublicKey, signature: SshSignature, message: Bytes): Promise<boolean> {
  const { raw, presence } = signature;
  const data = presence === null ? message : authenticatorData(key, presence, message);
  const input: VerifyKeyObjectInput = { key: keyObject(key), dsaEncoding: "ieee-p1363" };
  return new Promise((resolve) => {
    // A signature that OpenSSL cannot even try is no signature by this key.
    verify(signature.hash, data, input, raw, (error, ok) => resolve(error === null && ok));
  });
}

/** PROTOCOL.u2f, "SSH U2F Signatures": what the authenticator signs in place of the message. */
function authenticatorData(key: SshPublicKey, { flags, counter }: Presence, message: Bytes): Bytes {
  const claims = new Uint8Array(5);
  claims[0] = flags;
  new DataView(claims.buffer).setUint32(1, counter);
  return concatBytes(sha256(key.application ?? new Uint8Array()), claims, sha256(message));
}

const sha256 = (bytes: Bytes): Bytes => createHash("sha256").update(bytes).digest();

// WebAuthn level 2 §6.1: bits of the flags byte.
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

/** Somebody touched the authenticator; `ssh-keygen -Y verify` does not look. */
export const userPresent = ({ flags }: Presence): boolean => (flags & USER_PRESENT) !== 0;

/** The authenticator knew who touched it, by PIN or biometrics. */
export const userVerified = ({ flags }: Presence): boolean => (flags & USER_VERIFIED) !== 0;
