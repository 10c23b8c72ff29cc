import type { ObjectId } from "../model.ts";

/** Commits of which one may ask for a few where all are a hundred thousand, and on the disk: a `Set`, or what is like one. */
export interface Tips extends Iterable<ObjectId> {
  readonly size: number;
  has(oid: ObjectId): boolean;
}

export const NO_TIPS: Tips = new Set();

/** What any of these holds. It follows them when they change. */
export function unionOf(...sets: readonly Tips[]): Tips {
  const parts = sets.flatMap((set) => (set instanceof Union ? set.parts : [set])).filter((set) => !isNone(set));
  const [only = NO_TIPS, ...others] = new Set(parts);
  return others.length === 0 ? only : new Union([only, ...others]);
}

const isNone = (set: Tips): boolean => set instanceof Set && set.size === 0;

class Union implements Tips {
  readonly parts: readonly Tips[];

  constructor(parts: readonly Tips[]) {
    this.parts = parts;
  }

  has(oid: ObjectId): boolean {
    return this.parts.some((part) => part.has(oid));
  }

  get size(): number {
    return this.#all().size;
  }

  [Symbol.iterator](): Iterator<ObjectId> {
    return this.#all().values();
  }

  #all(): ReadonlySet<ObjectId> {
    return new Set(this.parts.flatMap((part) => [...part]));
  }
}

/** Whether all of the one are in the other; where the one was made of the other nothing is read for it. */
export function isPartOf(some: Tips, all: Tips): boolean {
  const known = partsOf(all);
  return partsOf(some).every((part) => known.includes(part) || [...part].every((oid) => all.has(oid)));
}

const partsOf = (set: Tips): readonly Tips[] => (set instanceof Union ? set.parts : [set]);

export const sorted = (set: Tips): readonly ObjectId[] => [...set].sort();

/** Whether they hold the same. */
export const isSame = (one: Tips, other: Tips): boolean =>
  one === other || (one.size === other.size && isPartOf(one, other));
