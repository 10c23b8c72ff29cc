import type { Mapping } from "./loose.ts";
import { entriesOf, mappingOf, textsOf } from "./loose.ts";
import type { Role, Selector } from "./policy.ts";

export const ROLES: readonly Role[] = ["human", "release", "agent", "bot", "forge"];

/** In `administration.keys`: everybody, for the keys of his own. */
export const SELF = "self";

/**
 * The principals that members of a `signedBy` or `side` stand for: `*` is every principal but forges, which sign for
 * whoever is logged in and so are only ever named; `role:NAME` all of that role; else a group or a principal.
 */
export function selectPrincipals(members: readonly string[], file: Mapping): Selector {
  const principals = entriesOf(file["principals"]).map(([id, { role = "human" }]) => ({ id, role }));
  const groups = mappingOf(file["groups"]);
  return new Set(
    members.flatMap((member) => {
      if (member === "*") return principals.filter(({ role }) => role !== "forge").map(({ id }) => id);
      if (member.startsWith("role:"))
        return principals.filter(({ role }) => `role:${String(role)}` === member).map(({ id }) => id);
      if (Object.hasOwn(groups, member)) return textsOf(groups[member]).map(([, id]) => id);
      return [member];
    }),
  );
}
