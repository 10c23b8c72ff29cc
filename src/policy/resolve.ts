import { latin1 } from "../encoding/bytes.ts";
import { parseTime } from "../encoding/time.ts";
import type { KeyWindow, ObjectId, Seconds } from "../model.ts";
import type { PolicyDocument, Path } from "./document.ts";
import { renderPath } from "./document.ts";
import { DEFAULT_EXEMPT_CODES } from "./exemptible.ts";
import { compileGlob } from "./globs.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { compilePathGlob } from "./path-globs.ts";
import type {
  Administration,
  CommitRule,
  Enforcement,
  Exemption,
  GroupMember,
  KeyEntry,
  KeySource,
  Place,
  Policy,
  Principal,
  PushRule,
  Rule,
  TagRule,
  UpdateRule,
} from "./policy.ts";
import { isInlineKey } from "./inline-key.ts";
import type { ExemptionFile, KeyFile, PolicyFile, PrincipalFile, RuleFile } from "./schema.ts";
import { SELF, selectPrincipals } from "./selectors.ts";

/** A file that passed every check, with defaults applied and names resolved. */
export function resolvePolicy(file: PolicyFile, placeOf: PlaceOf): Policy {
  return {
    version: 1,
    serial: file.serial ?? null,
    preset: file.preset ?? null,
    principals: new Map(
      Object.entries(file.principals).map(([id, principal]) => [id, resolvePrincipal(id, principal, placeOf)]),
    ),
    groups: new Map(Object.entries(file.groups ?? {}).map(([name, group]) => [name, group.map(resolveMember)])),
    algorithms: {
      rsaBits: file.algorithms?.rsaBits ?? 2048,
      hashes: file.algorithms?.hashes ?? ["sha256", "sha384", "sha512"],
    },
    rules: file.rules.map((rule) => resolveRule(rule, file)),
    unmatched: file.unmatched ?? "deny",
    forge: { squash: file.forge?.squash ?? "deny" },
    exempt: file.trust?.exempt?.map(resolveExemption) ?? [],
    limits: {
      objectBytes: file.limits?.objectBytes ?? DEFAULT_LIMITS.objectBytes,
      commits: file.limits?.commits ?? DEFAULT_LIMITS.commits,
      refs: file.limits?.refs ?? DEFAULT_LIMITS.refs,
      seconds: file.limits?.seconds ?? DEFAULT_LIMITS.seconds,
    },
    merges: file.trust?.merges ?? "every",
    trustRoot: (file.trust?.root ?? null) as ObjectId | null,
    administration: file.administration === undefined ? null : resolveAdministration(file.administration, file),
    written: file,
  };
}

const resolveMember = (member: NonNullable<PolicyFile["groups"]>[string][number]): GroupMember =>
  typeof member === "string"
    ? member
    : { principal: member.principal, from: timeOrNull(member.from), until: timeOrNull(member.until) };

/** Identity lines are bytes held as latin-1 text; so are the addresses they are compared with. */
const byteText = (text: string): string => latin1(new TextEncoder().encode(text));

/** Tells of a path in the policy where it stands in the file. */
export type PlaceOf = (path: Path) => Place;

/** Where a value stands, for what is found about it later. */
export function placeIn(document: PolicyDocument, base: Path, path: Path): Place {
  const at = [...base, ...path];
  return { path: renderPath(at), line: document.lineOf(at) };
}

function resolvePrincipal(id: string, file: PrincipalFile, placeOf: PlaceOf): Principal {
  const emails = file.emails.map(byteText);
  return {
    id,
    name: file.name ?? id,
    emails,
    role: file.role ?? "human",
    owner: file.owner ?? null,
    keys: file.keys.map((key, index) => resolveKey(key, emails, placeOf(["principals", id, "keys", index]))),
  };
}

export function resolveKey(file: KeyFile, emails: readonly string[], place: Place): KeyEntry {
  const format = file.openpgp !== undefined ? "openpgp" : file.ssh !== undefined ? "ssh" : "sshCa";
  return {
    format,
    source: resolveSource(file[format] ?? ""),
    window: resolveWindow(file),
    confirmed: timeOrNull(file.confirmed),
    namespaces: file.namespaces ?? ["git"],
    principals: format === "sshCa" ? (file.principals?.map(byteText) ?? emails) : [],
    proof: file.proof ?? null,
    place,
  };
}

