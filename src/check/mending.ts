import type { Commit, ObjectId } from "../model.ts";
import { tryGit } from "../io/git.ts";
import type { GitPlace } from "../io/git.ts";
import { collectCommits } from "../io/revisions.ts";
import type { Fix } from "../policy/fixes.ts";

/**
 * Where a rewrite that mends a range starts: right below the first commit that needs it, so that one command mends all
 * of them and nobody's sound work before it is signed anew. Told of commits ancestors first.
 */
export class Mending {
  readonly #place: GitPlace;
  readonly #include: readonly ObjectId[];
  /** The named commits are the tips of what is judged, not some commits anywhere. */
  readonly #areTips: boolean;
  #fix: Fix | null = null;

  constructor(place: GitPlace, include: readonly ObjectId[], areTips: boolean) {
    this.#place = place;
    this.#include = include;
    this.#areTips = areTips;
  }

  /** For a commit that is denied. */
  async fixFor(commit: Commit): Promise<Fix> {
    if (this.#fix !== null) return this.#fix;
    const [parent] = commit.parents;
    const isTip =
      this.#include.length === 1 &&
      this.#include[0] === commit.oid &&
      (this.#areTips || (await this.#isCheckedOut(commit.oid)));
    const merges = isTip || (await this.#hasMerges(parent));
    const [top, other] = this.#include;
    const tops = top === undefined || other !== undefined ? {} : { top: top.slice(0, 12) };
    this.#fix = { base: parent?.slice(0, 12) ?? "--root", merges, ...tops };
    return isTip ? { ...this.#fix, tip: true, empty: await this.#changesNothing(commit) } : this.#fix;
  }

  async #isCheckedOut(oid: ObjectId): Promise<boolean> {
    const { status, stdout } = await tryGit(this.#place, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
    return status === 0 && stdout.toString("latin1").trim() === oid;
  }

  async #changesNothing({ oid, parents }: Commit): Promise<boolean> {
    const [parent, ...others] = parents;
    if (parent === undefined || others.length > 0) return false;
    const { status, stdout } = await tryGit(this.#place, ["rev-parse", `${oid}^{tree}`, `${parent}^{tree}`]);
    const [tree, before] = stdout.toString("latin1").split("\n");
    return status === 0 && tree === before;
  }

  /** A rebase that is not told so flattens them. */
  async #hasMerges(base: ObjectId | undefined): Promise<boolean> {
    // The option leaves out tips that are no merges, so that one which git does not list says nothing.
    const range = { include: this.#include, exclude: base === undefined ? [] : [base], gone: true } as const;
    return (await collectCommits(this.#place, range, ["--merges", "--max-count=1"])).length > 0;
  }
}
