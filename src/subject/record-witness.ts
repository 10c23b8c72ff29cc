import { asBuffer } from "../encoding/bytes.ts";
import { parseObjectId } from "../encoding/identifiers.ts";
import { parseTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import type { Bytes, ObjectId, Seconds, Signed } from "../model.ts";
import { SIGNATURE_MARKERS, formatOf } from "./fields.ts";

/** The first line, by which what was signed is a record's export and no commit, tag, certificate or approval. */
export const WITNESS_VERSION = "signpolicy record witness 1";

/** What a server's record shows of arrivals, as somebody signed it for clones. */
export interface RecordWitness extends Signed {
  readonly id: string;
  /** Commits without parents of the repository. */
  readonly roots: readonly ObjectId[];
  /** The record's last line by then, and when it was written. */
  readonly head: { readonly seq: number; readonly digest: string };
  readonly until: Seconds;
  /** Values of refs, in the order in which they came to stand there. */
  readonly arrivals: readonly { readonly at: Seconds; readonly oid: ObjectId }[];
}

/**
 * Parses an exported record: a line each for version, `record`, every `root`, `head` and `until`, a blank one, a
 * `time oid` line for each arrival, the signature. Any other line, or another order, is refused.
 *
 * Nothing is verified when it returns: not the signature, nor that the repository is this one.
 *
 * @throws ParseError
 */
export function parseRecordWitness(raw: Bytes): RecordWitness {
  const text = asBuffer(raw);
  const starts = SIGNATURE_MARKERS.map(([marker]) => text.indexOf(`\n${marker}`, 0, "latin1")).filter(
    (at) => at !== -1,
  );
  const end = starts.length === 0 ? raw.length : Math.min(...starts) + 1;
  const lines = text.toString("latin1", 0, end).split("\n");
  const fail = (message: string): never => {
    throw new ParseError("record witness", message);
  };
  if (lines.pop() !== "") fail("is cut off");
  let at = 0;
  const header = (name: string): string | null => {
    const line = lines[at];
    if (line?.startsWith(`${name} `) !== true) return null;
    at += 1;
    return line.slice(name.length + 1);
  };
  if (lines[at++] !== WITNESS_VERSION) fail("does not begin as version 1 does");
  const id = header("record") ?? fail("names no record");
  const roots: ObjectId[] = [];
  for (let root = header("root"); root !== null; root = header("root")) roots.push(parseObjectId(root));
  const [, seq, digest] = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(header("head") ?? "") ?? fail("names no last line");
  const until = parseTime(header("until") ?? fail("has no date"));
  if (lines[at++] !== "") fail("has a line that none has there");
  const arrivals = lines.slice(at).map((line) => {
    const [, time, oid] = /^(\S+) ([0-9a-f]+)$/.exec(line) ?? fail("has an odd line");
    return { at: parseTime(time ?? ""), oid: parseObjectId(oid ?? "") };
  });
  const signature = raw.subarray(end);
  return {
    payload: raw.subarray(0, end),
    signatures: signature.length === 0 ? [] : [{ format: formatOf(signature), bytes: signature }],
    id,
    roots,
    head: { seq: Number(seq), digest: digest ?? "" },
    until,
    arrivals,
  };
}
