import { fromLatin1 } from "../encoding/bytes.ts";
import { formatTime } from "../encoding/time.ts";
import type { KeyWindow, PolicyOrigin, Seconds } from "../model.ts";
import type { Limits } from "../policy/limits.ts";
import type {
  Administration,
  Right,
  CommitRule,
  Enforcement,
  Exemption,
  Glob,
  PushRule,
  Rule,
  GroupMember,
  Selector,
  TagRule,
} from "../policy/policy.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

export interface ShownKey {
  readonly format: "openpgp" | "ssh" | "sshCa";
  /** The key file, or null for a key that stands in the policy. */
  readonly file: string | null;
  readonly fingerprint: string;
  /** OpenPGP only: of its other keys. */
  readonly subkeys: readonly string[];
  readonly algorithm: string;
  readonly bits: number;
  readonly namespaces?: readonly string[];
  readonly principals?: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly retired?: string;
  readonly compromised?: string | true;
  readonly confirmed?: string;
}

export interface ShownPrincipal {
  readonly name: string;
  readonly emails: readonly string[];
  readonly role: string;
  readonly owner: string | null;
  readonly keys: readonly ShownKey[];
}

interface ShownEnforcement {
  readonly level: "error" | "warn";
  readonly enforceFrom: string | null;
}

export interface ShownRule {
  readonly name: string;
  readonly refs: readonly string[];
  /** Only of a rule for paths. */
  readonly paths?: readonly string[];
  readonly commits:
    | (ShownEnforcement & {
        readonly signedBy: readonly string[];
        readonly side: readonly string[];
        readonly identity: string;
        readonly base: readonly string[];
        readonly threshold: number | null;
      })
    | null;
  readonly tags:
    | (ShownEnforcement & {
        readonly signedBy: readonly string[];
        readonly identity: string;
        readonly lightweight: string;
        readonly move: string;
        readonly delete: string;
        readonly target: string;
      })
    | null;
  readonly updates: { readonly force: string; readonly delete: string };
  readonly override: readonly string[];
  readonly pushes: (ShownEnforcement & { readonly signedBy: readonly string[]; readonly required: boolean }) | null;
}

/** Of a group: a name, or one with a term. */
export type ShownMember =
  string | { readonly principal: string; readonly from: string | null; readonly until: string | null };

/** A policy as it judges: presets and defaults in place, groups and roles spelled out, keys by fingerprint. Plain JSON. */
export interface ShownPolicy {
  readonly origin: PolicyOrigin;
  readonly files: readonly string[];
  readonly version: 1;
  readonly serial: number | null;
  readonly preset: string | null;
  readonly principals: Readonly<Record<string, ShownPrincipal>>;
  readonly groups: Readonly<Record<string, readonly ShownMember[]>>;
  readonly algorithms: { readonly rsaBits: number; readonly hashes: readonly string[] };
  readonly rules: readonly ShownRule[];
  readonly unmatched: "deny" | "allow";
  readonly forge: { readonly squash: "allow" | "deny" };
  readonly limits: Limits;
  /** Null where the humans in `signedBy` of the rule on its ref may change it. */
  readonly administration: ShownAdministration | null;
  readonly trust: { readonly merges: string; readonly exempt: readonly ShownExemption[] };
}

export type ShownAdministration = Readonly<Record<Right, readonly string[]>> & {
  readonly self: boolean;
  readonly threshold: number;
};

export interface ShownExemption {
  readonly commit?: string;
  readonly reachableFrom?: string;
  readonly key?: string;
  readonly reason: string;
  readonly until: string | null;
  readonly codes: readonly string[];
}

export function showLoaded({ policy, keys, origin, files }: LoadedPolicy): ShownPolicy {
  const principals = [...policy.principals.values()].map(({ id, name, emails, role, owner }) => {
    const own = keys.filter(({ principal }) => principal === id).map(showKey);
    return [id, { name, emails: emails.map(readable), role, owner, keys: own }] as const;
  });
  const { version, serial, preset, algorithms, unmatched, forge, limits } = policy;
  return {
    origin,
    files,
    version,
    serial,
    preset,
    principals: Object.fromEntries(principals),
    groups: Object.fromEntries([...policy.groups].map(([name, group]) => [name, group.map(showMember)])),
    algorithms,
    rules: policy.rules.map(showRule),
    unmatched,
    forge,
    limits,
    administration: policy.administration === null ? null : showAdministration(policy.administration),
    trust: { merges: policy.merges, exempt: policy.exempt.map(showExemption) },
  };
}

