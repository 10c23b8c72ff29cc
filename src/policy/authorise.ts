import { RIGHTS, type Right, type Names } from "./policy.ts";
import type { PolicyChange } from "./policy-diff.ts";
import type { Administrators } from "./rights.ts";

/** What a change takes: `count` of `holders` for each of the rights, or the one whose own key it is. */
export interface Demand {
  readonly change: PolicyChange;
  readonly count: number;
  readonly rights: readonly { readonly right: Right | "any"; readonly holders: Names }[];
  readonly own: string | null;
}

export function demandOf(change: PolicyChange, { holders, self, threshold }: Administrators): Demand {
  const everybody = new Set(RIGHTS.flatMap((right) => [...holders[right]]));
  const asked = change.right === "all" ? RIGHTS : change.right === "any" ? [] : [change.right];
  const rights =
    change.right === "any"
      ? [{ right: "any" as const, holders: everybody }]
      : asked.map((right) => ({ right, holders: holders[right] }));
  return { change, count: change.effect === "tightens" ? 1 : threshold, rights, own: self ? change.own : null };
}

export interface Unmet {
  readonly demand: Demand;
  /** Some of those who agreed hold every right it takes: only more of them are missing. */
  readonly begun: boolean;
  /** Who could make it good. */
  readonly missing: Names;
}

/** The changes that those who agreed to them may not make; each principal counts once, whoever signed or approved. */
export function unmetDemands(
  changes: readonly PolicyChange[],
  administrators: Administrators,
  agreed: ReadonlySet<string>,
): readonly Unmet[] {
  return changes.flatMap((change) => {
    const demand = demandOf(change, administrators);
    if (demand.own !== null && agreed.has(demand.own)) return [];
    const short = demand.rights.filter(({ holders }) => countOf(holders, agreed) < demand.count);
    if (short.length === 0) return [];
    const begun = short.every(({ holders }) => countOf(holders, agreed) > 0);
    const missing = new Set(short.flatMap(({ holders }) => [...holders].filter((id) => !agreed.has(id))));
    return [{ demand, begun, missing }];
  });
}

const countOf = (holders: Names, agreed: ReadonlySet<string>): number =>
  [...holders].filter((id) => agreed.has(id)).length;
