/** Signature subpackets (RFC 9580 §5.2.3.7): what a signature says about itself. */
import { toHex } from "../../encoding/hex.ts";
import type { Bytes, Seconds } from "../../model.ts";
import { PacketReader, longLength } from "./packets.ts";

export interface Subpacket {
  readonly type: number;
  readonly critical: boolean;
  readonly body: Bytes;
}

export const SUBPACKET = {
  created: 2,
  lifetime: 3,
  keyLifetime: 9,
  revocationKey: 12,
  issuerKeyId: 16,
  notation: 20,
  keyFlags: 27,
  revocationReason: 29,
  embeddedSignature: 32,
  issuerFingerprint: 33,
} as const;

/**
 * Types that may be critical because ignoring them loses nothing here or because they are honoured: all of RFC 9580
 * §5.2.3.7 but notations (20; we know no name), signature target (31) and intended recipient (35; a commit has none).
 */
const UNDERSTOOD = new Set([2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 39]);

/** @throws ParseError */
export function splitSubpackets(area: Bytes, what: string): readonly Subpacket[] {
  const reader = new PacketReader(area, what);
  const subpackets: Subpacket[] = [];
  while (reader.left > 0) {
    const length = longLength(reader, reader.byte());
    if (length === 0) reader.fail("has an empty subpacket");
    const type = reader.byte();
    subpackets.push({ type: type & 0x7f, critical: type >= 0x80, body: reader.bytes(length - 1) });
  }
  return subpackets;
}

/** What the hashed area says; nothing of the unhashed area is here, since anyone can rewrite that. */
export interface HashedFacts {
  readonly created: Seconds | null;
  /** Seconds after `created` at which the signature itself expires; null: never. */
  readonly lifetime: Seconds | null;
  /** Seconds after the key's creation at which the key expires; null: never. */
  readonly keyLifetime: Seconds | null;
  /** Null where none are given, which is not the same as none set. */
  readonly keyFlags: number | null;
  /** RFC 9580 §5.2.3.31; null where none, or several, are given. */
  readonly revocationReason: number | null;
  /** Fingerprints of keys that may revoke this one (RFC 9580 §5.2.3.23, deprecated). */
  readonly revokers: readonly string[];
  /** A critical subpacket that we do not understand (RFC 9580 §5.2.3.7), for messages; null where there is none. */
  readonly notUnderstood: string | null;
  /** A subpacket that says one thing is there twice. */
  readonly repeats: boolean;
}

/** @throws ParseError where a subpacket is not of its type's form */
export function readHashedFacts(hashed: readonly Subpacket[], what: string): HashedFacts {
  let created: Subpacket | null = null;
  let lifetime: Subpacket | null = null;
  let keyLifetime: Subpacket | null = null;
  let flags: Subpacket | null = null;
  let critical: Subpacket | null = null;
  let reason: number | null = null;
  let reasons = 0;
  let repeats = false;
  const revokers: string[] = [];
  for (const subpacket of hashed) {
    const { type, body } = subpacket;
    if (subpacket.critical && !UNDERSTOOD.has(type)) critical ??= subpacket;
    // Types that say one thing: said twice, readers disagree about which counts.
    switch (type) {
      case SUBPACKET.created:
        repeats ||= created !== null;
        created = subpacket;
        break;
      case SUBPACKET.lifetime:
        repeats ||= lifetime !== null;
        lifetime = subpacket;
        break;
      case SUBPACKET.keyLifetime:
        repeats ||= keyLifetime !== null;
        keyLifetime = subpacket;
        break;
      case SUBPACKET.keyFlags:
        repeats ||= flags !== null;
        flags = subpacket;
        break;
      case SUBPACKET.revocationReason:
        reasons += 1;
        reason = body[0] ?? null;
        break;
      case SUBPACKET.revocationKey:
        revokers.push(upperHex(body.subarray(2)));
        break;
    }
  }
  return {
    created: secondsOf(created, what),
    // RFC 9580 §5.2.3.13 and §5.2.3.18: zero is never.
    lifetime: secondsOf(lifetime, what) || null,
    keyLifetime: secondsOf(keyLifetime, what) || null,
    keyFlags: flags === null ? null : (flags.body[0] ?? 0),
    revocationReason: reasons === 1 ? reason : null,
    revokers,
    notUnderstood: critical === null ? null : describe(critical),
    repeats,
  };
}

function secondsOf(subpacket: Subpacket | null, what: string): Seconds | null {
  if (subpacket === null) return null;
  const reader = new PacketReader(subpacket.body, what);
  const value = reader.uint32();
  reader.end();
  return value;
}

const describe = ({ type }: Subpacket): string =>
  type === SUBPACKET.notation ? "a critical notation" : `a critical subpacket of type ${type}`;

/** Whom a signature names as its maker, in either area: hints that select candidates and prove nothing. */
export interface IssuerHints {
  readonly keyIds: readonly string[];
  /** With the version of the key that each belongs to. */
  readonly fingerprints: readonly { readonly version: number; readonly fingerprint: string }[];
}

/** @throws ParseError */
export function readIssuerHints(subpackets: readonly Subpacket[], what: string): IssuerHints {
  const keyIds: string[] = [];
  const fingerprints: { version: number; fingerprint: string }[] = [];
  for (const { type, body } of subpackets) {
    if (type === SUBPACKET.issuerKeyId) {
      const reader = new PacketReader(body, what);
      keyIds.push(upperHex(reader.bytes(8)));
      reader.end();
    } else if (type === SUBPACKET.issuerFingerprint) {
      const reader = new PacketReader(body, what);
      const version = reader.byte();
      const fingerprint = reader.rest();
      if (fingerprint.length !== (version === 4 ? 20 : 32)) reader.fail("has a malformed issuer fingerprint");
      fingerprints.push({ version, fingerprint: upperHex(fingerprint) });
    }
  }
  return { keyIds, fingerprints };
}

export const upperHex = (bytes: Bytes): string => toHex(bytes).toUpperCase();
