/** Does an SSH signature stand, as a matter of arithmetic? */
import { concatBytes } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import type { Bytes } from "../../model.ts";
import type { RawVerifier } from "../raw.ts";
import { keyObject } from "./key.ts";
import type { SshPublicKey } from "./key.ts";
import type { Presence, SshSignature } from "./signature.ts";

/**
 * True exactly when `key` made `signature` over `message`. Says nothing about presence, validity or trust.
 *
 * @throws ParseError when the key itself is unusable
 */
export function proveSignature(
  key: SshPublicKey,
  { raw: number, hash, presence }: SshSignature,
  message: Bytes,
  raw: RawVerifier,
): Promise<boolean> {
  const data = presence === null ? message : authenticatorData(key, presence, message);
  return raw({ key: keyObject(key), hash, message: data, signature: number });
}

/** PROTOCOL.u2f, "SSH U2F Signatures": what the authenticator signs in place of the message. */
function authenticatorData(key: SshPublicKey, { flags, counter }: Presence, message: Bytes): Bytes {
  const claims = new Uint8Array(5);
  claims[0] = flags;
  new DataView(claims.buffer).setUint32(1, counter);
  return concatBytes(sha256(key.application ?? new Uint8Array()), claims, sha256(message));
}

const sha256 = (bytes: Bytes): Bytes => digestBytes("sha256", bytes);

// WebAuthn level 2 §6.1: bits of the flags byte.
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

/** Somebody touched the authenticator; `ssh-keygen -Y verify` does not look. */
export const userPresent = ({ flags }: Presence): boolean => (flags & USER_PRESENT) !== 0;

/** The authenticator knew who touched it, by PIN or biometrics. */
export const userVerified = ({ flags }: Presence): boolean => (flags & USER_VERIFIED) !== 0;
