import type { Path, Problem } from "./document.ts";
import { duplicates } from "./duplicates.ts";
import { checkGroups, checkPrincipals } from "./check-principals.ts";
import { checkAdministration } from "./check-administration.ts";
import { EXEMPTION_NAMES } from "./policy.ts";
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
    ...checkExemptions(listOf(mappingOf(file["trust"])["exempt"]).map(mappingOf)),
  ];
}

/** Two entries about the same could not be told apart when one of them changes. */
function checkExemptions(entries: readonly Mapping[]): readonly Problem[] {
  const seen = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const path = ["trust", "exempt", index];
    const problems = checkExemption(entry, path);
    if (problems.length > 0) return problems;
    const about = JSON.stringify(EXEMPTION_NAMES.map((name) => entry[name]));
    const other = seen.get(about);
    if (other === undefined) seen.set(about, index);
    return other === undefined
      ? []
      : [{ path, message: `is about the same as entry ${other}`, expected: "one entry with all its `codes`" }];
  });
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
