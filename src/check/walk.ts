import type { Commit, ObjectId, Seconds } from "../model.ts";
import { UNREAD } from "../policy/clock.ts";
import type { ListedCommit } from "../io/commit-texts.ts";
import type { Examined } from "./examiner.ts";
import type { Outlines } from "./outlines.ts";

export interface Walked {
  readonly oid: ObjectId;
  readonly examined: Examined<Commit>;
  /** Newest committer date among the ancestors that were looked at; null where there are none, and for what is new. */
  readonly latestAncestor: Seconds | null;
  /** What git told of it (`ListedCommit`). */
  readonly touches: boolean | null;
}

interface Examining {
  readonly listed: ListedCommit;
  readonly examined: Promise<Examined<Commit>>;
  /** What came of it, once it has. */
  done: Examined<Commit> | null;
}

/**
 * Objects asked for and verified ahead of the one that is decided: enough to keep the cores busy, and no more, since what
 * waits is copied by every collection of garbage meanwhile.
 */
const AHEAD = 192;
/** As many at first, and each time twice as many: who reads along need not wait for all of them. */
const AHEAD_FIRST = 24;
/** Of these a part is decided before more are asked for, in one write, so that `cat-file` is woken once for all. */
const DECIDED = 1 / 3;

/**
 * Examines commits that come ancestors first, list by list, many at once, and yields them in the same order, as many at a time
 * as are done: one by one each would take several turns. Remembers for each the newest date it builds on, which is what a commit
 * back-dated into a key's good days gives itself away by; but of what is new to a push, which is judged by our clock.
 */
export async function* walkCommits(
  lists: AsyncIterable<readonly ListedCommit[]>,
  examine: (listed: ListedCommit) => Promise<Examined<Commit>>,
  outlines: Outlines,
  dates = new AncestorDates(outlines),
  isNew: (oid: ObjectId) => boolean = () => false,
): AsyncGenerator<readonly Walked[]> {
  /** What is new is judged by our clock alone, whatever it builds on; and nothing that is history builds on it. */
  const finish: Finish = ({ oid, touches }, examined) =>
    isNew(oid) ? { oid, examined, latestAncestor: null, touches } : dates.finish(oid, examined, touches);
  const queue: Examining[] = [];
  let ahead = AHEAD_FIRST;
  for await (const list of lists) {
    for (const listed of list) {
      queue.push(begin(listed, examine(listed)));
      if (queue.length < ahead) continue;
      yield* finishAll(queue.splice(0, ahead * DECIDED), finish);
      ahead = Math.min(AHEAD, ahead * 2);
    }
  }
  yield* finishAll(queue, finish);
}

type Finish = (listed: ListedCommit, examined: Examined<Commit>) => Walked | Promise<Walked>;

function begin(listed: ListedCommit, examined: Promise<Examined<Commit>>): Examining {
  const examining: Examining = { listed, examined, done: null };
  examined.then(
    (done) => (examining.done = done),
    () => undefined,
  );
  return examining;
}

/** Before it waits for one, it gives what is done. */
async function* finishAll(all: readonly Examining[], finish: Finish): AsyncGenerator<readonly Walked[]> {
  let finished: Walked[] = [];
  for (const { listed, done, examined } of all) {
    const walked = done === null ? examined.then((late) => finish(listed, late)) : finish(listed, done);
    if (walked instanceof Promise && finished.length > 0) {
      yield finished;
      finished = [];
    }
    finished.push(walked instanceof Promise ? await walked : walked);
  }
  if (finished.length > 0) yield finished;
}

/** Kept over several walks of one push, so that what one of them passed over is remembered by another. */
export class AncestorDates {
  /** For each commit walked: the newest committer date of itself and its ancestors. */
  readonly #newest = new Map<ObjectId, Seconds | null>();
  readonly #outlines: Outlines;
  readonly #beyond: Seconds | null;

  /** @param beyond - a date that no ancestor of a commit outside the walk is newer than, where that is known */
  constructor(outlines: Outlines, beyond: Seconds | null = null) {
    this.#outlines = outlines;
    this.#beyond = beyond;
  }

  /** Newest committer date of a commit and its ancestors that were looked at. */
  newestOf(oid: ObjectId): Seconds | null {
    return this.#newest.get(oid) ?? null;
  }

  /** Ancestors first. */
  finish(oid: ObjectId, examined: Examined<Commit>, touches: boolean | null = null): Walked | Promise<Walked> {
    if ("problem" in examined) {
      this.#newest.set(oid, null);
      return { oid, examined, latestAncestor: null, touches };
    }
    const { parents, committer } = examined.subject;
    if (!parents.every((parent) => this.#newest.has(parent)))
      return this.#finishAtEdge(oid, examined, touches, parents);
    let latestAncestor: Seconds | null = null;
    for (const parent of parents) latestAncestor = newer(latestAncestor, this.newestOf(parent));
    this.#newest.set(oid, newer(latestAncestor, committer.at));
    return { oid, examined, latestAncestor, touches };
  }

  /** A parent outside the range gives its own date; one that has none that can be read may be of any, so nothing is newer. */
  async #finishAtEdge(
    oid: ObjectId,
    examined: Examined<Commit>,
    touches: boolean | null,
    parents: readonly ObjectId[],
  ): Promise<Walked> {
    for (const parent of parents) {
      if (this.#newest.has(parent)) continue;
      this.#newest.set(parent, newer((await this.#outlines.dateOf(parent)) ?? UNREAD, this.#beyond));
    }
    return this.finish(oid, examined, touches);
  }
}

const newer = (a: Seconds | null, b: Seconds | null): Seconds | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
