/** What git writes to `pre-receive`, `post-receive` and `pre-push`: one line a ref, nothing else. */
import { ParseError } from "../errors.ts";
import { isZeroId, parseObjectId, parseRefName } from "../encoding/identifiers.ts";
import type { Bytes, HashAlgorithm, ObjectId, RefName } from "../model.ts";

export interface RefUpdate {
  readonly ref: RefName;
  /** Null: the ref is to be created. A claim until it was compared with the ref's present value. */
  readonly old: ObjectId | null;
  /** Null: the ref is to be deleted. */
  readonly new: ObjectId | null;
}

/**
 * `<old> SP <new> SP <ref> LF` (githooks(5), pre-receive). Empty input is a push of nothing.
 *
 * @throws ParseError for anything else, an unfinished last line and a ref named twice included
 */
export function parseReceiveInput(input: Bytes): readonly RefUpdate[] {
  const lengths = new Set<number>();
  const updates = inputLines(input).map((line, index) => {
    const [, from, to, ref] = /^([0-9a-f]+) ([0-9a-f]+) ([^\0]+)$/s.exec(line) ?? fail(index);
    lengths.add(from?.length ?? 0).add(to?.length ?? 0);
    return { ref: parseAnyRef(ref ?? ""), old: parseValue(from ?? ""), new: parseValue(to ?? "") };
  });
  if (lengths.size > 1) throw new ParseError("push", "object ids of two lengths");
  if (new Set(updates.map((update) => update.ref)).size < updates.length)
    throw new ParseError("push", "a ref is named twice");
  return updates;
}

export interface PushLine extends RefUpdate {
  /** What the user named; not a ref name in every case (`HEAD`, `(delete)`, an expression). For messages only. */
  readonly local: string;
}

/**
 * `<local ref> SP <local id> SP <remote ref> SP <remote id> LF` (githooks(5), pre-push). The local name may itself hold
 * spaces, so the line is read from its end.
 *
 * @throws ParseError
 */
export function parsePushInput(input: Bytes): readonly PushLine[] {
  return inputLines(input).map((line, index) => {
    const [, local, to, ref, from] = /^(.*) ([0-9a-f]+) ([^ \0]+) ([0-9a-f]+)$/s.exec(line) ?? fail(index);
    return { local: local ?? "", ref: parseAnyRef(ref ?? ""), old: parseValue(from ?? ""), new: parseValue(to ?? "") };
  });
}

/** The object format that the ids of a push tell; sha1 where there are none. */
export function algorithmOf(updates: readonly RefUpdate[]): HashAlgorithm {
  const known = updates.flatMap((update) => [update.old, update.new]).find((oid) => oid !== null);
  return known?.length === 64 ? "sha256" : "sha1";
}

function inputLines(input: Bytes): readonly string[] {
  if (input.length === 0) return [];
  const text = Buffer.from(input.buffer, input.byteOffset, input.length).toString("latin1");
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new ParseError("push", "the last line is cut off", input.length);
  return lines;
}

const parseValue = (id: string): ObjectId | null => (isZeroId(id) ? null : parseObjectId(id));

/** A ref outside `refs/` is refused by the rules (nothing names it), not as an unreadable line. */
function parseAnyRef(name: string): RefName {
  return name === "HEAD" ? ("HEAD" as RefName) : parseRefName(name);
}

function fail(index: number): never {
  throw new ParseError("push", `line ${index + 1} is not one that git writes`);
}
