/** Big-endian and little-endian numbers as bytes, compared and padded without arithmetic. */
import type { Bytes } from "../../model.ts";

/**
 * Numbers are stored without leading zeros, so one signature in 256 is a byte short (attacks 40, 83); verifiers want the
 * full length.
 *
 * @returns null where the number has more bytes than fit
 */
export function leftPad(number: Bytes, length: number): Bytes | null {
  if (number.length > length) return null;
  if (number.length === length) return number;
  const padded = Buffer.alloc(length);
  padded.set(number, length - number.length);
  return padded;
}

/** Whether 0 \< number \< limit; both big-endian, `number` without leading zeros. */
export function isBetweenZeroAnd(limit: Bytes, number: Bytes): boolean {
  if (number.length === 0) return false;
  const padded = leftPad(number, limit.length);
  return padded !== null && Buffer.compare(padded, limit) < 0;
}

/** Order of the Ed25519 group (RFC 8032 §5.1), little-endian. */
const ED25519_ORDER = Buffer.from("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", "hex");
/** Order of the Ed448 group (RFC 8032 §5.2), little-endian. */
const ED448_ORDER = Buffer.from(
  "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffffffffffffffffffffffffffffffffffffffffffffffffff3f00",
  "hex",
);

/**
 * Whether the second half S of an Ed25519 (64 bytes) or Ed448 (114 bytes) signature is below the order of the group.
 * S + L verifies too where nobody looks (libgcrypt 1.10): a twin of a signature, hence of an object (attack 39).
 */
export function isReducedEdwards(signature: Bytes): boolean {
  const order = signature.length === 64 ? ED25519_ORDER : ED448_ORDER;
  const half = signature.length / 2;
  for (let index = half - 1; index >= 0; index--) {
    const difference = (signature[half + index] ?? 0) - (order[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
