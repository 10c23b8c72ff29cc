import { SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { digestLine, parseEntry, type LinkedEntry, type RecordEntry, type RecordHead } from "./record-entries.ts";
import { RecordState } from "./record-state.ts";

/** One file of a record, its chain proven from its first line to its last. */
export interface Segment {
  readonly entries: readonly LinkedEntry[];
  /** Its last line. */
  readonly head: RecordHead;
  /** Bytes of whole lines; what follows was being written when the machine stopped. */
  readonly whole: number;
  /** Bytes of the first line. */
  readonly opening: number;
  /** The digest of each line, in their order. */
  readonly digests: readonly string[];
}

/**
 * Reads one file of a record. A last line without its line end was being written when the machine stopped: what it would
 * have said is judged again, so it is left out. Anything else that is no link of the chain means damage.
 *
 * Proves that nothing between the first line and the last was changed, dropped, added or put elsewhere; not that the
 * last line is the last that was written, nor that the first follows the file before.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN naming the line
 */
export function readSegment(bytes: Bytes, file: string): Segment {
  const { entries, digests, whole, opening } = readLines(bytes, file, null);
  const last = entries.at(-1);
  const digest = digests.at(-1);
  if (last === undefined || digest === undefined) {
    throw new SignpolicyError("ERR_RECORD_BROKEN", `${file} holds no whole line`);
  }
  return { entries, head: { seq: last.seq, digest }, whole, opening, digests };
}

/**
 * The lines of a file behind one of it, proven in the same way.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN naming a line, counted from that one
 */
export const readBehind = (
  bytes: Bytes,
  file: string,
  before: RecordHead,
): Pick<Segment, "entries" | "head" | "whole"> => {
  const { entries, digests, whole } = readLines(bytes, file, before);
  const seq = before.seq + entries.length;
  return { entries, head: { seq, digest: digests.at(-1) ?? before.digest }, whole };
};

function readLines(bytes: Bytes, file: string, before: RecordHead | null): Omit<Segment, "head"> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: LinkedEntry[] = [];
  const digests: string[] = [];
  let whole = 0;
  let opening = 0;
  let last = before;
  const broken = (why: string): never => {
    throw new SignpolicyError("ERR_RECORD_BROKEN", `${file}, line ${entries.length + 1}: ${why}`);
  };
  for (let end = text.indexOf(0x0a); end !== -1; end = text.indexOf(0x0a, whole)) {
    const line = text.subarray(whole, end);
    const entry = parseEntry(line.toString("utf8")) ?? broken("not a line of a receive record");
    const opens = entry.kind === "begin" || entry.kind === "segment";
    if (opens !== (last === null)) broken(opens ? "a second beginning" : "the beginning is missing");
    if ((entry.kind === "begin") !== (entry.prev === null)) broken("not linked to what came before");
    if (last !== null && (entry.seq !== last.seq + 1 || entry.prev !== last.digest)) {
      broken("does not follow the line before it: one of the two was changed, dropped or put elsewhere");
    }
    const digest = digestLine(line);
    entries.push(entry);
    digests.push(digest);
    last = { seq: entry.seq, digest };
    if (whole === 0) opening = end + 1;
    whole = end + 1;
  }
  return { entries, whole, opening, digests };
}

/** What the lines of one file come to; its first line holds all that came before. */
export function stateOf({ entries }: { readonly entries: readonly RecordEntry[] }): RecordState {
  const state = new RecordState();
  for (const entry of entries) state.apply(entry);
  return state;
}

/** Whether this line stands in the file, or is the one that the file's first line follows. */
export function holdsLine({ entries, digests }: Segment, { seq, digest }: RecordHead): boolean {
  const first = entries[0];
  if (first === undefined) return false;
  return seq === first.seq - 1 ? first.prev === digest : digests[seq - first.seq] === digest;
}
