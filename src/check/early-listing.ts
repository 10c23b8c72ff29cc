import { existsSync } from "node:fs";
import type { ObjectId } from "../model.ts";
import { listTexts, mayListTexts, withoutText, type ListedCommit } from "../io/commit-texts.ts";
import type { Repository } from "../io/git.ts";
import { frontierPath } from "../io/git-dir.ts";
import { listSomeCommits, type Range } from "../io/revisions.ts";
import { USUAL_PATHS } from "../policy/places.ts";

/** git prints nothing before it has walked everything, a few hundred commits a millisecond. */
const LONG_MS = 12;
/** What a history that takes it so long is sure to hold. */
const LONG = 1000;
/** Turns in which what git has printed is heard of, where we did something else for as long. */
const TURNS = 3;

interface Begun {
  readonly range: Range;
  readonly commits: AsyncGenerator<readonly ListedCommit[]>;
  readonly first: Promise<IteratorResult<readonly ListedCommit[], void>>;
}

/**
 * One listing of commits that git begins while the policy is still read: a long history takes it as long as all of that.
 * It is handed out once, for the very range it was begun for, and says and throws what it would if it began then.
 */
export class EarlyListing {
  readonly #place: Repository;
  #ended = new AbortController();
  #begun: Begun | null = null;
  #least = 0;
  #tells = false;
  #seen: (commits: number) => void = () => undefined;
  #waiting: NodeJS.Timeout | undefined;

  constructor(place: Repository) {
    this.#place = place;
  }

  /**
   * `seen` is told how many commits to expect, once git has printed the first or is long in doing so. What is begun for this
   * range already goes on; what was for another is given up.
   */
  begin(range: Range, seen: (commits: number) => void = () => undefined): void {
    this.#seen = seen;
    if (this.isBegun(range)) {
      if (this.#least > 0) seen(this.#least);
      return;
    }
    this.close();
    const { signal } = (this.#ended = new AbortController());
    this.#tells = this.#wantsTexts();
    const commits = this.#tells
      ? listTexts(this.#place, range, USUAL_PATHS, signal)
      : withoutTexts(listSomeCommits(this.#place, range, [], signal));
    this.#least = 0;
    const first = commits.next();
    const expect = (least: number): void => {
      if (signal.aborted) return;
      this.#least = least;
      this.#seen(least);
    };
    let isHeard = false;
    const late = (turns: number): void => {
      if (isHeard) return;
      if (turns === 0) expect(LONG);
      else setImmediate(late, turns - 1);
    };
    const waiting = (this.#waiting = setTimeout(late, LONG_MS, TURNS));
    const printed = (least: number): void => {
      isHeard = true;
      clearTimeout(waiting);
      if (this.#least < least) expect(least);
    };
    first.then(
      ({ done, value }) => printed(done === true ? 0 : value.length),
      () => printed(0),
    );
    this.#begun = { range, commits, first };
  }

  /** Where an earlier run is kept it may know most of these commits, and they are only counted. */
  #wantsTexts(): boolean {
    return mayListTexts(this.#place) && !existsSync(frontierPath(this.#place.commonDir));
  }

  isBegun(range: Range): boolean {
    return this.#begun !== null && isSame(this.#begun.range, range);
  }

  /** Whether what was begun gives texts, and tells which commits touch one of `USUAL_PATHS`. */
  get tells(): boolean {
    return this.#tells;
  }

  /** How many commits to expect of what `take` gives for this range, or more; no verdict rests on it. */
  expected(range: Range): number {
    return this.isBegun(range) ? this.#least : 0;
  }

  /** Null where none was begun for this range. */
  take(range: Range): AsyncIterable<readonly ListedCommit[]> | null {
    const begun = this.#begun;
    if (begun === null || !isSame(begun.range, range)) return null;
    this.#begun = null;
    return listed(begun);
  }

  /** Stops git where nobody asked for what was begun. */
  close(): void {
    clearTimeout(this.#waiting);
    if (this.#begun !== null) this.#ended.abort();
  }
}

const isSame = (a: Range, b: Range): boolean =>
  JSON.stringify([a.include, a.exclude]) === JSON.stringify([b.include, b.exclude]);

async function* listed({ first, commits }: Begun): AsyncGenerator<readonly ListedCommit[]> {
  const { done, value } = await first;
  if (done === true) return;
  yield value;
  yield* commits;
}

/** Where git is asked for ids alone. */
export async function* withoutTexts(
  lists: AsyncIterable<readonly ObjectId[]>,
): AsyncGenerator<readonly ListedCommit[]> {
  for await (const list of lists) yield list.map(withoutText);
}
