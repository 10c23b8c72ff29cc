import type { Commit, ObjectId } from "../model.ts";
import type { Range } from "../io/revisions.ts";
import type { GitPlace } from "../io/git.ts";
import { isUsual } from "../policy/places.ts";
import type { PolicyEdit } from "../policy/policy-edit.ts";
import { commitsChanging, lookAlikeFaults } from "./look-alikes.ts";
import { type Entry, mergeEntry } from "./merged-entry.ts";
import type { Outlines } from "./outlines.ts";
import { Parting } from "./parting.ts";
import type { EditTerms } from "./policy-edits.ts";
import { NO_POLICY, type PolicyState, type PolicyStates } from "./policy-states.ts";

/** Commits of a range whose trees are compared before git is asked for the rest. */
const COMPARED = 64;

/** A parent that cannot be read: equal to no other. */
const UNREADABLE: PolicyState = { id: "unreadable", loaded: null, problem: "a parent cannot be read" };

/** The commits of a range that may change one of the files; every one that does is among them. */
export interface Suspects {
  /** Says that the range holds this many, or more, and whether `told` will be given: git then searches it while other work is done. */
  expect(commits: number, isTold?: boolean): void;
  /** @param told - whether it touches one of `USUAL_PATHS`, where git has said so of a commit that is no merge */
  mayTouch(commit: Commit, told?: boolean | null): boolean | Promise<boolean>;
}

export interface PolicyChangeStep {
  readonly after: PolicyState;
  /** That of the newest among its parents, or of each where none is newest. */
  readonly judges: readonly PolicyState[];
  readonly parents: readonly PolicyState[];
}

/** What git finds once it is asked, which is once at most. */
class Search {
  readonly #ask: () => Promise<ReadonlySet<ObjectId>>;
  #begun: Promise<ReadonlySet<ObjectId>> | null = null;
  found: ReadonlySet<ObjectId> | null = null;

  constructor(ask: () => Promise<ReadonlySet<ObjectId>>) {
    this.#ask = ask;
  }

  begin(): Promise<ReadonlySet<ObjectId>> {
    if (this.#begun !== null) return this.#begun;
    this.#begun = this.#ask().then((oids) => (this.found = oids));
    this.#begun.catch(() => undefined);
    return this.#begun;
  }
}

/** Where nobody looks for them. */
export const NO_SUSPECTS: Suspects = { expect: () => undefined, mayTouch: () => false };

/**
 * Finds the commits that change the policy or a key file it names. A merge that takes one parent's policy, where the other
 * side left alone what stood where they parted, changes nothing: the change was one on that side, and was judged there. A
 * merge that takes the older policy, or makes a third of two, is a change of its own.
 */
export class PolicyChanges {
  /** Where a policy may stand, and the files of the one that is watched. */
  readonly paths: readonly string[];
  readonly #outlines: Outlines;
  readonly #states: PolicyStates;
  readonly #place: GitPlace;

  constructor(paths: readonly string[], outlines: Outlines, states: PolicyStates, place: GitPlace) {
    this.paths = paths;
    this.#outlines = outlines;
    this.#states = states;
    this.#place = place;
  }

  /**
   * Looks into one range.
   *
   * @param tips - commits at which it ends: what looks like the policy there, some commit of it brought
   */
  within(range: Range, tips: readonly ObjectId[] = range.include): Suspects {
    let asked = 0;
    let touching = 0;
    const searchFor = (paths: readonly string[]) => new Search(() => this.#touching(range, tips, paths));
    const whole = searchFor(this.paths);
    const rest = searchFor(this.paths.filter((path) => !isUsual(path)));
    return {
      expect: (commits, isTold = false) => void (commits > COMPARED && (isTold ? rest : whole).begin()),
      mayTouch: ({ oid, parents }, told = null) => {
        asked += 1;
        // git leaves out merges that equal their parents inside the range, whatever the one outside holds.
        if (parents.length > 1) return true;
        // Where many touch a folder for other reasons than ours, git is asked for the very files.
        if (told === true && (touching += 1) <= COMPARED) return true;
        // Comparing a few trees ourselves costs less than starting git; a long history is git's to search. The first are compared
        // even where git was faster, or a report would hang on which of the two was: comparing finds what looks like the policy for
        // a while only, too.
        if (asked <= COMPARED) return true;
        const search = told === false ? rest : whole;
        return search.found?.has(oid) ?? search.begin().then((found) => found.has(oid));
      },
    };
  }

  async #touching(range: Range, tips: readonly ObjectId[], paths: readonly string[]): Promise<ReadonlySet<ObjectId>> {
    const alike = await this.#states.lookAlikesAt(tips);
    return new Set(await commitsChanging(this.#place, range, paths, alike));
  }

  /**
   * How this commit changes the policy; null where it does not.
   *
   * @throws ParseError for a tree that cannot be read
   * @throws GitError when git cannot find where the parents of a merge parted
   */
  async editOf(commit: Commit, terms: EditTerms): Promise<PolicyEdit | null> {
    const step = await this.stepOf(commit);
    if (step === null) return null;
    const { editOf } = await import("./policy-edits.ts");
    return editOf(step.after, step.judges, step.parents, terms);
  }

  /**
   * The policy that a commit leaves behind, and those that stood before it; null where it changes none.
   *
   * @throws as `editOf`
   */
  async stepOf(commit: Commit): Promise<PolicyChangeStep | null> {
    const after = await this.stateAfter(commit);
    const oids = [...new Set(commit.parents)];
    // One after the other: a merge can have thousands of parents, whose trees must not all be in memory.
    const parents: PolicyState[] = oids.length === 0 ? [NO_POLICY] : [];
    for (const oid of oids) parents.push(await this.#stateOf(oid));
    const judges = parents.every(({ id }) => id === parents[0]?.id)
      ? parents.slice(0, 1)
      : await this.#newest(oids, parents);
    const beside = lookAlikeFaults(after.lookAlikes ?? [], parents).length > 0;
    return !beside && judges.every(({ id }) => id === after.id) ? null : { after, judges, parents };
  }

  /**
   * The policy that a commit leaves behind.
   *
   * @throws ParseError for a tree that cannot be read
   */
  stateAfter(commit: Commit): Promise<PolicyState> {
    return this.#states.at(commit);
  }

  /** What merging the parents' policies gives, one after the other; all of them where that is none of theirs. */
  async #newest(oids: readonly ObjectId[], parents: readonly PolicyState[]): Promise<readonly PolicyState[]> {
    const byId = new Map(parents.map((state) => [state.id, state]));
    const all = [...byId.values()];
    const parting = new Parting(this.#place, oids);
    if (parting.tooMany) return all;
    let merged: Entry | undefined = parents[0]?.id;
    for (const [at, { id }] of parents.entries()) {
      if (at === 0 || merged === undefined) continue;
      const bases = await Promise.all((await parting.basesAt(at)).map((oid) => this.#stateOf(oid)));
      merged = mergeEntry(merged, id, bases.length === 0 ? [NO_POLICY.id] : bases.map((base) => base.id));
    }
    const newest = merged == null ? undefined : byId.get(merged);
    return newest === undefined ? all : [newest];
  }

  async #stateOf(oid: ObjectId): Promise<PolicyState> {
    const commit = await this.#outlines.outline(oid);
    return commit === null ? UNREADABLE : this.#states.at(commit);
  }
}
