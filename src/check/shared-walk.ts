import type { ObjectId } from "../model.ts";
import { GitError } from "../errors.ts";
import { collectCommits, listParents, unreachedOf, type Range } from "../io/revisions.ts";
import type { Repository } from "../io/git.ts";
import { NO_SUSPECTS, type PolicyChanges, type Suspects } from "./policy-changes.ts";
import type { Tips } from "./tip-set.ts";

/** What one ref's new value brings in, as a walk for many refs found it. */
export interface KnownRange {
  /** Ancestors first. */
  readonly commits: readonly ObjectId[];
  /** Those on the first-parent line. */
  readonly line: () => ReadonlySet<ObjectId>;
  /** Where the range ends: parents of its commits, or the new value itself, that the excluded tips reach. */
  readonly edges: ReadonlySet<ObjectId>;
  readonly suspects: Suspects;
  /** Commits of the walk that this one does not reach. */
  readonly beyond: (from: ObjectId) => Promise<ReadonlySet<ObjectId>>;
}

const NONE: ReadonlySet<ObjectId> = new Set();

interface Node {
  readonly at: number;
  readonly parents: readonly ObjectId[];
}

/**
 * One walk over what many refs of a push bring in, so that git is not started for each of them. It is exact: for a ref
 * whose range it cannot tell for certain it gives null, and that ref is walked by itself.
 */
export class SharedWalk {
  readonly #repository: Repository;
  readonly #range: Range;
  readonly #nodes = new Map<ObjectId, Node>();
  readonly #suspects: Suspects;
  readonly #beyond = new Map<ObjectId, Promise<ReadonlySet<ObjectId>>>();

  private constructor(repository: Repository, range: Range, changes: PolicyChanges | null) {
    this.#repository = repository;
    this.#range = range;
    this.#suspects = changes?.within(range) ?? NO_SUSPECTS;
  }

  /** Null where git fails, or finds more commits than `most`: what the walk cannot tell, each ref's own walk does. */
  static async read(
    repository: Repository,
    range: Range,
    changes: PolicyChanges | null,
    most: number,
  ): Promise<SharedWalk | null> {
    const walk = new SharedWalk(repository, range, changes);
    try {
      for await (const [oid, ...parents] of listParents(repository, range)) {
        if (oid === undefined || walk.#nodes.size >= most) return null;
        walk.#nodes.set(oid, { at: walk.#nodes.size, parents });
      }
    } catch (error) {
      if (error instanceof GitError) return null;
      throw error;
    }
    return walk;
  }

  /** Of the commits at which the walk ended, those that these tips reach; they are of those that it excluded. */
  async leftOutBy(tips: Tips): Promise<ReadonlySet<ObjectId>> {
    const boundary = this.#boundary();
    if (this.#range.exclude.every((oid) => tips.has(oid))) return boundary;
    const others = await unreachedOf(this.#repository, [...boundary], [...tips]);
    return new Set([...boundary].filter((oid) => !others.has(oid)));
  }

  /** What the walk was to start from, and parents of what it lists, that it does not list. */
  #boundary(): ReadonlySet<ObjectId> {
    const met = [...this.#range.include, ...[...this.#nodes.values()].flatMap(({ parents }) => parents)];
    return new Set(met.filter((oid) => !this.#nodes.has(oid)));
  }

  /**
   * The commits that `tip` reaches and `exclude` does not. The walk left out what other refs' own tips reach, too: so
   * every edge of the range must be one of `exclude`, else something between them might be missing.
   *
   * @param exclude - whether this commit, with all it reaches, is left out for this ref
   * @param settled - commits to leave out with all they reach, edges included
   */
  range(tip: ObjectId, exclude: (oid: ObjectId) => boolean, settled: ReadonlySet<ObjectId> = NONE): KnownRange | null {
    const seen = new Set<ObjectId>();
    const edges = new Set<ObjectId>();
    const queue = [tip];
    for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
      if (seen.has(oid) || edges.has(oid) || settled.has(oid)) continue;
      const node = this.#nodes.get(oid);
      if (node !== undefined) {
        seen.add(oid);
        queue.push(...node.parents);
      } else if (exclude(oid)) edges.add(oid);
      else return null;
    }
    const placeOf = (oid: ObjectId): number => this.#nodes.get(oid)?.at ?? 0;
    return {
      commits: [...seen].sort((a, b) => placeOf(a) - placeOf(b)),
      line: () => this.#line(tip),
      edges,
      suspects: this.#suspects,
      beyond: (from) => this.#beyondOf(from),
    };
  }

  #line(tip: ObjectId): ReadonlySet<ObjectId> {
    const line = new Set<ObjectId>();
    for (let oid: ObjectId | undefined = tip; oid !== undefined; oid = this.#nodes.get(oid)?.parents[0]) {
      if (!this.#nodes.has(oid)) break;
      line.add(oid);
    }
    return line;
  }

  #beyondOf(from: ObjectId): Promise<ReadonlySet<ObjectId>> {
    const known = this.#beyond.get(from);
    if (known !== undefined) return known;
    const range = { ...this.#range, exclude: [...this.#range.exclude, from] };
    const beyond = collectCommits(this.#repository, range).then((oids) => new Set(oids));
    this.#beyond.set(from, beyond);
    return beyond;
  }
}
