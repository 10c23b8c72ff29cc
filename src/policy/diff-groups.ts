import { formatTime } from "../encoding/time.ts";
import { show, type Note } from "./diff-values.ts";
import type { Mapping } from "./loose.ts";
import type { Term } from "./policy.ts";
import { membersOf } from "./selectors.ts";

/** Groups member by member; of one who stays, when he is a member: a time less tightens, any other loosens. */
export function diffGroups(was: Mapping, is: Mapping, note: Note): void {
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const path = `groups.${name}`;
    if (!Object.hasOwn(is, name)) note(path, "loosens", `removes ${show(was[name])}`);
    else if (!Object.hasOwn(was, name)) note(path, "loosens", `is ${show(is[name])}`);
    else diffMembers(path, termsOf(was[name]), termsOf(is[name]), note);
  }
}

type Terms = ReadonlyMap<string, readonly Term[]>;

function termsOf(group: unknown): Terms {
  const terms = new Map<string, Term[]>();
  for (const { id, term } of membersOf(group)) {
    terms.set(id, [...(terms.get(id) ?? []), term ?? { from: null, until: null }]);
  }
  return terms;
}

function diffMembers(path: string, was: Terms, is: Terms, note: Note): void {
  const added = [...is.keys()].filter((id) => !was.has(id));
  const removed = [...was.keys()].filter((id) => !is.has(id));
  if (added.length > 0) note(path, "loosens", `adds ${added.map((id) => named(id, is)).join(", ")}`);
  if (removed.length > 0) note(path, "tightens", `removes ${removed.join(", ")}`);
  for (const [id, after] of is) {
    const before = was.get(id);
    if (before === undefined || words(before) === words(after)) continue;
    const tightens = after.every((term) => before.some((other) => covers(other, term)));
    note(path, tightens ? "tightens" : "loosens", `has ${id} ${words(after)}, was ${words(before)}`);
  }
}

const named = (id: string, terms: Terms): string => {
  const when = words(terms.get(id) ?? []);
  return when === ALWAYS ? id : `${id} ${when}`;
};

const ALWAYS = "for good";

const words = (terms: readonly Term[]): string =>
  terms
    .map(({ from, until }) => {
      const parts = [
        from === null ? null : `from ${formatTime(from)}`,
        until === null ? null : `until ${formatTime(until)}`,
      ];
      return parts.filter((part) => part !== null).join(" ") || ALWAYS;
    })
    .join(" and ");

const covers = (wide: Term, narrow: Term): boolean =>
  (wide.from ?? -Infinity) <= (narrow.from ?? -Infinity) && (narrow.until ?? Infinity) <= (wide.until ?? Infinity);
