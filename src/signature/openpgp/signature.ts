/** The signature packet (RFC 9580 §5.2), versions 4 and 6. */
import type { Bytes } from "../../model.ts";
import { ALGORITHM, hashFacts } from "./algorithms.ts";
import { PacketReader } from "./packets.ts";
import { readHashedFacts, readIssuerHints, splitSubpackets, SUBPACKET } from "./subpackets.ts";
import type { HashedFacts, IssuerHints, Subpacket } from "./subpackets.ts";

/** RFC 9580 §5.2.1. */
export const SIGNATURE_TYPE = {
  document: 0x00,
  firstCertification: 0x10,
  lastCertification: 0x13,
  subkeyBinding: 0x18,
  primaryKeyBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const;

export interface OpenPgpSignature {
  readonly version: 4 | 6;
  readonly type: number;
  readonly publicKeyAlgorithm: number;
  readonly hashAlgorithm: number;
  /** First two bytes of the digest, in clear. */
  readonly digestPrefix: Bytes;
  /** Hashed before everything else; empty in version 4. */
  readonly salt: Bytes;
  /** The signature's numbers as its algorithm has them, without leading zeros; Ed25519 and Ed448: one block of fixed length. */
  readonly numbers: readonly Bytes[];
  readonly facts: HashedFacts;
  readonly issuers: IssuerHints;
  /** Bodies of embedded signatures, of both areas: a back-signature proves itself. */
  readonly embedded: readonly Bytes[];
  /** What is hashed behind the signed content (RFC 9580 §5.2.4). */
  readonly trailer: Bytes;
  readonly body: Bytes;
}

/** A version or shape of signature that is not read here: nothing is known to be wrong with it. */
export interface UnreadSignature {
  readonly unsupported: string;
}

const WHAT = "OpenPGP signature";
const NO_SALT: Bytes = new Uint8Array();

/**
 * Reads the body of a signature packet. Every byte is accounted for.
 *
 * @throws ParseError
 */
export function readSignature(body: Bytes): OpenPgpSignature | UnreadSignature {
  const reader = new PacketReader(body, WHAT);
  const version = reader.byte();
  // RFC 9580 §5.2: version 3 has no hashed area, version 5 is LibrePGP's.
  if (version !== 4 && version !== 6) return { unsupported: `signatures of version ${version} are not supported` };
  const type = reader.byte();
  const publicKeyAlgorithm = reader.byte();
  const hashAlgorithm = reader.byte();
  const areaLength = (): number => (version === 6 ? reader.uint32() : reader.uint16());
  const hashed = splitSubpackets(reader.part(areaLength()));
  const hashedLength = reader.offset;
  const unhashed = splitSubpackets(reader.part(areaLength()));
  const digestPrefix = reader.bytes(2);
  const salt = version === 6 ? reader.bytes(reader.byte()) : NO_SALT;
  if (version === 6 && salt.length !== hashFacts(hashAlgorithm)?.saltBytes) reader.fail("has a salt of the wrong size");
  const numbers = readNumbers(reader, publicKeyAlgorithm, version);
  if (numbers === null) return { unsupported: `public-key algorithm ${publicKeyAlgorithm} is not supported` };
  reader.end();
  const all: readonly Subpacket[] = unhashed.length === 0 ? hashed : [...hashed, ...unhashed];
  return {
    version,
    type,
    publicKeyAlgorithm,
    hashAlgorithm,
    digestPrefix,
    salt,
    numbers,
    facts: readHashedFacts(hashed),
    issuers: readIssuerHints(all),
    embedded: embeddedIn(all),
    trailer: trailer(version, body, hashedLength),
    body,
  };
}

function embeddedIn(subpackets: readonly Subpacket[]): readonly Bytes[] {
  const embedded: Bytes[] = [];
  for (const { type, body } of subpackets) if (type === SUBPACKET.embeddedSignature) embedded.push(body.rest());
  return embedded;
}

function readNumbers(reader: PacketReader, algorithm: number, version: 4 | 6): readonly Bytes[] | null {
  const mpi = (): Bytes => reader.mpi(version === 6);
  switch (algorithm) {
    case ALGORITHM.rsa:
    case ALGORITHM.rsaEncryptOnly:
    case ALGORITHM.rsaSignOnly:
      return [mpi()];
    case ALGORITHM.dsa:
    case ALGORITHM.ecdsa:
    case ALGORITHM.eddsa:
      return [mpi(), mpi()];
    case ALGORITHM.ed25519:
      return [reader.bytes(64)];
    case ALGORITHM.ed448:
      return [reader.bytes(114)];
    default:
      return null;
  }
}

function trailer(version: 4 | 6, body: Bytes, length: number): Bytes {
  const whole = Buffer.allocUnsafe(length + 6);
  for (let at = 0; at < length; at++) whole[at] = body[at] as number;
  whole[length] = version;
  whole[length + 1] = 0xff;
  for (let byte = 0; byte < 4; byte++) whole[length + 2 + byte] = length >>> (24 - 8 * byte);
  return whole;
}
