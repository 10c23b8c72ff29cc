/** Histories of which git hands out the commits as it lists them: one process reads each of them once, where two would. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { GitError } from "../errors.ts";
import type { Bytes, ObjectId } from "../model.ts";
import type { Repository } from "./git.ts";
import { asCommitId, listRecords, type Cutter, type Range } from "./revisions.ts";

export interface ListedCommit {
  readonly oid: ObjectId;
  /** Null where git was asked for the id alone. */
  readonly text: Bytes | null;
}

/** While git lists, it keeps what it will print: of packs of this size a few hundred megabytes at most. */
const MOST_PACKED = 256 * 1024 * 1024;

/** Longer ones are read like any large object. */
const LONGEST = 1024 * 1024;

const OPTIONS = ["--header", "--encoding=none"];
const NUL = 0x00;
const LF = 0x0a;
/** Before each line of a message. */
const INDENT = 4;
const MESSAGE = Buffer.from("\n\n");

/**
 * The commits of a range as `listSomeCommits` gives them, each with its text as git prints it (git-rev-list(1) `--header`).
 * That is the commit's bytes but where its message holds what git does not print, NUL, space before a line's end or empty
 * lines at its ends, or nothing at all: only the hash tells.
 *
 * @throws GitError ERR_GIT_FAILED, ERR_GIT_MISSING
 */
export const listTexts = (
  place: Repository,
  range: Range,
  stop?: AbortSignal,
): AsyncGenerator<readonly ListedCommit[]> => listRecords(place, range, OPTIONS, new TextCutter(), stop);

/** NUL ends each record; what git prints of a commit holds none. */
class TextCutter implements Cutter<ListedCommit> {
  /** The beginning of a record. */
  #parts: Buffer[] = [];
  #length = 0;

  cut(chunk: Buffer): readonly ListedCommit[] {
    const records: ListedCommit[] = [];
    let at = 0;
    for (let end = chunk.indexOf(NUL); end !== -1; end = chunk.indexOf(NUL, at)) {
      if (this.isDone()) records.push(recordIn(chunk, at, end));
      else records.push(this.#finish(chunk.subarray(at, end)));
      at = end + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
    return records;
  }

  isDone(): boolean {
    return this.#length === 0;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length <= LONGEST) this.#parts.push(part);
  }

  #finish(part: Buffer): ListedCommit {
    this.#keep(part);
    const bytes = Buffer.concat(this.#parts);
    const isWhole = this.#length <= LONGEST;
    this.#parts = [];
    this.#length = 0;
    const record = recordIn(bytes, 0, bytes.length);
    return isWhole ? record : { ...record, text: null };
  }
}

function recordIn(bytes: Buffer, from: number, to: number): ListedCommit {
  const start = bytes.indexOf(LF, from) + 1;
  if (start === 0 || start > to) {
    throw new GitError("ERR_GIT_FAILED", "git rev-list printed something that is no commit", { argv: ["rev-list"] });
  }
  return { oid: asCommitId(bytes.toString("latin1", from, start - 1)), text: withoutIndent(bytes, start, to) };
}

/** In place: nothing becomes longer, and nobody else has these bytes. */
function withoutIndent(bytes: Buffer, from: number, to: number): Bytes {
  const head = bytes.indexOf(MESSAGE, from);
  if (head === -1 || head >= to) return bytes.subarray(from, to);
  let at = head + MESSAGE.length;
  for (let line = at; line < to;) {
    const end = bytes.indexOf(LF, line);
    const next = end === -1 || end >= to ? to : end + 1;
    bytes.copyWithin(at, line + INDENT, next);
    at += Math.max(0, next - line - INDENT);
    line = next;
  }
  return bytes.subarray(from, at);
}

/** Whether every history of this repository is sure to be short enough. */
export function mayListTexts({ commonDir }: Pick<Repository, "commonDir">): boolean {
  const objects = join(commonDir, "objects");
  try {
    if (readdirSync(join(objects, "info")).includes("alternates")) return false;
    const packs = readdirSync(join(objects, "pack")).filter((name) => name.endsWith(".pack"));
    return packs.reduce((sum, name) => sum + statSync(join(objects, "pack", name)).size, 0) <= MOST_PACKED;
  } catch {
    return false;
  }
}
