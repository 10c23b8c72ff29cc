/** Histories of which git hands out the commits as it lists them: one process reads each of them once, where two would. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { GitError } from "../errors.ts";
import type { Bytes, ObjectId } from "../model.ts";
import type { Repository } from "./git.ts";
import { asCommitId, listRecords, listSomeCommits, type Cutter, type Range } from "./revisions.ts";

export interface ListedCommit {
  readonly oid: ObjectId;
  /** Null where git was asked for the id alone. */
  readonly text: Bytes | null;
  /** Whether it differs from its parent, or from nothing, in a path that git was asked about; null where it was asked about none. */
  readonly touches: boolean | null;
}

/** While git lists, it keeps what it will print: of packs of this size a few hundred megabytes at most. */
const MOST_PACKED = 256 * 1024 * 1024;

/** Longer ones are read like any large object. */
const LONGEST = 1024 * 1024;

/**
 * `log` alone tells of each commit what it changes, where `rev-list` would go through the history once more. Whatever the
 * configuration says of how people like their log must not change what we read: no option that it has a say in is left to it.
 */
const OPTIONS = [
  ["--format=raw", "--encoding=none", "-z", "--no-abbrev-commit", "--no-color", "--no-decorate", "--no-notes"],
  ["--no-mailmap", "--no-show-signature"],
  // Every commit is shown (git-log(1), History Simplification), and of each but merges what it changes.
  ["--full-history", "--sparse", "--root", "--raw", "--no-renames", "--no-relative", "--ignore-submodules=none"],
  ["-O/dev/null"],
].flat();

/**
 * Of a folder in a policy's place `log` lists every file below, and of folders within folders a few objects make billions: it ends
 * rather than take so much memory at once. The variable is git's own, for its tests.
 */
const MEMORY = { GIT_ALLOC_LIMIT: "4m" };

/** What it may say of changes in all. */
const MOST_CHANGES = 16 * 1024 * 1024;

const HEAD = "commit ";
const NUL = 0x00;
const LF = 0x0a;
/** Before each line of a message. */
const INDENT = 4;
const MESSAGE = Buffer.from("\n\n");

/**
 * The commits of a range as `listSomeCommits` gives them, each with its text as git prints it (git-log(1) `--format=raw`).
 * That is the commit's bytes but where its message holds what git does not print, NUL, space before a line's end or empty
 * lines at its ends, or nothing at all: only the hash tells. Of a merge nothing is said of what it touches. Where git cannot compare
 * trees, as in a clone that lacks them, takes too much, or says what is not understood, ids alone come from there on.
 *
 * @param paths - of which it is told whether a commit touches one, or what lies below it
 * @throws GitError ERR_GIT_FAILED, ERR_GIT_MISSING
 */
export async function* listTexts(
  place: Repository,
  range: Range,
  paths: readonly string[],
  stop?: AbortSignal,
): AsyncGenerator<readonly ListedCommit[]> {
  const given: ObjectId[] = [];
  const careful = { ...place, environment: { ...place.environment, ...MEMORY } };
  const asked = { command: "log", options: OPTIONS, paths } as const;
  try {
    for await (const some of listRecords(careful, range, asked, new TextCutter(), stop)) {
      for (const { oid } of some) given.push(oid);
      yield some;
    }
  } catch (error) {
    if (!(error instanceof GitError) || stop?.aborted === true) throw error;
    for await (const some of listRest(place, range, given, stop)) yield some.map(withoutText);
  }
}

/** What comes behind these in the list that asks for nothing but ids; git must begin it as it began the other. */
async function* listRest(
  place: Repository,
  range: Range,
  given: readonly ObjectId[],
  stop?: AbortSignal,
): AsyncGenerator<readonly ObjectId[]> {
  let at = 0;
  for await (const some of listSomeCommits(place, range, [], stop)) {
    const known = some.slice(0, given.length - at);
    if (known.some((oid, n) => oid !== given[at + n])) throw unlike();
    at += known.length;
    if (known.length < some.length) yield some.slice(known.length);
  }
  if (at < given.length) throw unlike();
}

const unlike = (): GitError =>
  new GitError("ERR_GIT_FAILED", "git log and git rev-list list other commits", { argv: ["rev-list"] });

export const withoutText = (oid: ObjectId): ListedCommit => ({ oid, text: null, touches: null });

/**
 * NUL ends each part; what git prints of a commit holds none. Where a commit changes a path, a line of modes ends its part, and
 * names and modes are parts of their own. A name begins with a path that was asked about, and so is never taken for a commit.
 */
class TextCutter implements Cutter<ListedCommit> {
  /** The beginning of a part. */
  #parts: Buffer[] = [];
  #length = 0;
  /** Names and modes may come. */
  #inChanges = false;
  /** Bytes in which changes were told. */
  #told = 0;

  cut(chunk: Buffer): readonly ListedCommit[] {
    const records: ListedCommit[] = [];
    let at = 0;
    for (let end = chunk.indexOf(NUL); end !== -1; end = chunk.indexOf(NUL, at)) {
      const record = this.#length === 0 ? this.#recordIn(chunk, at, end) : this.#finish(chunk.subarray(at, end));
      if (record !== null) records.push(record);
      at = end + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
    return records;
  }

  /** NUL stands between commits, and not behind the last. */
  end(): readonly ListedCommit[] | null {
    if (this.#length === 0) return [];
    const last = this.#finish(Buffer.alloc(0));
    return last === null ? null : [last];
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length <= LONGEST) this.#parts.push(part);
  }

  #finish(part: Buffer): ListedCommit | null {
    this.#keep(part);
    const bytes = Buffer.concat(this.#parts);
    const isWhole = this.#length <= LONGEST;
    this.#parts = [];
    this.#length = 0;
    const record = this.#recordIn(bytes, 0, bytes.length);
    if (record === null || isWhole) return record;
    this.#inChanges = true;
    return { ...record, text: null, touches: true };
  }

  /** Null where it tells of changes. */
  #recordIn(bytes: Buffer, from: number, to: number): ListedCommit | null {
    const start = bytes.indexOf(LF, from) + 1;
    const head = start === 0 || start > to ? "" : bytes.toString("latin1", from, start - 1);
    if (!head.startsWith(HEAD)) {
      if (this.#inChanges && (this.#told += to - from) <= MOST_CHANGES) return null;
      throw new GitError("ERR_GIT_FAILED", "git log printed something that is no commit", { argv: ["log"] });
    }
    const touches = bytes[to - 1] !== LF;
    this.#inChanges = touches;
    // The line of modes stands behind an empty one.
    const end = touches ? Math.max(start, bytes.lastIndexOf(LF, to - 1)) : to;
    return { oid: asCommitId(head.slice(HEAD.length)), text: withoutIndent(bytes, start, end), touches };
  }
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
