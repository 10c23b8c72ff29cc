/** Numbers inside SSH keys and signatures, each with exactly one accepted encoding: what has two makes twin objects. */
import { toHex } from "../../encoding/hex.ts";
import { ParseError } from "../../errors.ts";
import type { Bytes } from "../../model.ts";

/**
 * The unsigned big-endian bytes of an mpint (RFC 4251 §5) without its sign byte. OpenSSH skips needless leading zeros;
 * here they are malformed.
 *
 * @throws ParseError for a negative number or a longer encoding than needed
 */
export function readUnsigned(mpint: Bytes, what: string): Bytes {
  const [first = 0, second = 0] = mpint;
  if (first >= 0x80) throw new ParseError(what, "a negative number");
  if (mpint.length > 0 && first === 0) {
    if (second < 0x80) throw new ParseError(what, "a number with needless leading zeros");
    return mpint.subarray(1);
  }
  return mpint;
}

/** Bits of an unsigned big-endian number without leading zero bytes. */
export function bitLength(number: Bytes): number {
  const [first] = number;
  return first === undefined ? 0 : number.length * 8 - Math.clz32(first) + 24;
}

export function toBigInt(bytes: Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** Left-pads an unsigned big-endian number to `length` bytes; the caller has checked that it fits. */
export function padLeft(number: Bytes, length: number): Bytes {
  if (number.length === length) return number;
  const padded = new Uint8Array(length);
  padded.set(number, length - number.length);
  return padded;
}

const littleEndian = (bytes: Bytes): bigint => toBigInt(Uint8Array.from(bytes).reverse());

const ED25519_FIELD = (1n << 255n) - 19n;
const ED25519_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

/** RFC 8032 §5.1.7: S is below the group order; libgcrypt and OpenSSH 9.2 take S + L for S. */
export function isEd25519Scalar(s: Bytes): boolean {
  // The order is a little above 2^252, and nearly every S below that.
  return (s.length === 32 && (s[31] ?? 0xff) < 0x10) || littleEndian(s) < ED25519_ORDER;
}

// y of the points whose order divides 8: 0, ±1 and the four of order 8 (two values of y, two signs of x).
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  ED25519_FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/** Points of small order, for which anybody makes signatures, and second encodings of a point (y ≥ p). */
export function isWeakEd25519Point(point: Bytes): boolean {
  const y = littleEndian(point) & ((1n << 255n) - 1n);
  return y >= ED25519_FIELD || SMALL_ORDER.has(y);
}
