import type { ObjectId } from "../model.ts";
import type { GitPlace } from "../io/git.ts";
import { listSomeCommits, type Range } from "../io/revisions.ts";

interface Begun {
  readonly range: Range;
  readonly commits: AsyncGenerator<readonly ObjectId[]>;
  readonly first: Promise<IteratorResult<readonly ObjectId[], void>>;
}

/**
 * One listing of commits that git begins while the policy is still read: a long history takes it as long as all of that.
 * It is handed out once, for the very range it was begun for, and says and throws what it would if it began then.
 */
export class EarlyListing {
  readonly #place: GitPlace;
  readonly #ended = new AbortController();
  #begun: Begun | null = null;

  constructor(place: GitPlace) {
    this.#place = place;
  }

  /** `seen` is told how many commits git printed at first. */
  begin(range: Range, seen: (commits: number) => void = () => undefined): void {
    const commits = listSomeCommits(this.#place, range, [], this.#ended.signal);
    const first = commits.next();
    first.then(
      ({ done, value }) => seen(done === true ? 0 : value.length),
      () => undefined,
    );
    this.#begun = { range, commits, first };
  }

  /** Null where none was begun for this range. */
  take(range: Range): AsyncIterable<readonly ObjectId[]> | null {
    const begun = this.#begun;
    if (begun === null || !isSame(begun.range, range)) return null;
    this.#begun = null;
    return listed(begun);
  }

  /** Stops git where nobody asked for what was begun. */
  close(): void {
    if (this.#begun !== null) this.#ended.abort();
  }
}

const isSame = (a: Range, b: Range): boolean =>
  JSON.stringify([a.include, a.exclude]) === JSON.stringify([b.include, b.exclude]);

async function* listed({ first, commits }: Begun): AsyncGenerator<readonly ObjectId[]> {
  const { done, value } = await first;
  if (done === true) return;
  yield value;
  yield* commits;
}
