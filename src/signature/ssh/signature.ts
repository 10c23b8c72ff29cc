/** The signature blob inside an SSHSIG or a certificate: which algorithm made it, and its numbers as node:crypto takes them. */
import { concatBytes } from "../../encoding/bytes.ts";
import { SshReader } from "../../encoding/ssh-wire.ts";
import { ParseError } from "../../errors.ts";
import type { AlgorithmPolicy, Bytes } from "../../model.ts";
import type { Reason } from "../times.ts";
import { isDsa } from "./algorithms.ts";
import type { Curve } from "./algorithms.ts";
import type { SshPublicKey } from "./key.ts";
import { isEd25519Scalar, padLeft, readUnsigned, toBigInt } from "./numbers.ts";

/** What a FIDO authenticator vouches for in a signature; both bytes are part of what it signed. */
export interface Presence {
  readonly flags: number;
  readonly counter: number;
}

export interface SshSignature {
  readonly raw: Bytes;
  /** The hash the signature algorithm applies to the message; Ed25519 has its own. */
  readonly hash: "sha256" | "sha384" | "sha512" | null;
  readonly presence: Presence | null;
}

const RSA_HASH = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" } as const;

/**
 * Reads the signature blob that `key` is said to have made. Structure, ranges and the fit of algorithm and key are
 * checked; nothing is verified yet.
 *
 * @returns the signature, or why no such signature can stand
 * @throws ParseError when the blob is malformed or made for another type of key
 */
export function readSshSignature(
  blob: Bytes,
  key: SshPublicKey,
  algorithms: AlgorithmPolicy,
  what = "SSH signature",
): SshSignature | Reason {
  const reader = new SshReader(blob, what);
  const format = reader.text();
  if (format === "ssh-rsa") return { code: "weak-algorithm", detail: "an RSA signature over SHA-1 (ssh-rsa)" };
  if (isDsa(format)) return { code: "weak-algorithm", detail: "a DSA signature" };
  if (!key.shape.signatures.includes(format)) {
    if (format.startsWith("webauthn-")) return { code: "unsupported", detail: "a WebAuthn signature" };
    throw new ParseError(what, `the signature's algorithm does not fit its ${key.algorithm} key`);
  }
  const signature = readRaw(reader, format, key, what);
  reader.end();
  if (signature !== null && key.shape.family === "rsa" && !algorithms.hashes.some((hash) => hash === signature.hash)) {
    return { code: "weak-algorithm", detail: `${format} uses a hash that the policy does not allow` };
  }
  return signature ?? { code: "bad-signature", detail: "a number of the signature is out of range" };
}

/** Null when a number is outside the range in which a signature can verify. */
function readRaw(reader: SshReader, format: string, key: SshPublicKey, what: string): SshSignature | null {
  const { shape } = key;
  const numbers = reader.string();
  // PROTOCOL.u2f: flags and counter stand behind the numbers.
  const presence = shape.hardware ? { flags: reader.byte(), counter: reader.uint32() } : null;
  switch (shape.family) {
    case "ed25519":
      if (numbers.length !== 64) throw new ParseError(what, "an Ed25519 signature is 64 bytes");
      return isEd25519Scalar(numbers.subarray(32)) ? { raw: numbers, hash: null, presence } : null;
    case "ecdsa": {
      const raw = readEcdsa(numbers, shape.curve, what);
      return raw === null ? null : { raw, hash: shape.curve.hash, presence };
    }
    case "rsa": {
      const hash = RSA_HASH[format as keyof typeof RSA_HASH];
      const length = Math.ceil(key.bits / 8);
      // RFC 8332 §3 wants the full length; agents that strip leading zeros (1 signature in 256) are common.
      if (numbers.length > length) throw new ParseError(what, "an RSA signature longer than its key");
      if (numbers.length < length && (numbers.length === 0 || numbers[0] === 0)) {
        throw new ParseError(what, "an RSA signature shorter than its key");
      }
      const raw = padLeft(numbers, length);
      return toBigInt(raw) < toBigInt(Buffer.from(key.jwk.n ?? "", "base64url")) ? { raw, hash, presence } : null;
    }
  }
}

/** r and s as two numbers of fixed length (IEEE P1363), or null where one is 0 or not below the order (CVE-2022-21449). */
function readEcdsa(numbers: Bytes, curve: Curve, what: string): Bytes | null {
  const reader = new SshReader(numbers, what);
  const r = readUnsigned(reader.string(), what);
  const s = readUnsigned(reader.string(), what);
  reader.end();
  for (const number of [r, s]) {
    if (number.length > curve.bytes) return null;
    const value = toBigInt(number);
    if (value === 0n || value >= curve.order) return null;
  }
  return concatBytes(padLeft(r, curve.bytes), padLeft(s, curve.bytes));
}
