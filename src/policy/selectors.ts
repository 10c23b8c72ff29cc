import type { Mapping } from "./loose.ts";
import { parseTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { entriesOf, listOf, mappingOf } from "./loose.ts";
import type { Role, Selector, Term } from "./policy.ts";

export const ROLES: readonly Role[] = ["human", "release", "agent", "bot", "forge"];

/** In `administration.keys`: everybody, for the keys of his own. */
export const SELF = "self";

/**
 * The principals that members of a `signedBy` or `side` stand for: `*` is every principal but forges, which sign for
 * whoever is logged in and so are only ever named; `role:NAME` all of that role; else a group or a principal. Whom several
 * members stand for counts whenever one of them lets him.
 */
export function selectPrincipals(members: readonly string[], file: Mapping): Selector {
  const principals = entriesOf(file["principals"]).map(([id, { role = "human" }]) => ({ id, role }));
  const groups = mappingOf(file["groups"]);
  const names = new Set<string>();
  const undated = new Set<string>();
  const dated = new Map<string, Term[]>();
  for (const member of members) {
    if (Object.hasOwn(groups, member)) {
      for (const { id, term } of membersOf(groups[member])) {
        names.add(id);
        if (term === null) undated.add(id);
        else dated.set(id, [...(dated.get(id) ?? []), term]);
      }
      continue;
    }
    for (const id of namedBy(member, principals)) undated.add(id);
  }
  for (const id of undated) {
    names.add(id);
    dated.delete(id);
  }
  return { names, dated };
}

const namedBy = (
  member: string,
  principals: readonly { readonly id: string; readonly role: unknown }[],
): readonly string[] => {
  if (member === "*") return principals.filter(({ role }) => role !== "forge").map(({ id }) => id);
  if (!member.startsWith("role:")) return [member];
  return principals.filter(({ role }) => `role:${String(role)}` === member).map(({ id }) => id);
};

interface Member {
  readonly index: number;
  readonly id: string;
  /** Null where it is no dated membership. */
  readonly term: Term | null;
}

/** The members of a group as the file has them; what is none, or says no time where one belongs, is passed over. */
export function membersOf(group: unknown): readonly Member[] {
  return listOf(group).flatMap((entry, index): readonly Member[] => {
    if (typeof entry === "string") return [{ index, id: entry, term: null }];
    const { principal, from, until } = mappingOf(entry) as Readonly<Record<"principal" | "from" | "until", unknown>>;
    const term = { from: timeOf(from), until: timeOf(until) };
    const isTerm = (from === undefined || term.from !== null) && (until === undefined || term.until !== null);
    return typeof principal === "string" && isTerm ? [{ index, id: principal, term }] : [];
  });
}

/** A time of a file that may be wrong anywhere. */
export function timeOf(value: unknown): Seconds | null {
  try {
    return typeof value === "string" ? parseTime(value) : null;
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}
