import { GitError } from "../errors.ts";
import type { ObjectId } from "../model.ts";
import type { GitPlace } from "./git.ts";
import { gitEnded, gitFailed, runGit, startGit, tryGit } from "./git.ts";

export interface Range {
  /** Every one must have been read before: git is told to pass over ids that it does not have. */
  readonly include: readonly ObjectId[];
  /** Commits that these reach are left out. One that was pruned meanwhile leaves nothing out, so more is judged. */
  readonly exclude: readonly ObjectId[];
  /** Some of `include` may have been pruned, or be left out by an option, and what they reached does not matter then. */
  readonly gone?: true;
}

/** Ids and `--stdin` alone select commits: no name that a pusher chose is ever parsed as a revision. */
const request = (range: Range): string =>
  [...range.include, ...range.exclude.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join("");

/**
 * The commits of a range, ancestors first (git-rev-list(1) `--topo-order --reverse`), as git finds them.
 * Any failure of git is thrown: it never means "no commits".
 *
 * @throws GitError ERR_GIT_FAILED, ERR_GIT_MISSING
 */
export async function* listCommits(
  place: GitPlace,
  range: Range,
  options: readonly string[] = [],
): AsyncGenerator<ObjectId> {
  for await (const some of listSomeCommits(place, range, options)) yield* some;
}

/** The same, as many at a time as git printed at once: for long histories, where each of many steps counts. */
export async function* listSomeCommits(
  place: GitPlace,
  range: Range,
  options: readonly string[] = [],
  stop?: AbortSignal,
): AsyncGenerator<readonly ObjectId[]> {
  for await (const some of listRecords(place, range, byRevList(options), new LineCutter(), stop))
    yield some.map(asCommitId);
}

/** The same, each commit with its parents behind it, those outside the range included. */
export async function* listParents(
  place: GitPlace,
  range: Range,
  options: readonly string[] = [],
): AsyncGenerator<readonly ObjectId[]> {
  for await (const some of listRecords(place, range, byRevList(["--parents", ...options]), new LineCutter())) {
    for (const line of some) yield line.split(" ").map(asCommitId);
  }
}

const byRevList = (options: readonly string[]): Listing => ({ command: "rev-list", options });

/** Cuts git's output into records, each of which begins with a commit's id. */
export interface Cutter<Recorded> {
  /** What is whole now. */
  cut(chunk: Buffer): readonly Recorded[];
  /** What is left over when git has ended; null where that is nothing whole. */
  end(): readonly Recorded[] | null;
}

class LineCutter implements Cutter<string> {
  #rest = "";

  cut(chunk: Buffer): readonly string[] {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  end(): readonly string[] | null {
    return this.#rest === "" ? [] : null;
  }
}

/** How git is asked for a list. */
export interface Listing {
  readonly command: "rev-list" | "log";
  readonly options: readonly string[];
  /** What is compared of each commit with its parent. */
  readonly paths?: readonly string[];
}

/** @param stop - ends git, which is a failure like any other */
export async function* listRecords<Recorded extends string | { readonly oid: ObjectId }>(
  place: GitPlace,
  range: Range,
  { command, options, paths }: Listing,
  cutter: Cutter<Recorded>,
  stop?: AbortSignal,
): AsyncGenerator<readonly Recorded[]> {
  if (range.include.length === 0) return;
  const behind = paths === undefined ? [] : ["--", ...paths];
  const argv = [command, "--topo-order", "--reverse", "--ignore-missing", ...options, "--stdin", ...behind];
  const child = startGit(place, argv);
  const ended = gitEnded(child, argv);
  ended.catch(() => undefined);
  stop?.addEventListener("abort", () => child.kill());
  const unseen = new Set(range.include);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < 4096) stderr += chunk.toString("latin1");
  });
  child.stdin.end(request(range));
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const records = cutter.cut(chunk);
      for (const record of unseen.size > 0 ? records : []) unseen.delete(idOf(record));
      yield records;
    }
    const status = await ended;
    const last = status === 0 ? cutter.end() : null;
    if (last === null) throw gitFailed(argv, status, stderr.trimEnd());
    for (const record of last) unseen.delete(idOf(record));
    if (last.length > 0) yield last;
    if (unseen.size > 0 && range.gone !== true) await assertLeftOut(place, [...unseen], range.exclude);
  } finally {
    if (child.exitCode === null) child.kill();
  }
}

