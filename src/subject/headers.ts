import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm } from "../model.ts";

export type SignatureHeaderName = "gpgsig" | "gpgsig-sha256";

/** A signature header that was cut out of an object. */
export interface SignatureHeader {
  readonly name: SignatureHeaderName;
  /** Where it stood, as an offset into the payload. */
  readonly at: number;
  /** Its value with the space that marks each continuation line removed, final newline included. */
  readonly value: Bytes;
}

/** The bytes that were signed, and the signature headers that were cut out of them. */
export interface CutHeaders {
  readonly payload: Bytes;
  readonly headers: readonly SignatureHeader[];
  /** Offset in the raw object of the blank line that ends its headers; its length where there is none. */
  readonly headerEnd: number;
}

/** What `cutSignatureHeaders` may know of the object beforehand, and what it shall refuse. */
export interface CutOptions {
  /** Where to start: the headers above are known to be others. */
  readonly from?: number;
  /** Refuses more signature headers than this. */
  readonly limit?: number;
  /** Called for each header, before it is cut. */
  readonly check?: (line: number, isContinued: boolean) => void;
}

const LF = 0x0a;
const SPACE = 0x20;

/** The offset behind the line that starts at `from`. */
export function nextLine(raw: Buffer, from: number): number {
  const end = raw.indexOf(LF, from);
  return end === -1 ? raw.length : end + 1;
}

export function startsWithAt(raw: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (raw[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * `gpgsig` for sha1, `gpgsig-sha256` for sha256: the other one signs the same object as the other algorithm names it
 * (git, hash-function-transition, "Signed Commits").
 */
export function ownSignatureHeader(algorithm: HashAlgorithm): SignatureHeaderName {
  return algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256";
}

/**
 * Cuts both signature headers out of an object, wherever they stand above the first blank line. A line that starts
 * with a space belongs to the header above it, so that `gpgsig` inside a `mergetag` stays where it is. Git would also
 * drop every other header whose name starts with `gpgsig`; those stay in the payload, lest unsigned text hide there.
 *
 * @throws ParseError when there are more than `limit`, and what `check` throws.
 */
export function cutSignatureHeaders(raw: Buffer, options: CutOptions = {}): CutHeaders {
  const { from: start = 0, limit = Number.POSITIVE_INFINITY, check } = options;
  const { length } = raw;
  const ranges: { name: SignatureHeaderName; from: number; to: number }[] = [];
  let removed = 0;
  let line = start;
  while (line < length && raw[line] !== LF) {
    const second = nextLine(raw, line);
    let next = second;
    // A lone space that ends the object adds nothing to the value above it; it stays, so that nothing is lost.
    while (next < length - 1 && raw[next] === SPACE) next = nextLine(raw, next);
    check?.(line, next !== second);
    const name = signatureHeaderAt(raw, line);
    if (name !== null) {
      if (ranges.length >= limit) throw new ParseError("object", "has too many signature headers", line);
      ranges.push({ name, from: line, to: next });
      removed += next - line;
    }
    line = next;
  }
  if (ranges.length === 0) return { payload: raw, headers: [], headerEnd: line };

  const payload = Buffer.allocUnsafe(length - removed);
  const headers: SignatureHeader[] = [];
  let copied = 0;
  let at = 0;
  for (const { name, from, to } of ranges) {
    at += raw.copy(payload, at, copied, from);
    headers.push({ name, at, value: unfold(raw, from + name.length + 1, to) });
    copied = to;
  }
  raw.copy(payload, at, copied, length);
  return { payload, headers, headerEnd: line };
}

/** Inverse of `cutSignatureHeaders`, for every byte sequence. */
export function pasteSignatureHeaders(payload: Bytes, headers: readonly SignatureHeader[]): Bytes {
  const parts: Bytes[] = [];
  let copied = 0;
  for (const { name, at, value } of headers) {
    parts.push(payload.subarray(copied, at), Buffer.from(`${name} `), fold(value));
    copied = at;
  }
  return Buffer.concat([...parts, payload.subarray(copied)]);
}

function signatureHeaderAt(raw: Buffer, line: number): SignatureHeaderName | null {
  if (!startsWithAt(raw, line, "gpgsig")) return null;
  if (raw[line + 6] === SPACE) return "gpgsig";
  return startsWithAt(raw, line + 6, "-sha256 ") ? "gpgsig-sha256" : null;
}

/** Copies a header's value once, then closes the gaps that the spaces of continuation lines leave. */
function unfold(raw: Buffer, from: number, to: number): Bytes {
  const value = Buffer.allocUnsafe(to - from);
  raw.copy(value, 0, from, to);
  let end = nextLine(value, 0);
  let line = end + 1;
  while (line < value.length) {
    const next = nextLine(value, line);
    value.copyWithin(end, line, next);
    end += next - line;
    line = next + 1;
  }
  return value.subarray(0, end);
}

function fold(value: Bytes): Bytes {
  let lines = 0;
  for (let index = 0; index < value.length - 1; index++) if (value[index] === LF) lines++;
  const folded = Buffer.allocUnsafe(value.length + lines);
  let at = 0;
  for (let index = 0; index < value.length; index++) {
    const byte = value[index] ?? 0;
    folded[at++] = byte;
    if (byte === LF && index < value.length - 1) folded[at++] = SPACE;
  }
  return folded;
}