const showMember = (member: GroupMember): ShownMember =>
  typeof member === "string"
    ? member
    : { principal: member.principal, from: timeOrNull(member.from), until: timeOrNull(member.until) };

/** The policy holds such text as bytes. */
const readable = (text: string): string => new TextDecoder().decode(fromLatin1(text));

export function showKey({ entry, anchor }: LoadedKey): ShownKey {
  const { format, source, namespaces, principals, window, confirmed } = entry;
  const key = anchor.kind === "openpgp" ? anchor.certificate : anchor.key;
  return {
    format,
    file: source.kind === "file" ? source.path : null,
    fingerprint: key.fingerprint,
    subkeys: anchor.kind === "openpgp" ? anchor.certificate.keys.slice(1).map(({ fingerprint }) => fingerprint) : [],
    algorithm: key.algorithm,
    bits: key.bits,
    ...(format === "openpgp" ? {} : { namespaces }),
    ...(format === "sshCa" ? { principals: principals.map(readable) } : {}),
    ...showWindow(window),
    ...(confirmed === null ? {} : { confirmed: formatTime(confirmed) }),
  };
}

function showWindow({ from, until, retired, compromised }: KeyWindow): Partial<ShownKey> {
  return {
    ...(from === undefined ? {} : { from: formatTime(from) }),
    ...(until === undefined ? {} : { until: formatTime(until) }),
    ...(retired === undefined ? {} : { retired: formatTime(retired) }),
    ...(compromised === undefined ? {} : { compromised: compromised === true ? true : formatTime(compromised) }),
  };
}

const showRule = ({ name, refs, paths, commits, tags, updates, pushes, override }: Rule): ShownRule => ({
  name,
  refs: patterns(refs),
  ...(paths === null ? {} : { paths: patterns(paths) }),
  commits: commits === null ? null : showCommits(commits),
  tags: tags === null ? null : showTags(tags),
  updates,
  pushes: pushes === null ? null : showPushes(pushes),
  override: override === null ? [] : members(override),
});

const showCommits = (clause: CommitRule): NonNullable<ShownRule["commits"]> => ({
  signedBy: members(clause.signedBy),
  side: members(clause.side),
  identity: clause.identity,
  base: patterns(clause.base),
  threshold: clause.threshold,
  ...showEnforcement(clause),
});

const showTags = (clause: TagRule): NonNullable<ShownRule["tags"]> => ({
  signedBy: members(clause.signedBy),
  identity: clause.identity,
  lightweight: clause.lightweight,
  move: clause.move,
  delete: clause.delete,
  target: clause.target,
  ...showEnforcement(clause),
});

const showPushes = (clause: PushRule): NonNullable<ShownRule["pushes"]> => ({
  signedBy: members(clause.signedBy),
  required: clause.required,
  ...showEnforcement(clause),
});

const showEnforcement = ({ level, enforceFrom }: Enforcement): ShownEnforcement => ({
  level,
  enforceFrom: timeOrNull(enforceFrom),
});

const showAdministration = ({ holders, self, threshold }: Administration): ShownAdministration => ({
  rules: members(holders.rules),
  principals: members(holders.principals),
  keys: members(holders.keys),
  exempt: members(holders.exempt),
  self,
  threshold,
});

const showExemption = ({ commit, reachableFrom, key, reason, until, codes }: Exemption): ShownExemption => ({
  ...(commit === null ? {} : { commit }),
  ...(reachableFrom === null ? {} : { reachableFrom }),
  ...(key === null ? {} : { key }),
  reason,
  until: timeOrNull(until),
  codes: [...codes],
});

const members = ({ names }: Selector): readonly string[] => [...names];
const patterns = (globs: readonly Glob[]): readonly string[] => globs.map(({ pattern }) => pattern);
const timeOrNull = (time: Seconds | null): string | null => (time === null ? null : formatTime(time));
