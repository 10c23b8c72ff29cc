import type { Commit, ObjectId } from "../model.ts";
import { commitsTouching, mergeBases, type Range } from "../io/revisions.ts";
import type { GitPlace } from "../io/git.ts";
import type { Outlines } from "./outlines.ts";
import { type Entry, isMerged } from "./merged-entry.ts";
import type { TreeWalker } from "./trees.ts";

/** Commits of a range whose trees are compared before git is asked for the rest. */
const COMPARED = 64;

/** The entry of a commit that cannot be read: equal to no other. */
const UNREADABLE = "unreadable";

/**
 * Finds the commits that change the policy or a key file it names. A merge changes a file unless its entry is what a
 * file-level merge of its parents gives: what one side changed and the other left alone was a change, and was judged, on
 * that side. A merge that takes the older of two entries, or chooses between two changes, is a change of its own.
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
  within(range: Range): (commit: Commit) => boolean | Promise<boolean> {
    let asked = 0;
    let known: ReadonlySet<ObjectId> | null = null;
    let listed: Promise<ReadonlySet<ObjectId>> | null = null;
    return ({ oid, parents }) => {
      asked += 1;
      // Comparing a few trees ourselves costs less than starting git; a long history is git's to search. It leaves out
      // merges that equal their parents inside the range, whatever the one outside holds.
      if (asked <= COMPARED || parents.length > 1) return true;
      if (known !== null) return known.has(oid);
      listed ??= commitsTouching(this.#place, range, this.#paths).then((oids) => (known = new Set(oids)));
      return listed.then((touching) => touching.has(oid));
    };
  }

  /**
   * The files that this commit changes.
   *
   * @throws ParseError for a tree that cannot be read
   * @throws GitError when git cannot find where the parents of a merge parted
   */
  async changedBy(commit: Commit): Promise<readonly string[]> {
    const parents = [...new Set(commit.parents)];
    const read = await Promise.all(parents.map((oid) => this.#outlines.outline(oid)));
    let bases: Promise<readonly (Commit | null)[]> | null = null;
    const changed: string[] = [];
    for (const path of this.#paths) {
      const after = await this.#entry(commit, path);
      const before = await Promise.all(read.map((parent) => this.#entry(parent, path)));
      if (new Set(before).size <= 1) {
        if (after !== (before[0] ?? null)) changed.push(path);
        continue;
      }
      bases ??= this.#bases(parents);
      const forked = await Promise.all((await bases).map((base) => this.#entry(base, path)));
      if (!isMerged(after, before, forked)) changed.push(path);
    }
    return changed;
  }

  async #bases(parents: readonly ObjectId[]): Promise<readonly (Commit | null)[]> {
    const bases = await mergeBases(this.#place, parents);
    return Promise.all(bases.map((oid) => this.#outlines.outline(oid)));
  }

  async #entry(commit: Commit | null, path: string): Promise<Entry> {
    if (commit === null) return UNREADABLE;
    const entry = await this.#trees.entry(commit.tree, path);
    return entry === null ? null : `${entry.mode} ${entry.oid}`;
  }
}
