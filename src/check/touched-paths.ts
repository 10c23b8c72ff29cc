import { ObjectError, ParseError } from "../errors.ts";
import type { Commit, ObjectId } from "../model.ts";
import type { GitPlace } from "../io/git.ts";
import type { Problem } from "../policy/decide-problem.ts";
import { kindOf, type Touch, touchWords } from "../policy/path-words.ts";
import type { PathGlob, Rule } from "../policy/policy.ts";
import { objectProblem } from "./object-problem.ts";
import type { Outlines } from "./outlines.ts";
import { Parting } from "./parting.ts";
import { changedPaths, type PathChange, TooManyEntries } from "./tree-changes.ts";
import type { TreeWalker } from "./trees.ts";

/** Paths named in a message. */
const SHOWN = 3;

/** Of rules for paths, those whose paths a commit changes, with what it does to them. */
export type Touched = ReadonlyMap<Rule, string>;

/** Finds out which rules for paths ask about a commit. Nothing is looked at but tree objects. */
export class TouchedPaths {
  readonly #trees: TreeWalker;
  readonly #outlines: Outlines;
  readonly #place: GitPlace;

  constructor(trees: TreeWalker, outlines: Outlines, place: GitPlace) {
    this.#trees = trees;
    this.#outlines = outlines;
    this.#place = place;
  }

  /**
   * The rules among these whose paths the commit changes. What cannot be compared is a problem, never "nothing changed".
   *
   * @param from - its parents; what others brought in is its own change, since nobody judged it on their side
   * @throws GitError when git cannot find where the parents of a merge parted
   */
  async by(
    commit: Commit,
    rules: readonly Rule[],
    from: readonly ObjectId[] = commit.parents,
  ): Promise<Touched | Problem> {
    const found = new Map<Rule, Touch[]>();
    const open = (): readonly Rule[] => rules.filter((rule) => (found.get(rule)?.length ?? 0) <= SHOWN);
    const parents = [...new Set(from)];
    const parting = new Parting(this.#place, parents);
    try {
      const changes = changedPaths(this.#trees, {
        after: commit.tree,
        before: await this.#treesOf(parents),
        basesAt: parting.tooMany ? null : async (step) => this.#treesOf(await parting.basesAt(step)),
        wanted: (folder) => open().some(({ paths }) => paths?.some((glob) => glob.reaches(folder)) === true),
        named: (change) => open().some((rule) => protecting(rule, change) !== null),
      });
      for await (const change of changes) {
        for (const rule of open()) {
          const glob = protecting(rule, change);
          if (glob !== null) found.set(rule, [...(found.get(rule) ?? []), { ...change, glob }]);
        }
        if (open().length === 0) break;
      }
    } catch (error) {
      if (error instanceof TooManyEntries) {
        return { code: "resource-limit", message: "its trees differ in more entries than are compared" };
      }
      if (error instanceof ParseError) return objectProblem(error);
      throw error;
    }
    return new Map([...found].map(([rule, all]) => [rule, touchWords(all.slice(0, SHOWN), all.length > SHOWN)]));
  }

  #treesOf(commits: readonly ObjectId[]): Promise<readonly ObjectId[]> {
    return Promise.all(
      commits.map(async (oid) => {
        const outline = await this.#outlines.outline(oid);
        if (outline === null) throw new ObjectError("commit", `${oid} cannot be read`);
        return outline.tree;
      }),
    );
  }
}

/** The first pattern of a rule that protects a path: that names it, or a folder that a link or submodule there would stand for. */
function protecting({ paths }: Rule, { path, before, after }: PathChange): PathGlob | null {
  const diverts = [after, ...before].some((entry) => entry !== null && kindOf(entry) !== "file");
  return paths?.find((glob) => glob.matches(path) || (diverts && glob.spells(path))) ?? null;
}
