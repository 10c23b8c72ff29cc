import type { ObjectId } from "../model.ts";
import type { GitPlace } from "../io/git.ts";
import { mergeBases } from "../io/revisions.ts";

/** Parents beyond these are more than anybody merges at once; git is asked once for each. */
const MOST_PARENTS = 64;

/**
 * Where the parents of a merge parted, step by step, as git merges more than two: the first, then each with what came of
 * those before it. The one commit that all of them have in common says too little: an old state that is merged in beside
 * the newer one and beside a still older one would look like a change.
 */
export class Parting {
  readonly #place: GitPlace;
  readonly #parents: readonly ObjectId[];
  readonly #steps = new Map<number, Promise<readonly ObjectId[]>>();

  constructor(place: GitPlace, parents: readonly ObjectId[]) {
    this.#place = place;
    this.#parents = parents;
  }

  /** Whether so many are merged at once that nobody looks where they parted. */
  get tooMany(): boolean {
    return this.#parents.length > MOST_PARENTS;
  }

  /**
   * Best common ancestors of a parent, by its place from 1 on, with all before it; none where their histories are unrelated.
   *
   * @throws GitError
   */
  basesAt(step: number): Promise<readonly ObjectId[]> {
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const [parent, before] = [this.#parents[step], this.#parents.slice(0, step)];
    const bases = parent === undefined ? Promise.resolve([]) : mergeBases(this.#place, parent, before);
    this.#steps.set(step, bases);
    return bases;
  }
}
