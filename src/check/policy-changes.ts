import type { Commit, ObjectId } from "../model.ts";
import type { Range } from "../io/revisions.ts";
import { commitsTouching } from "../io/revisions.ts";
import type { GitPlace } from "../io/git.ts";
import type { Outlines } from "./outlines.ts";
import type { TreeWalker } from "./trees.ts";

/** Commits of a range whose trees are compared before git is asked for the rest. */
const COMPARED = 64;

/**
 * Finds the commits that change the policy or a key file it names. A merge changes a file only where its entry is none of
 * its parents': what it takes over unchanged was a change, and was judged, on the side it came from.
 */
export class PolicyChanges {
  readonly #paths: readonly string[];
  readonly #outlines: Outlines;
  readonly #trees: TreeWalker;
  readonly #place: GitPlace;

  constructor(paths: readonly string[], outlines: Outlines, trees: TreeWalker, place: GitPlace) {
    this.#paths = paths;
    this.#outlines = outlines;
    this.#trees = trees;
    this.#place = place;
  }

  /** For one range: which of its commits may change one of the files; every one that does is among them. */
  within(range: Range): (oid: ObjectId) => Promise<boolean> {
    let asked = 0;
    let listed: Promise<ReadonlySet<ObjectId>> | null = null;
    return async (oid) => {
      asked += 1;
      // Comparing a few trees ourselves costs less than starting git; a long history is git's to search.
      if (asked <= COMPARED) return true;
      listed ??= commitsTouching(this.#place, range, this.#paths).then((oids) => new Set(oids));
      return (await listed).has(oid);
    };
  }

  /**
   * The files that this commit changes.
   *
   * @throws ParseError for a tree that cannot be read
   */
  async changedBy(commit: Commit): Promise<readonly string[]> {
    const changed: string[] = [];
    const parents = await Promise.all(commit.parents.map((oid) => this.#outlines.outline(oid)));
    for (const path of this.#paths) {
      const after = await this.#entry(commit, path);
      const before = await Promise.all(
        parents.map(async (parent) => (parent === null ? null : this.#entry(parent, path))),
      );
      const unchanged = before.length === 0 ? after === null : before.includes(after);
      if (!unchanged) changed.push(path);
    }
    return changed;
  }

  async #entry(commit: Commit, path: string): Promise<string | null> {
    const entry = await this.#trees.entry(commit.tree, path);
    return entry === null ? null : `${entry.mode} ${entry.oid}`;
  }
}
