import type { Path, Problem } from "./document.ts";
import { duplicates } from "./duplicates.ts";
import { checkGroups, checkPrincipals } from "./check-principals.ts";
import { checkAdministration } from "./check-administration.ts";
import { checkRules } from "./check-rules.ts";
import type { Mapping } from "./loose.ts";
import { listOf, mappingOf } from "./loose.ts";

/** What takes more than one value of the file to see. Works on files that the schema refuses, too. */
export function checkPolicy(file: Mapping): readonly Problem[] {
  return [
    ...checkPrincipals(file),
    ...checkGroups(file),
    ...checkRules(file),
    ...checkAdministration(file),
    ...duplicates(mappingOf(file["algorithms"])["hashes"], ["algorithms", "hashes"]),
    ...listOf(mappingOf(file["trust"])["exempt"]).flatMap((entry, index) =>
      checkExemption(mappingOf(entry), ["trust", "exempt", index]),
    ),
  ];
}

function checkExemption(entry: Mapping, path: Path): readonly Problem[] {
  const problems = [...duplicates(entry["codes"], [...path, "codes"])];
  const named = ["commit", "reachableFrom"].filter((key) => entry[key] !== undefined);
  if (named.length !== 1) {
    const message = named.length === 0 ? "names no commit" : "names both `commit` and `reachableFrom`";
    problems.push({ path, message, expected: "exactly one of `commit` and `reachableFrom`" });
  }
  if (entry["key"] !== undefined && entry["codes"] !== undefined) {
    const message = "says nothing beside `key`, which forgives that key's compromise alone";
    problems.push({ path: [...path, "codes"], message, expected: "no `codes`" });
  }
  return problems;
}
