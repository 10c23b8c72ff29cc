import type { RefName, Seconds } from "../model.ts";
import type { Enforcement, Glob, Policy, Rule } from "./policy.ts";
import { reservedKind } from "./reserved.ts";

/** Every rule whose `refs` name this ref, in the order of the policy. Rules that name it only by an ordinary wildcard do not name reserved refs. */
export function rulesFor(policy: Policy, ref: RefName): readonly Rule[] {
  return policy.rules.filter((rule) => rule.refs.some((glob) => namesRef(glob, ref)));
}

/**
 * Every rule that holds on this ref: those that name it, and rules for paths alone where one of those that name it denies
 * something at this time.
 */
export function rulesOn(policy: Policy, ref: RefName, time: Seconds): readonly Rule[] {
  const naming = rulesFor(policy, ref);
  if (!policy.rules.some(isForPathsAlone) || !naming.some((rule) => denies(rule, time))) return naming;
  return policy.rules.filter((rule) => isForPathsAlone(rule) || naming.includes(rule));
}

/** The patterns of the refs that a rule holds on at this time. */
export function patternsOn(policy: Policy, rule: Rule, time: Seconds): readonly string[] {
  const rules = isForPathsAlone(rule) ? policy.rules.filter((other) => denies(other, time)) : [rule];
  return [...new Set(rules.flatMap(({ refs }) => refs.map(({ pattern }) => pattern)))];
}

const isForPathsAlone = ({ refs, paths }: Rule): boolean => paths !== null && refs.length === 0;

/** Whether a rule refuses anything at this time. `updates` has no level. */
export function denies({ commits, tags, updates, pushes }: Rule, time: Seconds): boolean {
  const clauses = [commits, tags, pushes].filter((clause) => clause !== null);
  return clauses.some((clause) => isEnforced(clause, time)) || updates.force === "deny" || updates.delete === "deny";
}

/** Whether a rule asks every commit for a signature at this time. One for paths looks at few of them, and vouches for none. */
export const judgesCommits = ({ commits, paths }: Rule, time: Seconds): boolean =>
  commits !== null && paths === null && isEnforced(commits, time);

/** Approvals, which thresholds count and what a forge squashed needs, are for one ref; what else a rule asks is the same on each. */
export const asksForRef = ({ forge }: Policy, rules: readonly Rule[]): boolean =>
  rules.some(({ commits }) => commits !== null && (commits.threshold !== null || forge.squash === "allow"));

/** Whether anything may depend on approvals, which lie outside the history. */
export const asksApprovals = (policy: Policy): boolean =>
  policy.forge.squash === "allow" || (policy.administration?.threshold ?? 1) > 1 || asksForRef(policy, policy.rules);

/** Whether a glob of a rule names this ref: it matches, and spells a reserved ref's prefix out. */
export function namesRef(glob: Glob, ref: RefName): boolean {
  if (!glob.matches(ref)) return false;
  const reserved = reservedKind(ref);
  if (reserved === null) return true;
  if (reserved === "head") return glob.pattern === "HEAD" || glob.pattern.endsWith("/HEAD");
  return glob.pattern.toLowerCase().startsWith(`refs/${reserved}/`);
}

/**
 * Whether a clause of a rule denies at this time: `enforceFrom` reached, or `level: error` without an `enforceFrom`.
 * A clause at `level: warn` without `enforceFrom` never does.
 */
export function isEnforced(clause: Enforcement, time: Seconds): boolean {
  return clause.enforceFrom === null ? clause.level === "error" : time >= clause.enforceFrom;
}
