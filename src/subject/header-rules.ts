import { ParseError } from "../errors.ts";

/** What may stand below the fixed headers of an object; every other header may, any number of times. */
export interface HeaderRules {
  /** The object's kind, for errors. */
  readonly what: string;
  /** The fixed headers' names: a second or misplaced one gives two readers of one object two answers. */
  readonly never: readonly string[];
  readonly once: readonly string[];
}

const LF = 0x0a;
const SPACE = 0x20;
const LONGEST_NAME = 16;

/**
 * A check of the headers that follow the fixed ones, called with each in order, as `cutSignatureHeaders` does.
 * Besides `rules` it refuses an `encoding` that goes on in another line.
 *
 * @throws ParseError
 */
export function headerCheck(raw: Buffer, rules: HeaderRules): (line: number, isContinued: boolean) => void {
  let seen: string[] | null = null;
  let isFirst = true;
  return (line, isContinued) => {
    // Only the first header can start with a space: it would continue the fixed header above it.
    if (isFirst && raw[line] === SPACE) throw new ParseError(rules.what, "has a fixed header that goes on", line);
    isFirst = false;
    const name = headerName(raw, line);
    if (rules.never.includes(name)) {
      throw new ParseError(rules.what, `has a second or misplaced "${name}" header`, line);
    }
    if (!rules.once.includes(name)) return;
    if (seen?.includes(name)) throw new ParseError(rules.what, `has a second "${name}" header`, line);
    (seen ??= []).push(name);
    if (isContinued && name === "encoding") throw new ParseError(rules.what, `has an "encoding" that goes on`, line);
  };
}

/**
 * Refuses what no header may hold (git fsck: `nulInHeader`, `unterminatedHeader`).
 *
 * @throws ParseError
 */
export function checkHeaderBytes(raw: Buffer, headerEnd: number, what: string): void {
  const nul = raw.indexOf(0);
  if (nul !== -1 && nul < headerEnd) throw new ParseError(what, "has a NUL byte in its header", nul);
  if (headerEnd === raw.length && raw[headerEnd - 1] !== LF) {
    throw new ParseError(what, "ends inside a header line", headerEnd);
  }
}

/** Longer names equal none that has rules. */
function headerName(raw: Buffer, line: number): string {
  let end = line;
  while (end - line <= LONGEST_NAME && end < raw.length && raw[end] !== SPACE && raw[end] !== LF) end++;
  return raw.toString("latin1", line, end);
}
