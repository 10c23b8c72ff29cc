import type { RefName, Seconds } from "../model.ts";
import type { Enforcement, Glob, Policy, Rule } from "./policy.ts";
import { reservedKind } from "./reserved.ts";

/** Every rule whose `refs` name this ref, in the order of the policy. Rules that name it only by an ordinary wildcard do not name reserved refs. */
export function rulesFor(policy: Policy, ref: RefName): readonly Rule[] {
  return policy.rules.filter((rule) => rule.refs.some((glob) => namesRef(glob, ref)));
}

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
