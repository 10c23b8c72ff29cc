/**
 * What changed from one policy to the next, each difference with the right it takes. Pure data in, plain sentences out.
 */
import { diffKeys } from "./diff-keys.ts";
import { diffGroups } from "./diff-groups.ts";
import { diffNamed, diffValue, show, type Note } from "./diff-values.ts";
import { isMapping, listOf, mappingOf, type Mapping } from "./loose.ts";
import type { Seconds } from "../model.ts";
import { EXEMPTION_NAMES, RIGHTS, type KeyEntry, type Policy, type Right } from "./policy.ts";
import type { Administrators } from "./rights.ts";

/** A key of a policy as far as two policies are compared by it. */
export interface ComparedKey {
  readonly principal: string;
  readonly fingerprint: string;
  /** Differs when the certificate under the same fingerprint does: other self-signatures, subkeys, revocations. */
  readonly content: string;
  /** Revocations in it, by their digests. One without a reason is softened by `retired` beside it: that mark loosens. */
  readonly revocations: readonly string[];
  /** What a certificate says of itself; empty for other keys. */
  readonly statements: readonly CertificateStatement[];
  /** It said itself whose it is. */
  readonly proven: boolean;
  readonly entry: KeyEntry;
}

/** A self-signature that is real. */
export interface CertificateStatement {
  /** The key, one of its user IDs or a subkey. */
  readonly about: string;
  readonly created: Seconds;
  readonly digest: string;
  /** It counts for a time only. */
  readonly passes: boolean;
  /** It says when the key, or itself, ends. */
  readonly ends: boolean;
}

export interface ComparedPolicy {
  readonly policy: Policy;
  readonly keys: readonly ComparedKey[];
  readonly administrators: Administrators;
}

export interface PolicyChange {
  /** `all`: every right there is. `any`: whichever one. */
  readonly right: Right | "all" | "any";
  /** What tightens takes one holder, what loosens as many as the threshold says. What cannot be told loosens. */
  readonly effect: "tightens" | "loosens";
  /** Where: `rules.main.commits.signedBy`. */
  readonly path: string;
  /** In words, without the path: `adds bob`. */
  readonly message: string;
  /** The principal who may make it with `self`, since it is his own key. */
  readonly own: string | null;
  /** The key that it says is compromised. */
  readonly marks?: string;
}

/**
 * Every difference, in the order of the format. None: the two say the same, in whatever words. `serial` is no difference
 * of its own.
 */
export function diffPolicies(before: ComparedPolicy, after: ComparedPolicy): readonly PolicyChange[] {
  const changes: PolicyChange[] = [];
  const noteFor =
    (right: Right | "all"): Note =>
    (path, effect, message) =>
      void changes.push({ right, effect, path, message, own: null });
  const was = before.policy.written;
  const is = after.policy.written;
  diffPrincipals(mappingOf(was["principals"]), mappingOf(is["principals"]), noteFor("principals"));
  changes.push(...diffKeys(before.keys, after.keys));
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (SILENT.has(key)) continue;
    if (key === "rules") diffNamed(key, named(was[key], nameOf), named(is[key], nameOf), noteFor("rules"), "loosens");
    else if (key === "groups") diffGroups(mappingOf(was[key]), mappingOf(is[key]), noteFor("all"));
    else if (key === "trust") diffTrust(mappingOf(was[key]), mappingOf(is[key]), noteFor);
    else diffValue([key], was[key], is[key], noteFor(Object.hasOwn(OF_RULES, key) ? "rules" : "all"));
  }
  changes.push(...conferred(before.administrators, after.administrators, after.policy.administration === null));
  return changes;
}

/** The same policy in other words or at another place: whoever holds a right may do that. */
export const rewritten: PolicyChange = {
  right: "any",
  effect: "tightens",
  path: "policy",
  message: "is written differently and says the same",
  own: null,
};

/** What cannot be compared is a change of everything. */
export const incomparable = (message: string, effect: PolicyChange["effect"]): PolicyChange => ({
  right: "all",
  effect,
  path: "policy",
  message,
  own: null,
});

/** Compared elsewhere, or of no effect on any verdict. */
const SILENT: ReadonlySet<string> = new Set(["$schema", "version", "serial", "principals"]);
const OF_RULES: Readonly<Record<string, true>> = { preset: true, algorithms: true, unmatched: true, limits: true };

const nameOf = (entry: Mapping): string => String(entry["name"]);
/** What an exemption is about: a commit is not all that it reaches. */
const exemptionOf = (entry: Mapping): string =>
  EXEMPTION_NAMES.flatMap((name) => {
    const value = entry[name];
    return typeof value === "string" ? [`${name}:${value}`] : [];
  }).join(",");

function named(list: unknown, keyOf: (entry: Mapping) => string): ReadonlyMap<string, unknown> {
  return new Map(listOf(list).map((entry) => [keyOf(mappingOf(entry)), entry]));
}

function diffTrust(was: Mapping, is: Mapping, noteFor: (right: Right | "all") => Note): void {
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (key === "exempt") {
      const [before, after] = [named(was[key], exemptionOf), named(is[key], exemptionOf)];
      diffNamed("trust.exempt", before, after, noteFor("exempt"), "tightens");
    } else
      diffValue(
        ["trust", key],
        was[key] ?? DEFAULTS[key],
        is[key] ?? DEFAULTS[key],
        noteFor(key === "merges" ? "rules" : "all"),
      );
  }
}

const DEFAULTS: Readonly<Record<string, string>> = { merges: "every" };

function diffPrincipals(was: Mapping, is: Mapping, note: Note): void {
  for (const id of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const path = `principals.${id}`;
    const [before, after] = [was[id], is[id]];
    if (!isMapping(before)) note(path, "loosens", `adds ${show(mappingOf(after)["role"] ?? "human")} ${id}`);
    else if (!isMapping(after)) note(path, "tightens", `removes ${id}`);
    else {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        if (key !== "keys") diffValue(["principals", id, key], before[key], after[key], note);
      }
    }
  }
}

/** Whoever gains a right by an edit gains it from those who make the edit: they must hold it themselves. */
function conferred(before: Administrators, after: Administrators, implied: boolean): readonly PolicyChange[] {
  const gained = RIGHTS.map((right) => ({
    right,
    people: [...after.holders[right]].filter((id) => !before.holders[right].has(id)),
  })).filter(({ people }) => people.length > 0);
  const give = (right: Right | "all", people: readonly string[], what: string): PolicyChange => {
    const message = `gives ${people.join(", ")} ${what}`;
    return { right, effect: "loosens", path: "administration", message, own: null };
  };
  const [first] = gained;
  const alike = gained.every(({ people }) => people.join() === first?.people.join());
  if (first !== undefined && gained.length === RIGHTS.length && alike) {
    if (!implied) return [give("all", first.people, "every right over the policy")];
    const message = `is absent, so whoever may sign on a ref may change the policy there: now ${first.people.join(", ")} too`;
    return [{ ...give("all", first.people, ""), message }];
  }
  return gained.map(({ right, people }) => give(right, people, `the right \`${right}\``));
}
