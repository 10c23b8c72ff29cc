import type { ObjectId, Seconds } from "../model.ts";
import type { GitPlace } from "../io/git.ts";
import { collectCommits } from "../io/revisions.ts";
import type { Policy } from "../policy/policy.ts";

/** Values that stood on refs before a moment. */
export type Arrivals = (moment: Seconds) => Promise<readonly ObjectId[]>;

/** When an object arrived at the latest, as a receive record shows it; null where none does. */
export type Witness = (oid: ObjectId) => Promise<Seconds | null>;

/** What had arrived before a moment: commits and tags that landed values reach or are. */
export type Arrived = (moment: Seconds) => Promise<ReadonlySet<ObjectId>>;

/** Found out once for each moment. */
export function arrivedBy(place: GitPlace, arrivals: Arrivals): Arrived {
  const arrived = new Map<Seconds, Promise<ReadonlySet<ObjectId>>>();
  return (moment) => {
    const known = arrived.get(moment);
    if (known !== undefined) return known;
    const reached = arrivals(moment).then(
      async (tips) => new Set([...(await collectCommits(place, { include: tips, exclude: [], gone: true })), ...tips]),
    );
    arrived.set(moment, reached);
    return reached;
  };
}

/**
 * The record as a witness for what a compromised key signed: dates in objects are the signer's word, the time of arrival
 * is ours. Null where no key of the policy asks for it, which is nearly always.
 *
 * Answers for commits and tags that landed values reach or are; the time is that of the newest `compromised` mark it can
 * be told to lie before, less a second.
 */
export function recordWitness(policy: Policy, arrived: Arrived): Witness | null {
  const marks = new Set<Seconds>();
  for (const { keys } of policy.principals.values()) {
    for (const { window } of keys) if (typeof window.compromised === "number") marks.add(window.compromised);
  }
  if (marks.size === 0) return null;
  const ordered = [...marks].sort((a, b) => a - b);
  return async (oid) => {
    for (const mark of ordered) if ((await arrived(mark)).has(oid)) return mark - 1;
    return null;
  };
}
