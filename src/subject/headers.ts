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

const LF = 0x0a;
const SPACE = 0x20;

/** The offset behind the line that starts at `from`. */
export function nextLine(raw: Uint8Array, from: number): number {
  const { length } = raw;
  let at = from;
  while (at < length && raw[at] !== LF) at++;
  return at < length ? at + 1 : length;
}

export function startsWithAt(raw: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (raw[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * `gpgsig` for sha1, `gpgsig-sha256` for sha256: the other one signs the same commit as the other algorithm names it
 * (gitformat-signature(5), hash-function-transition).
 */
export function ownSignatureHeader(algorithm: HashAlgorithm): SignatureHeaderName {
  return algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256";
}

/**
 * Cuts both signature headers out of an object, wherever they stand above the first blank line. A line that starts
 * with a space belongs to the header above it, so that `gpgsig` inside a `mergetag` stays where it is. Git would also
 * drop every other header whose name starts with `gpgsig`; those stay in the payload, lest unsigned text hide there.
 *
 * @throws ParseError when there are more than `limit`.
 */
export function cutSignatureHeaders(raw: Buffer, limit = Number.POSITIVE_INFINITY): CutHeaders {
  const { length } = raw;
  const ranges: { name: SignatureHeaderName; from: number; to: number }[] = [];
  let removed = 0;
  let line = 0;
  while (line < length && raw[line] !== LF) {
    let next = nextLine(raw, line);
    // A lone space that ends the object adds nothing to the value above it; it stays, so that nothing is lost.
    while (next < length - 1 && raw[next] === SPACE) next = nextLine(raw, next);
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
  const parts: Uint8Array[] = [];
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

function unfold(raw: Buffer, from: number, to: number): Bytes {
  const value = Buffer.allocUnsafe(to - from);
  let at = 0;
  for (let index = from; index < to; index++) {
    const byte = raw[index] as number;
    value[at++] = byte;
    // Behind every line end but the last stands the space of a continuation line.
    if (byte === LF) index++;
  }
  return value.subarray(0, at);
}

function fold(value: Bytes): Bytes {
  let lines = 0;
  for (let index = 0; index < value.length - 1; index++) if (value[index] === LF) lines++;
  const folded = Buffer.allocUnsafe(value.length + lines);
  let at = 0;
  for (let index = 0; index < value.length; index++) {
    folded[at++] = value[index] as number;
    if (value[index] === LF && index < value.length - 1) folded[at++] = SPACE;
  }
  return folded;
}

/** What may stand below the fixed headers of an object; every other header may, any number of times. */
export interface HeaderRules {
  /** The fixed headers' names: a second or misplaced one gives two readers of one object two answers. */
  readonly never: ReadonlySet<string>;
  readonly once: ReadonlySet<string>;
}

/**
 * Refuses what no header may hold (git fsck: `nulInHeader`, `unterminatedHeader`), what breaks `rules` among the headers
 * between `from` and `headerEnd`, and a fixed header or `encoding` that goes on in another line.
 *
 * @throws ParseError
 */
export function checkHeaders(raw: Buffer, from: number, headerEnd: number, what: string, rules: HeaderRules): void {
  const nul = raw.indexOf(0);
  if (nul !== -1 && nul < headerEnd) throw new ParseError(what, "has a NUL byte in its header", nul);
  if (headerEnd === raw.length && raw[headerEnd - 1] !== LF) {
    throw new ParseError(what, "ends inside a header line", headerEnd);
  }
  const seen = new Set<string>();
  let mayGoOn = false;
  for (let line = from; line < headerEnd; line = nextLine(raw, line)) {
    if (raw[line] === SPACE) {
      if (!mayGoOn) throw new ParseError(what, "has a header continued where none may be", line);
      continue;
    }
    const name = headerName(raw, line);
    if (rules.never.has(name)) throw new ParseError(what, `has a second or misplaced "${name}" header`, line);
    if (rules.once.has(name)) {
      if (seen.has(name)) throw new ParseError(what, `has a second "${name}" header`, line);
      seen.add(name);
    }
    mayGoOn = name !== "encoding";
  }
}

const LONGEST_NAME = 16;

/** Longer names equal none that has rules. */
function headerName(raw: Buffer, line: number): string {
  let end = line;
  while (end - line <= LONGEST_NAME && end < raw.length && raw[end] !== SPACE && raw[end] !== LF) end++;
  return raw.toString("latin1", line, end);
}
