import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm, Identity, ObjectId, SignatureFormat } from "../model.ts";
import { nextLine, startsWithAt } from "./headers.ts";

const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const LESS = 0x3c;
const GREATER = 0x3e;
const ZERO = 0x30;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= 0x39;

/** Reads the fixed headers of one object from front to back; each method takes one whole line or throws. */
export class FieldReader {
  readonly #raw: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(raw: Buffer, what: string) {
    this.#raw = raw;
    this.#what = what;
  }

  /** Offset of the next line. */
  get offset(): number {
    return this.#at;
  }

  /** The next line is a `name` header. */
  has(name: string): boolean {
    return startsWithAt(this.#raw, this.#at, name) && this.#raw[this.#at + name.length] === SPACE;
  }

  objectId(name: string, algorithm: HashAlgorithm): ObjectId {
    const start = this.#start(name);
    const end = start + (algorithm === "sha1" ? 40 : 64);
    for (let at = start; at < end; at++) {
      const byte = this.#raw[at];
      if (!isDigit(byte) && !(byte !== undefined && byte >= 0x61 && byte <= 0x66)) {
        this.#fail(`has a malformed object id in its "${name}" header`, at);
      }
    }
    if (this.#raw[end] !== LF) this.#fail(`has a malformed object id in its "${name}" header`, end);
    this.#at = end + 1;
    return this.#text(start, end) as ObjectId;
  }

  /** The rest of the line, as latin-1 text. */
  text(name: string): string {
    const start = this.#start(name);
    const next = nextLine(this.#raw, start);
    this.#at = next;
    return this.#text(start, this.#raw[next - 1] === LF ? next - 1 : next);
  }

  /**
   * `name <email> seconds zone`, refused where git fsck calls it an error: readers disagree about two pairs of `<>`,
   * a missing date or one that overflows. An empty name and blanks before the date pass, as they do there.
   */
  identity(header: string): Identity {
    const raw = this.#raw;
    const start = this.#start(header);
    const open = this.#findAngle(start);
    if (raw[open] !== LESS) this.#fail(`has no e-mail in its "${header}" header`, open);
    if (open === start || raw[open - 1] !== SPACE)
      this.#fail(`has no space before the e-mail of its "${header}"`, open);
    const close = this.#findAngle(open + 1);
    if (raw[close] !== GREATER) this.#fail(`has an unfinished e-mail in its "${header}" header`, close);

    let at = close + 1;
    if (raw[at] !== SPACE) this.#fail(`has text between e-mail and date of its "${header}"`, at);
    while (raw[at] === SPACE || raw[at] === TAB) at++;
    if (raw[at] === ZERO && raw[at + 1] !== SPACE) this.#fail(`has a zero-padded date in its "${header}" header`, at);
    let seconds = 0;
    const date = at;
    while (isDigit(raw[at])) seconds = seconds * 10 + ((raw[at++] as number) - ZERO);
    if (at === date || raw[at] !== SPACE) this.#fail(`has no date in its "${header}" header`, at);
    if (seconds > Number.MAX_SAFE_INTEGER) this.#fail(`has a date that overflows in its "${header}" header`, date);

    const sign = raw[++at];
    const zone = isDigit(raw[at + 1]) && isDigit(raw[at + 2]) && isDigit(raw[at + 3]) && isDigit(raw[at + 4]);
    if ((sign !== 0x2b && sign !== 0x2d) || !zone || raw[at + 5] !== LF) {
      this.#fail(`has a malformed time zone in its "${header}" header`, at);
    }
    this.#at = at + 6;
    return { name: this.#text(start, open - 1), email: this.#text(open + 1, close), at: seconds };
  }

  /** The next `<`, `>` or line end, whichever comes first. */
  #findAngle(from: number): number {
    const raw = this.#raw;
    let at = from;
    while (at < raw.length && raw[at] !== LESS && raw[at] !== GREATER && raw[at] !== LF) at++;
    return at;
  }

  #start(name: string): number {
    if (!this.has(name)) this.#fail(`has no "${name}" header where it belongs`, this.#at);
    return this.#at + name.length + 1;
  }

  #text(start: number, end: number): string {
    return this.#raw.toString("latin1", start, end);
  }

  #fail(message: string, offset: number): never {
    throw new ParseError(this.#what, message, offset);
  }
}

const LONGEST_TITLE = 1024;

/** First line of the message that is not empty, at most 1 KiB of it. `from` is the blank line that ends the headers. */
export function titleOf(raw: Buffer, from: number, to: number): string {
  let start = from;
  while (start < to && raw[start] === LF) start++;
  let end = start;
  while (end < to && end - start < LONGEST_TITLE && raw[end] !== LF) end++;
  return raw.toString("latin1", start, end);
}

/** What git's gpg-interface.c takes for the start of a signature. */
export const SIGNATURE_MARKERS: readonly (readonly [string, SignatureFormat])[] = [
  ["-----BEGIN PGP SIGNATURE-----", "openpgp"],
  ["-----BEGIN SSH SIGNATURE-----", "ssh"],
  ["-----BEGIN SIGNED MESSAGE-----", "x509"],
  // An inline-signed message; git passes it to gpg, and the verifier refuses its label.
  ["-----BEGIN PGP MESSAGE-----", "openpgp"],
];

export function formatOf(signature: Bytes): SignatureFormat {
  for (const [marker, format] of SIGNATURE_MARKERS) if (startsWithAt(signature, 0, marker)) return format;
  return "unknown";
}
