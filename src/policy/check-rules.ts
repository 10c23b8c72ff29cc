import type { Path, Problem } from "./document.ts";
import { duplicates } from "./duplicates.ts";
import type { Mapping } from "./loose.ts";
import { isMapping, listOf, mappingOf, textsOf } from "./loose.ts";
import { ROLES, selectPrincipals } from "./selectors.ts";
import { suggestion } from "./suggest.ts";

export function checkRules(file: Mapping): readonly Problem[] {
  const problems: Problem[] = [];
  const names = new Map<string, number>();
  listOf(file["rules"]).forEach((entry, index) => {
    const rule = mappingOf(entry);
    const path = ["rules", index];
    const { name } = rule as Readonly<Record<"name", unknown>>;
    if (typeof name === "string") {
      // The record and every report know a rule by its name.
      if (names.has(name)) {
        const message = `rule ${names.get(name) ?? 0} is called \`${name}\`, too`;
        problems.push({ path: [...path, "name"], message, expected: "a name that no other rule has" });
      } else names.set(name, index);
    }
    problems.push(
      ...checkReach(rule, path),
      ...duplicates(rule["refs"], [...path, "refs"]),
      ...duplicates(rule["paths"], [...path, "paths"]),
      ...checkUpdates(rule["updates"], [...path, "updates"]),
    );
    for (const [clause, field] of SELECTORS) {
      const selector = mappingOf(rule[clause])[field];
      if (selector !== undefined) problems.push(...checkSelector(selector, [...path, clause, field], file));
    }
    if (rule["override"] !== undefined) {
      problems.push(...checkSelector(rule["override"], [...path, "override"], file));
    }
    problems.push(
      ...duplicates(mappingOf(rule["commits"])["base"], [...path, "commits", "base"]),
      ...checkThreshold(mappingOf(rule["commits"]), [...path, "commits", "threshold"], file),
    );
  });
  return problems;
}

/** A rule names refs, or paths, which only `commits` can ask about. */
function checkReach(rule: Mapping, path: Path): readonly Problem[] {
  if (rule["paths"] === undefined) {
    return rule["refs"] === undefined
      ? [{ path: [...path, "refs"], message: "`refs` is missing", expected: "a list (or `paths`)" }]
      : [];
  }
  const problems = ["tags", "updates", "pushes"]
    .filter((clause) => rule[clause] !== undefined)
    .map((clause) => ({
      path: [...path, clause],
      message: "no path can be asked of it",
      expected: `\`${clause}\` in a rule without \`paths\``,
    }));
  return rule["commits"] === undefined
    ? [...problems, { path, message: "has `paths`, but asks nothing of commits", expected: "`commits`" }]
    : problems;
}

const SELECTORS: readonly (readonly [string, string])[] = [
  ["commits", "signedBy"],
  ["commits", "side"],
  ["tags", "signedBy"],
  ["pushes", "signedBy"],
];

/** Only people can meet a threshold. Members that nobody knows are told of by themselves. */
function checkThreshold(commits: Mapping, path: Path, file: Mapping): readonly Problem[] {
  const { threshold } = commits as Readonly<Record<"threshold", unknown>>;
  if (typeof threshold !== "number" || threshold < 1) return [];
  const principals = mappingOf(file["principals"]);
  const members = textsOf(commits["signedBy"]).map(([, member]) => member);
  const roles = [...selectPrincipals(members, file).names].map((id) =>
    Object.hasOwn(principals, id) ? (mappingOf(principals[id])["role"] ?? "human") : null,
  );
  const able = roles.filter((role) => role === "human" || role === "release").length;
  if (able >= threshold || roles.includes(null)) return [];
  const message = `${able === 1 ? "1 person" : `${able} people`} of \`signedBy\` could meet it`;
  return [{ path, message, expected: "at most as many as its human and release principals" }];
}

export function checkSelector(selector: unknown, path: Path, file: Mapping): readonly Problem[] {
  const problems = [...duplicates(selector, path)];
  const known = [...Object.keys(mappingOf(file["principals"])), ...Object.keys(mappingOf(file["groups"]))];
  const members = textsOf(selector);
  for (const [index, member] of members) {
    const at = [...path, index];
    if (member.startsWith("role:")) {
      const role = member.slice("role:".length);
      if (ROLES.some((name) => name === role)) continue;
      const message = `there is no role \`${role}\`${suggestion(role, ROLES)}`;
      problems.push({ path: at, message, expected: ROLES.map((name) => `role:${name}`).join(" | ") });
    } else if (member !== "*" && !known.includes(member)) {
      const message = `there is no principal or group \`${member}\`${suggestion(member, known)}`;
      problems.push({ path: at, message, expected: "a principal, a group, `role:ROLE` or `*`" });
    }
  }
  if (problems.length === 0 && members.length > 0 && isMapping(file["principals"])) {
    const selected = selectPrincipals(
      members.map(([, member]) => member),
      file,
    );
    if (selected.names.size === 0) {
      problems.push({ path, message: "names nobody: no principal has this role", expected: "at least one principal" });
    }
  }
  return problems;
}

/** `force: deny` would be no protection beside a permission to delete and create anew. */
function checkUpdates(updates: unknown, path: Path): readonly Problem[] {
  const { force, delete: deletion } = mappingOf(updates) as Readonly<Record<"force" | "delete", unknown>>;
  if (force !== "deny" || deletion !== "allow") return [];
  return [
    { path: [...path, "delete"], message: "contradicts `force: deny`", expected: "`delete: deny`, or no `delete`" },
  ];
}
