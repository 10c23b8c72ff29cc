import { isEnforced, rulesFor } from "./applies.ts";
import type { RefName, Seconds } from "../model.ts";
import { membersAt } from "./membership.ts";
import type { Names, Policy, Principal, Right, Selector } from "./policy.ts";
import { humans } from "./words.ts";

/** Who holds which right over a policy, on one ref. */
export interface Administrators {
  /** Only principals that count toward administration: humans and releases. */
  readonly holders: Readonly<Record<Right, Names>>;
  readonly self: boolean;
  readonly threshold: number;
}

/**
 * The administrators of a policy. Where it does not name them, each right belongs to the humans in `signedBy` of every
 * rule that denies on the policy's ref (of those that warn, where none denies), and one of them is enough.
 *
 * @param now - by which it is told what denies
 * @param moments - at each of which a dated membership must hold
 */
export function administratorsOf(
  policy: Policy,
  ref: RefName | null,
  now: Seconds,
  moments: readonly Seconds[] = [now],
): Administrators {
  const { administration } = policy;
  if (administration !== null) {
    const { rules, principals, keys, exempt } = administration.holders;
    const counted = (selector: Selector): Names => countable(policy, membersAt(selector, ...moments));
    return {
      holders: { rules: counted(rules), principals: counted(principals), keys: counted(keys), exempt: counted(exempt) },
      self: administration.self,
      threshold: administration.threshold,
    };
  }
  const people = signersOn(policy, ref, now, moments);
  return {
    holders: { rules: people, principals: people, keys: people, exempt: people },
    self: false,
    threshold: 1,
  };
}

function signersOn(policy: Policy, ref: RefName | null, now: Seconds, moments: readonly Seconds[]): Names {
  const clauses = (ref === null ? [] : rulesFor(policy, ref)).flatMap(({ commits, paths }) =>
    commits === null || paths !== null ? [] : [commits],
  );
  const enforced = clauses.filter((clause) => isEnforced(clause, now));
  const [first, ...others] = (enforced.length > 0 ? enforced : clauses).map(({ signedBy }) =>
    humans(policy, membersAt(signedBy, ...moments)),
  );
  return new Set([...(first ?? [])].filter((id) => others.every((other) => other.has(id))));
}

const countable = (policy: Policy, names: Names): Names =>
  new Set([...names].filter((id) => ["human", "release"].includes(policy.principals.get(id)?.role ?? "")));

/** Of the holders those with a key that the policy's own limits let sign at this time. */
export function ableHolders(policy: Policy, holders: Names, now: Seconds): Names {
  return new Set(
    [...holders].filter((id) => {
      const principal = policy.principals.get(id);
      return principal !== undefined && canSign(principal, now);
    }),
  );
}

const canSign = ({ keys }: Principal, now: Seconds): boolean =>
  keys.some(
    ({ window: { until, retired, compromised, fell } }) =>
      compromised === undefined &&
      fell === undefined &&
      (retired === undefined || now < retired) &&
      (until === undefined || now < until),
  );
