/** Signature subpackets (RFC 9580 §5.2.3.7): what a signature says about itself. */
import { toHex } from "../../encoding/hex.ts";
import type { Bytes, Seconds } from "../../model.ts";
import { longLength, type PacketReader } from "./packets.ts";

export interface Subpacket {
  readonly type: number;
  readonly critical: boolean;
  /** At its beginning until somebody has read it. */
  readonly body: PacketReader;
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
export function splitSubpackets(area: PacketReader): readonly Subpacket[] {
  const subpackets: Subpacket[] = [];
  while (area.left > 0) {
    const length = longLength(area, area.byte());
    if (length === 0) area.fail("has an empty subpacket");
    const type = area.byte();
    subpackets.push({ type: type & 0x7f, critical: type >= 0x80, body: area.part(length - 1) });
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
export function readHashedFacts(hashed: readonly Subpacket[]): HashedFacts {
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
        reason = firstOf(body);
        break;
      case SUBPACKET.revocationKey:
        // Class and algorithm stand before it.
        revokers.push(upperHex(body.rest().subarray(2)));
        break;
    }
  }
  return {
    created: secondsOf(created),
    // RFC 9580 §5.2.3.13 and §5.2.3.18: zero is never.
    lifetime: secondsOf(lifetime) || null,
    keyLifetime: secondsOf(keyLifetime) || null,
    keyFlags: flags === null ? null : (firstOf(flags.body) ?? 0),
    revocationReason: reasons === 1 ? reason : null,
    revokers,
    notUnderstood: critical === null ? null : describe(critical),
    repeats,
  };
}

function secondsOf(subpacket: Subpacket | null): Seconds | null {
  if (subpacket === null) return null;
  const value = subpacket.body.uint32();
  subpacket.body.end();
  return value;
}

const firstOf = (body: PacketReader): number | null => (body.left > 0 ? body.byte() : null);

const describe = ({ type }: Subpacket): string =>
  type === SUBPACKET.notation ? "a critical notation" : `a critical subpacket of type ${type}`;

/** Whom a signature names as its maker, in either area: hints that select candidates and prove nothing. */
export interface IssuerHints {
  readonly keyIds: readonly string[];
  /** With the version of the key that each belongs to. */
  readonly fingerprints: readonly { readonly version: number; readonly fingerprint: string }[];
}

/** @throws ParseError */
export function readIssuerHints(subpackets: readonly Subpacket[]): IssuerHints {
  const keyIds: string[] = [];
  const fingerprints: { version: number; fingerprint: string }[] = [];
  for (const { type, body } of subpackets) {
    if (type === SUBPACKET.issuerKeyId) {
      keyIds.push(body.hex(8).toUpperCase());
      body.end();
    } else if (type === SUBPACKET.issuerFingerprint) {
      const version = body.byte();
      const { left } = body;
      const fingerprint = body.hex(left).toUpperCase();
      if (left !== (version === 4 ? 20 : 32)) body.fail("has a malformed issuer fingerprint");
      fingerprints.push({ version, fingerprint });
    }
  }
  return { keyIds, fingerprints };
}

export const upperHex = (bytes: Bytes): string => toHex(bytes).toUpperCase();
