import { asBuffer } from "../encoding/bytes.ts";
import { isZeroId, parseObjectId, parseRefName } from "../encoding/identifiers.ts";
import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm, ObjectId, RefName, Seconds, Signed } from "../model.ts";
import { SIGNATURE_MARKERS, formatOf } from "./fields.ts";
import { nextLine, startsWithAt } from "./headers.ts";

/** One ref that the signer moves; null for a ref that does not exist before or after. */
export interface CertifiedUpdate {
  readonly ref: RefName;
  readonly old: ObjectId | null;
  readonly new: ObjectId | null;
}

/** What somebody signed with `git push --signed`. All text is latin-1 text of bytes, and the signer's word. */
export interface PushCertificate extends Signed {
  /** Whom the signer calls himself: an identity, a key id or a fingerprint. */
  readonly pusher: string;
  readonly at: Seconds;
  /** The URL that he pushed to, as his clone spells it; null where he names none. */
  readonly pushee: string | null;
  readonly nonce: string | null;
  readonly options: readonly string[];
  readonly updates: readonly CertifiedUpdate[];
}

const VERSION = "certificate version 0.1";
const WHAT = "push certificate";

/**
 * Parses a push certificate (gitprotocol-pack(5), "push-cert"; send-pack.c, `generate_push_cert`): version, `pusher`,
 * perhaps `pushee`, `nonce` and `push-option` lines, in this order, a blank line, an `old new ref` line for each ref, the
 * signature. Stricter than receive-pack.c, which searches for the lines it wants and takes the last armor for the
 * signature: any other line, another order, a line twice or a ref twice is refused, and the signature is all that
 * follows the first line that begins one.
 *
 * Nothing is verified when it returns: neither the signature, nor the nonce, nor that the refs are those of a push.
 *
 * @throws ParseError (`ERR_PARSE`) naming what is wrong and where
 */
export function parsePushCertificate(raw: Bytes, algorithm: HashAlgorithm): PushCertificate {
  const lines = new Lines(asBuffer(raw));
  if (lines.take() !== VERSION) lines.fail("does not begin as version 0.1 does");
  const { who, at } = parsePusher(lines);
  const pushee = lines.header("pushee");
  const nonce = lines.header("nonce");
  const options: string[] = [];
  for (let option = lines.header("push-option"); option !== null; option = lines.header("push-option")) {
    options.push(option);
  }
  if (lines.take() !== "") lines.fail("has a header that no certificate has there");
  const updates: CertifiedUpdate[] = [];
  const named = new Set<RefName>();
  while (!lines.ended && !lines.isSignature) {
    const update = parseUpdate(lines, algorithm);
    if (named.has(update.ref)) lines.fail("names a ref twice");
    named.add(update.ref);
    updates.push(update);
  }
  if (updates.length === 0) lines.fail("names no ref");
  const signature = lines.rest();
  const signatures = signature.length === 0 ? [] : [{ format: formatOf(signature), bytes: signature }];
  const payload = raw.subarray(0, raw.length - signature.length);
  return { payload, signatures, pusher: who, at, pushee, nonce, options, updates };
}

/** `pusher SP name SP+ seconds SP zone`; the name may be anything that holds no line end. */
function parsePusher(lines: Lines): { readonly who: string; readonly at: Seconds } {
  const text = lines.header("pusher") ?? lines.fail("has no pusher");
  // Read from its end, and blanks counted down: a pattern for both would take the square of a line's length, of any length.
  const [, name = "", seconds] = /^(.*) (0|[1-9][0-9]{0,14}) [+-][0-9]{4}$/s.exec(text) ?? lines.fail("has no date");
  let end = name.length;
  while (name[end - 1] === " ") end -= 1;
  return { who: name.slice(0, end), at: Number(seconds) };
}

function parseUpdate(lines: Lines, algorithm: HashAlgorithm): CertifiedUpdate {
  const [, from, to, ref] = /^([0-9a-f]+) ([0-9a-f]+) (.+)$/s.exec(lines.take()) ?? lines.fail("has an odd line");
  const value = (id: string | undefined): ObjectId | null => {
    const oid = parseObjectId(id ?? "", algorithm);
    return isZeroId(oid) ? null : oid;
  };
  return { ref: parseRefName(ref ?? ""), old: value(from), new: value(to) };
}

class Lines {
  readonly #raw: Buffer;
  #at = 0;
  #line = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  get ended(): boolean {
    return this.#at >= this.#raw.length;
  }

  get isSignature(): boolean {
    return SIGNATURE_MARKERS.some(([marker]) => startsWithAt(this.#raw, this.#at, marker));
  }

  /** The next line without its line end, which every line has. */
  take(): string {
    const from = this.#at;
    const next = nextLine(this.#raw, from);
    if (next === from || this.#raw[next - 1] !== 0x0a) this.fail("is cut off");
    this.#line = from;
    this.#at = next;
    const text = this.#raw.toString("latin1", from, next - 1);
    // What ends a line for one reader and not for another would let two of them see different refs.
    if (/[\0\r]/.test(text)) this.fail("holds a NUL or carriage return");
    return text;
  }

  /** The next line's value where it is this header, else null. */
  header(name: string): string | null {
    return startsWithAt(this.#raw, this.#at, `${name} `) ? this.take().slice(name.length + 1) : null;
  }

  rest(): Buffer {
    return this.#raw.subarray(this.#at);
  }

  fail(message: string): never {
    throw new ParseError(WHAT, message, this.#line);
  }
}
