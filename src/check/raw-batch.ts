import type { KeyObject } from "node:crypto";
import { asBuffer } from "../encoding/bytes.ts";
import type { RawCheck } from "../signature/raw.ts";

/** What one thread sends another: many checks in one piece of memory, which changes hands instead of being copied. */
export interface RawBatch {
  readonly bytes: ArrayBuffer;
  readonly count: number;
  /** Keys that this thread has not been sent before; they are numbered in the order in which they came. */
  readonly keys: readonly KeyObject[];
}

/** One byte a check, in the order asked: 1 for a signature that stands. */
export type RawAnswers = Uint8Array;

const HASHES = [null, "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-512", "md5", "ripemd160"];
/** Number of the key, number of the hash, length of the signature, length of the message: 32 bits each. */
const HEAD = 16;

const sizeOf = ({ message, signature }: RawCheck): number => HEAD + message.length + signature.length;

/** Whether a check can be sent at all: nothing of it may be unknown to the other side. */
export const isPackable = ({ hash }: RawCheck): boolean => HASHES.includes(hash);

/** `numberOf` gives a key's number at the thread the batch is meant for. */
export function packBatch(
  checks: readonly RawCheck[],
  numberOf: (key: KeyObject) => number,
): { readonly bytes: ArrayBuffer; readonly count: number } {
  const bytes = new ArrayBuffer(checks.reduce((sum, check) => sum + sizeOf(check), 0));
  const view = new DataView(bytes);
  const target = new Uint8Array(bytes);
  let at = 0;
  for (const { key, hash, message, signature } of checks) {
    view.setUint32(at, numberOf(key));
    view.setUint32(at + 4, HASHES.indexOf(hash));
    view.setUint32(at + 8, signature.length);
    view.setUint32(at + 12, message.length);
    target.set(signature, at + HEAD);
    target.set(message, at + HEAD + signature.length);
    at += HEAD + signature.length + message.length;
  }
  return { bytes, count: checks.length };
}

/**
 * Inverse of `packBatch`.
 *
 * @throws RangeError, Error where the two sides disagree: then nothing that either says can be believed
 */
export function* unpackBatch(
  { bytes, count }: Pick<RawBatch, "bytes" | "count">,
  keys: readonly KeyObject[],
): Generator<RawCheck> {
  const view = new DataView(bytes);
  const whole = asBuffer(new Uint8Array(bytes));
  let at = 0;
  for (let index = 0; index < count; index++) {
    const key = keys[view.getUint32(at)];
    const hash = HASHES[view.getUint32(at + 4)];
    const middle = at + HEAD + view.getUint32(at + 8);
    const end = middle + view.getUint32(at + 12);
    if (key === undefined || hash === undefined || end > whole.length) throw new Error("a batch of checks is garbled");
    yield { key, hash, signature: whole.subarray(at + HEAD, middle), message: whole.subarray(middle, end) };
    at = end;
  }
  if (at !== whole.length) throw new Error("a batch of checks is garbled");
}