const resolveSource = (text: string): KeySource =>
  isInlineKey(text) ? { kind: "text", text } : { kind: "file", path: text };

function resolveWindow({ from, until, retired, compromised }: KeyFile): KeyWindow {
  return {
    ...(from === undefined ? {} : { from: parseTime(from) }),
    ...(until === undefined ? {} : { until: parseTime(until) }),
    ...(retired === undefined ? {} : { retired: parseTime(retired) }),
    ...(compromised === undefined ? {} : { compromised: compromised === true ? true : parseTime(compromised) }),
  };
}

function resolveRule(
  { name, refs, paths, commits, tags, updates, pushes, override }: RuleFile,
  file: PolicyFile,
): Rule {
  return {
    name,
    refs: refs?.map(compileGlob) ?? [],
    paths: paths?.map(compilePathGlob) ?? null,
    commits: commits === undefined ? null : resolveCommits(commits, file),
    tags: tags === undefined ? null : resolveTags(tags, file),
    updates: resolveUpdates(updates),
    pushes: pushes === undefined ? null : resolvePushes(pushes, file),
    override: override === undefined ? null : selectPrincipals(override, file),
  };
}

function resolveCommits(clause: NonNullable<RuleFile["commits"]>, file: PolicyFile): CommitRule {
  return {
    signedBy: selectPrincipals(clause.signedBy, file),
    side: selectPrincipals(clause.side ?? clause.signedBy, file),
    identity: clause.identity ?? "committer",
    base: clause.base?.map(compileGlob) ?? [],
    threshold: clause.threshold ?? null,
    ...resolveEnforcement(clause),
  };
}

function resolveTags(clause: NonNullable<RuleFile["tags"]>, file: PolicyFile): TagRule {
  return {
    signedBy: selectPrincipals(clause.signedBy, file),
    identity: clause.identity ?? "tagger",
    lightweight: clause.lightweight ?? "deny",
    move: clause.move ?? "deny",
    delete: clause.delete ?? "deny",
    target: clause.target ?? "verified",
    ...resolveEnforcement(clause),
  };
}

/** Who says who may sign pushes wants them signed. */
function resolvePushes(clause: NonNullable<RuleFile["pushes"]>, file: PolicyFile): PushRule {
  return {
    signedBy: selectPrincipals(clause.signedBy, file),
    required: clause.required ?? true,
    ...resolveEnforcement(clause),
  };
}

interface EnforcementFile {
  readonly level?: "error" | "warn" | undefined;
  readonly enforceFrom?: string | undefined;
}

const resolveEnforcement = ({ level, enforceFrom }: EnforcementFile): Enforcement => ({
  level: level ?? "error",
  enforceFrom: timeOrNull(enforceFrom),
});

/** A branch that could be deleted and created anew would not be kept from a rewind. */
function resolveUpdates(clause: RuleFile["updates"]): UpdateRule {
  const force = clause?.force ?? "allow";
  return { force, delete: clause?.delete ?? force };
}

function resolveAdministration(clause: NonNullable<PolicyFile["administration"]>, file: PolicyFile): Administration {
  const select = (members: readonly string[]) =>
    selectPrincipals(
      members.filter((member) => member !== SELF),
      file,
    );
  const { rules, principals, keys, exempt, threshold = 1 } = clause;
  return {
    holders: { rules: select(rules), principals: select(principals), keys: select(keys), exempt: select(exempt) },
    self: keys.includes(SELF),
    threshold,
  };
}

function resolveExemption({ commit, reachableFrom, key, reason, until, codes }: ExemptionFile): Exemption {
  return {
    commit: (commit ?? null) as ObjectId | null,
    reachableFrom: (reachableFrom ?? null) as ObjectId | null,
    key: key ?? null,
    reason,
    until: timeOrNull(until),
    codes: new Set(key === undefined ? (codes ?? DEFAULT_EXEMPT_CODES) : []),
  };
}

const timeOrNull = (text: string | undefined): Seconds | null => (text === undefined ? null : parseTime(text));
