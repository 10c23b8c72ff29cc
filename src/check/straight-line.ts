import type { ObjectId } from "../model.ts";
import type { Outlines } from "./outlines.ts";
import type { Tips } from "./tip-set.ts";

/** Longer pushes are git's to list. */
const LONGEST = 16;

/**
 * Lists what most pushes bring, a few commits in a line on top of a tip that was judged, without starting git, which takes
 * longer than judging them. What it lists holds all that is new: a commit that some other judged tip reaches as well is
 * listed too, and then it is judged once more, by the stricter rules for what is new. So a push may pass by it, and whoever
 * does not let it pass, or has a remark, asks git (`used`).
 */
export class StraightLine {
  /** Whether anything was listed. */
  used = false;
  readonly #outlines: Outlines;

  constructor(outlines: Outlines) {
    this.#outlines = outlines;
  }

  /** Ancestors first, as git would; null where it is not that simple. */
  async list(include: readonly ObjectId[], judged: Tips): Promise<readonly ObjectId[] | null> {
    const [tip, another] = include;
    if (tip === undefined || another !== undefined) return null;
    const line: ObjectId[] = [];
    for (let oid = tip; !judged.has(oid);) {
      const commit = await this.#outlines.outline(oid);
      const [parent, second] = commit?.parents ?? [];
      if (parent === undefined || second !== undefined || line.length === LONGEST) return null;
      line.push(oid);
      oid = parent;
    }
    this.used = true;
    return line.reverse();
  }
}
