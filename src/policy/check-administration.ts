import type { Path, Problem } from "./document.ts";
import { duplicates } from "./duplicates.ts";
import { checkSelector } from "./check-rules.ts";
import type { Mapping } from "./loose.ts";
import { entriesOf, isMapping, mappingOf, textsOf } from "./loose.ts";
import { RIGHTS } from "./policy.ts";
import { SELF, selectPrincipals } from "./selectors.ts";

/** Every right must have as many holders who count as a change of it takes: else nobody could change the policy again. */
export function checkAdministration(file: Mapping): readonly Problem[] {
  const clause = mappingOf(file["administration"]);
  if (!isMapping(file["administration"])) return [];
  const threshold = typeof clause["threshold"] === "number" ? clause["threshold"] : 1;
  return RIGHTS.flatMap((right): readonly Problem[] => {
    const path: Path = ["administration", right];
    const members = textsOf(clause[right]).map(([, member]) => member);
    if (members.length === 0) return [];
    const named = members.filter((member) => member !== SELF);
    if (right !== "keys" && named.length < members.length) {
      const message = "`self` is for keys alone";
      return [{ path, message, expected: "principals, groups, `role:ROLE` or `*`" }];
    }
    const mistaken = [
      ...duplicates(clause[right], path),
      ...(named.length > 0 ? checkSelector(named, path, file) : []),
    ];
    if (mistaken.length > 0) return mistaken;
    const able = countable(named, file);
    if (able >= threshold) return [];
    const message =
      able === 0
        ? "names no human and no release principal"
        : `names ${able} who can agree to a change, and the threshold is ${threshold}`;
    return [{ path, message, expected: `at least ${threshold} of role human or release` }];
  });
}

function countable(members: readonly string[], file: Mapping): number {
  const roles = new Map(entriesOf(file["principals"]).map(([id, { role = "human" }]) => [id, role]));
  return [...selectPrincipals(members, file).names].filter((id) => ["human", "release"].includes(String(roles.get(id))))
    .length;
}
