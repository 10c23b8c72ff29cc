import type { Commit, ObjectId, Seconds } from "../model.ts";
import { UNREAD } from "../policy/clock.ts";
import type { Examined } from "./examiner.ts";
import type { Outlines } from "./outlines.ts";

export interface Walked {
  readonly oid: ObjectId;
  readonly examined: Examined<Commit>;
  /** Newest committer date among the ancestors that were looked at; null where there are none, and for what is new. */
  readonly latestAncestor: Seconds | null;
}

interface Examining {
  readonly oid: ObjectId;
  readonly examined: Promise<Examined<Commit>>;
}

/**
 * Objects asked for and verified ahead of the one that is decided: enough to keep the cores busy, and no more, since what
 * waits is copied by every collection of garbage meanwhile.
 */
const AHEAD = 192;
/** How many are left when more are asked for: those are asked for in one write, and `cat-file` is woken once for all. */
const REFILL = 128;

/**
 * Examines commits that come ancestors first, list by list, many at once, and yields them in the same order. Remembers for each the
 * newest date it builds on, which is what a commit back-dated into a key's good days gives itself away by; but of what is new
 * to a push, which is judged by our clock.
 */
export async function* walkCommits(
  lists: AsyncIterable<readonly ObjectId[]>,
  examine: (oid: ObjectId) => Promise<Examined<Commit>>,
  outlines: Outlines,
  dates = new AncestorDates(outlines),
  isNew: (oid: ObjectId) => boolean = () => false,
): AsyncGenerator<Walked> {
  const finish = (next: Examining) => (isNew(next.oid) ? undated(next) : dates.finish(next));
  const queue: Examining[] = [];
  for await (const list of lists) {
    for (const oid of list) {
      const examined = examine(oid);
      examined.catch(() => undefined);
      queue.push({ oid, examined });
      if (queue.length < AHEAD) continue;
      for (const next of queue.splice(0, AHEAD - REFILL)) yield await finish(next);
    }
  }
  for (const next of queue) yield await finish(next);
}

/** What is new is judged by our clock alone, whatever it builds on; and nothing that is history builds on it. */
const undated = async ({ oid, examined }: Examining): Promise<Walked> => ({
  oid,
  examined: await examined,
  latestAncestor: null,
});

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

  async finish(next: Examining): Promise<Walked> {
    const examined = await next.examined;
    if ("problem" in examined) {
      this.#newest.set(next.oid, null);
      return { oid: next.oid, examined, latestAncestor: null };
    }
    const { parents, committer } = examined.subject;
    let latestAncestor: Seconds | null = null;
    for (const parent of parents) latestAncestor = newer(latestAncestor, await this.#dateOf(parent));
    this.#newest.set(next.oid, newer(latestAncestor, committer.at));
    return { oid: next.oid, examined, latestAncestor };
  }

  /** A parent outside the range gives its own date; one that has none that can be read may be of any, so nothing is newer. */
  async #dateOf(oid: ObjectId): Promise<Seconds | null> {
    const known = this.#newest.get(oid);
    if (known !== undefined) return known;
    const date = newer((await this.#outlines.dateOf(oid)) ?? UNREAD, this.#beyond);
    this.#newest.set(oid, date);
    return date;
  }
}

const newer = (a: Seconds | null, b: Seconds | null): Seconds | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
