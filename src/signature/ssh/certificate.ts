/** OpenSSH certificates (PROTOCOL.certkeys): a CA's word that a key belongs to some names for some time. */
import { SshReader } from "../../encoding/ssh-wire.ts";
import { ParseError } from "../../errors.ts";
import type { Bytes, Seconds } from "../../model.ts";
import type { Reason } from "../times.ts";
import { certifiedShape } from "./algorithms.ts";
import { readKeyFields, readSshPublicKey } from "./key.ts";
import type { SshPublicKey } from "./key.ts";

const WHAT = "SSH certificate";
const USER_CERTIFICATE = 1;

export interface SshCertificate {
  /** The certified key, as the plain key it is. */
  readonly key: SshPublicKey;
  readonly role: number;
  /** Names the CA vouches for, latin-1. */
  readonly principals: readonly string[];
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly CriticalOption[];
  readonly authority: SshPublicKey;
  /** Everything before the CA's signature: what the CA signed. */
  readonly signedBytes: Bytes;
  readonly signature: Bytes;
}

interface CriticalOption {
  readonly name: string;
  readonly value: Bytes;
}

/**
 * Reads a certificate in wire form. Structure only: the CA's signature, names and dates are not judged.
 *
 * @throws ParseError when it is malformed, of an unknown type, or issued by another certificate
 */
export function readSshCertificate(blob: Bytes): SshCertificate {
  const reader = new SshReader(blob, WHAT);
  const shape = certifiedShape(reader.text());
  if (shape === null) throw new ParseError(WHAT, "of no type that signpolicy knows");
  reader.string(); // nonce
  const key = readKeyFields(reader, shape, WHAT);
  reader.uint64(); // serial
  const role = reader.uint32();
  reader.string(); // key id: free text
  const principals = readAll(reader.string(), (names) => names.text());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const readOption = (options: SshReader): CriticalOption => ({ name: options.text(), value: options.string() });
  const criticalOptions = readAll(reader.string(), readOption);
  readAll(reader.string(), readOption); // extensions: what is not critical restricts nothing
  reader.string(); // reserved; under the CA's signature
  // PROTOCOL.certkeys: chained certificates are not supported, "a CA key may not be a certificate".
  const authority = readSshPublicKey(reader.string(), `${WHAT}'s CA key`);
  const signedBytes = blob.subarray(0, reader.offset);
  const signature = reader.string();
  reader.end();
  return {
    key,
    role,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    authority,
    signedBytes,
    signature,
  };
}

function readAll<T>(packed: Bytes, read: (reader: SshReader) => T): T[] {
  const reader = new SshReader(packed, WHAT);
  const all: T[] = [];
  while (!reader.atEnd) all.push(read(reader));
  return all;
}

const invalid = (detail: string): Reason => ({ code: "cert-invalid", detail });

/**
 * What, apart from its dates, keeps a certificate from vouching for a signer called one of `names`; null when nothing
 * does. `verify-required` is left to `requiresVerification`.
 */
export function certificateProblem(certificate: SshCertificate): Reason | null {
  if (certificate.role !== USER_CERTIFICATE) return invalid("not a user certificate");
  // No principals once meant every name there is (CVE-2024-7594).
  if (certificate.principals.length === 0) return invalid("the certificate names nobody");
  // PROTOCOL.certkeys: an option that is not understood refuses the certificate. `force-command` and `source-address`
  // restrict logins; a certificate made for those was not made for signing.
  for (const { name, value } of certificate.criticalOptions) {
    if (name !== VERIFY_REQUIRED) return invalid("the certificate has a critical option that makes no sense here");
    if (value.length > 0) return invalid("the certificate's verify-required option is malformed");
  }
  if (new Set(certificate.criticalOptions.map(({ name }) => name)).size < certificate.criticalOptions.length) {
    return invalid("the certificate repeats a critical option");
  }
  if (requiresVerification(certificate) && !certificate.key.shape.hardware) {
    return invalid("the certificate demands user verification of a key that cannot tell");
  }
  return null;
}

const VERIFY_REQUIRED = "verify-required";

/** The CA demands that the authenticator knows who touches it (PIN or biometrics). */
export function requiresVerification({ criticalOptions }: SshCertificate): boolean {
  return criticalOptions.some(({ name }) => name === VERIFY_REQUIRED);
}

/** Byte for byte, unlike the patterns of OpenSSH's allowed_signers; `names` are latin-1 text of the policy's bytes, too. */
export function namesOneOf({ principals }: SshCertificate, names: readonly string[]): boolean {
  return names.some((name) => name !== "" && principals.includes(name));
}

/** `valid_after` is inclusive, `valid_before` exclusive. */
export function datesProblem({ validAfter, validBefore }: SshCertificate, at: Seconds, when: string): Reason | null {
  const moment = BigInt(Math.floor(at));
  if (moment < validAfter) return invalid(`the certificate was not yet valid ${when}`);
  if (moment >= validBefore) return invalid(`the certificate had expired ${when}`);
  return null;
}