/** `--parents` puts more behind it. */
const idOf = (record: string | { readonly oid: ObjectId }): ObjectId =>
  typeof record === "string" ? (record.split(" ", 1)[0] as ObjectId) : record.oid;

/**
 * What `include` names and git did not list must be left out by `exclude`: `--ignore-missing` also passes over commits
 * that git cannot parse, and a git that broke down without saying so lists nothing either. A tip passed over would look
 * like one with nothing new, so git is asked again, in a way in which silence is no answer and in one in which it is.
 */
async function assertLeftOut(place: GitPlace, tips: readonly ObjectId[], exclude: readonly ObjectId[]): Promise<void> {
  const argv = ["rev-list", "--no-walk=unsorted", "--stdin"];
  const [readable, listed] = await Promise.all([
    runGit(place, argv, tips.map((oid) => `${oid}\n`).join("")),
    runGit(place, ["rev-list", "--max-count=1", "--ignore-missing", "--stdin"], request({ include: tips, exclude })),
  ]);
  if (new Set(idsOf(readable)).size === new Set(tips).size && listed.length === 0) return;
  throw new GitError("ERR_GIT_FAILED", "git rev-list left out what it should have listed", { argv });
}

/** How many commits a range holds; null where git cannot say. For progress alone: no verdict rests on it. */
export async function countCommits(place: GitPlace, range: Range): Promise<number | null> {
  const argv = ["rev-list", "--count", "--ignore-missing", "--stdin"];
  const { status, stdout } = await tryGit(place, argv, request(range));
  return status === 0 ? Number(stdout.toString("latin1")) : null;
}

/** All commits of a range at once; for ranges that are needed as a set. */
export async function collectCommits(
  place: GitPlace,
  range: Range,
  options: readonly string[] = [],
): Promise<ObjectId[]> {
  const commits: ObjectId[] = [];
  for await (const some of listSomeCommits(place, range, options)) for (const oid of some) commits.push(oid);
  return commits;
}

/** Which of these commits `exclude` does not reach. */
export async function unreachedOf(
  place: GitPlace,
  commits: readonly ObjectId[],
  exclude: readonly ObjectId[],
): Promise<ReadonlySet<ObjectId>> {
  const wanted = new Set(commits);
  const unreached = new Set<ObjectId>();
  for await (const oid of listCommits(place, { include: commits, exclude })) if (wanted.has(oid)) unreached.add(oid);
  return unreached;
}

/**
 * Commits of a range that differ from a parent in one of these paths, and perhaps a few merges that do not: history is
 * not simplified, so that no side branch hides a change (git-rev-list(1), History Simplification).
 */
export async function commitsTouching(place: GitPlace, range: Range, paths: readonly string[]): Promise<ObjectId[]> {
  if (range.include.length === 0 || paths.length === 0) return [];
  const argv = ["rev-list", "--full-history", "--ignore-missing", "--stdin", "--", ...paths];
  const { status, stdout, stderr } = await tryGit(place, argv, request(range));
  if (status !== 0) throw gitFailed(argv, status, stderr);
  return idsOf(stdout);
}

/** Whether `descendant` reaches `ancestor`. */
export async function isAncestor(place: GitPlace, ancestor: ObjectId, descendant: ObjectId): Promise<boolean> {
  const argv = ["merge-base", "--is-ancestor", ancestor, descendant];
  const { status, stderr } = await tryGit(place, argv);
  // git-merge-base(1): 0 it is, 1 it is not, anything else is an error.
  if (status > 1) throw gitFailed(argv, status, stderr);
  return status === 0;
}

/**
 * Best common ancestors of a commit and what merging the others would give (git-merge-base(1), Discussion); none where their
 * histories are unrelated.
 */
export async function mergeBases(
  place: GitPlace,
  commit: ObjectId,
  others: readonly ObjectId[],
): Promise<readonly ObjectId[]> {
  const argv = ["merge-base", "--all", commit, ...others];
  const { status, stdout, stderr } = await tryGit(place, argv);
  // git-merge-base(1): 1 says that there is none.
  if (status > 1) throw gitFailed(argv, status, stderr);
  return idsOf(stdout);
}

const idsOf = (output: Buffer): ObjectId[] =>
  output
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "")
    .map(asCommitId);

export function asCommitId(line: string): ObjectId {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(line)) {
    throw new GitError("ERR_GIT_FAILED", "git rev-list printed something that is no object id", { argv: ["rev-list"] });
  }
  return line as ObjectId;
}
