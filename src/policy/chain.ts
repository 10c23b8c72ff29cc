import type { ObjectId } from "../model.ts";

/** A commit that is authenticated from the trust root, and the policy it hands on. */
export interface Link<P> {
  readonly policy: P;
  /** The commit that made this policy what it is; several where branches made the same of it beside each other. */
  readonly changes: readonly ObjectId[];
  /** An authenticated path leads from here to the root by way of the commit that was asked for. */
  readonly through: boolean;
}

/** How a commit came to be authenticated. */
export interface Accepted<P> {
  readonly policy: P;
  /** It was made by this very commit. */
  readonly changed: boolean;
  /** Parents that the authenticated path may lead through. */
  readonly path: readonly ObjectId[];
}

/**
 * Which policy reaches which commit from a trust root. It only moves forward: commits are added ancestors first, and what
 * was added never changes. A commit that does not descend from the root is never part of it, so it gives nothing.
 */
export class PolicyChain<P extends { readonly id: string }> {
  readonly #via: ObjectId | null;
  /** Null: it descends from the root and is not authenticated. */
  readonly #links = new Map<ObjectId, Link<P> | null>();
  /** For each commit the changes of the policy that it reaches, a bit each: a set for each would be quadratic. */
  readonly #reached = new Map<ObjectId, bigint>();
  readonly #bits = new Map<ObjectId, bigint>();

  /**
   * @param start - the root, or commits that were authenticated from it and hand on this one policy
   * @param via - the commit that a path must lead through; null where every path will do
   */
  constructor(start: readonly [ObjectId, ...ObjectId[]], policy: P, via: ObjectId | null) {
    this.#via = via;
    const changes = [start[0]];
    for (const oid of start) {
      this.#links.set(oid, { policy, changes, through: via === null || oid === via });
      this.#reached.set(oid, this.#bitOf(start[0]));
    }
  }

  descends(oid: ObjectId): boolean {
    return this.#links.has(oid);
  }

  /** Null where the commit is not authenticated. */
  link(oid: ObjectId): Link<P> | null {
    return this.#links.get(oid) ?? null;
  }

  /** Every policy that an authenticated commit hands on. */
  policies(): readonly P[] {
    const found = new Map<string, P>();
    for (const link of this.#links.values()) if (link !== null) found.set(link.policy.id, link.policy);
    return [...found.values()];
  }

  /**
   * The policies that judge a commit with these parents: that of the newest, whose last change has the others' as
   * ancestors; where none is newest, each of them.
   */
  governing(parents: readonly ObjectId[]): readonly Link<P>[] {
    const links = new Map<string, Link<P>>();
    for (const parent of parents) {
      const link = this.link(parent);
      if (link === null) continue;
      const known = links.get(link.policy.id);
      links.set(link.policy.id, known === undefined ? link : this.#joined(known, link));
    }
    const all = [...links.values()];
    if (all.length < 2) return all;
    const newest = all.find((link) =>
      all.every((other) => other === link || (this.#supersedes(link, other) && !this.#supersedes(other, link))),
    );
    return newest === undefined ? all : [newest];
  }

  /** Two ways to one policy: the later one where it knew of the other, else both. */
  #joined(one: Link<P>, other: Link<P>): Link<P> {
    if (one.changes === other.changes) return one;
    const all = [...new Set([...one.changes, ...other.changes])];
    const changes = all.filter((change) => !all.some((later) => later !== change && this.#reaches(later, change)));
    return { ...one, changes };
  }

  #supersedes(link: Link<P>, other: Link<P>): boolean {
    return link.changes.some((later) => other.changes.some((change) => this.#reaches(later, change)));
  }

  #reaches(from: ObjectId, change: ObjectId): boolean {
    return ((this.#reached.get(from) ?? 0n) & this.#bitOf(change)) !== 0n;
  }

  /** Adds a commit whose parents have been added; `accepted` is null where it is not authenticated. */
  add(oid: ObjectId, parents: readonly ObjectId[], accepted: Accepted<P> | null): void {
    const reached = this.#reachedBy(parents);
    if (accepted === null) {
      this.#links.set(oid, null);
      this.#reached.set(oid, reached);
      return;
    }
    const { policy, changed, path } = accepted;
    const handedOn = changed ? undefined : this.governing(parents).find((link) => link.policy.id === policy.id);
    const changes = handedOn?.changes ?? [oid];
    const through = oid === this.#via || path.some((parent) => this.link(parent)?.through === true);
    this.#links.set(oid, { policy, changes, through });
    this.#reached.set(oid, handedOn === undefined ? reached | this.#bitOf(oid) : reached);
  }

  #reachedBy(parents: readonly ObjectId[]): bigint {
    let union = 0n;
    for (const parent of parents) {
      const reached = this.#reached.get(parent) ?? 0n;
      // Kept where it says the same, so that a history shares what it reaches.
      const both = union | reached;
      union = both === reached ? reached : both === union ? union : both;
    }
    return union;
  }

  #bitOf(change: ObjectId): bigint {
    const known = this.#bits.get(change) ?? 1n << BigInt(this.#bits.size);
    this.#bits.set(change, known);
    return known;
  }
}
