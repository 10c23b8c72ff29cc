/**
 * The policy as the rest of the product sees it: defaults and presets applied, groups and roles resolved to principals,
 * globs compiled. Made only by `parsePolicy`; a value of this type has passed every check of the file format.
 */
import type { Limits } from "./limits.ts";
import type { AlgorithmPolicy, KeyWindow, ObjectId, Seconds, VerdictCode } from "../model.ts";

export type Role = "human" | "release" | "agent" | "bot" | "forge";

/** Matches a full ref name or a path, both as latin-1 text of their bytes. */
export interface Glob {
  readonly pattern: string;
  matches(name: string): boolean;
}

/** Matches paths, and what a file system may take for them (src/policy/path-folding.ts). */
export interface PathGlob extends Glob {
  /** Whether it names the path byte for byte. */
  names(path: string): boolean;
  /** Whether it may match something below this folder. */
  reaches(folder: string): boolean;
  /** Whether it spells this folder out, with something below it: what stands there in the folder's place hides that. */
  spells(folder: string): boolean;
}

/** Where a value stands in the policy file, for issues found after parsing. */
export interface Place {
  /** JSON path: `$.principals.alice.keys[0]`. */
  readonly path: string;
  readonly line: number | null;
}

/** `text`: armored or one-line key in the policy itself. `file`: relative to the policy, never with `..`. */
export type KeySource =
  { readonly kind: "text"; readonly text: string } | { readonly kind: "file"; readonly path: string };

export interface KeyEntry {
  readonly format: "openpgp" | "ssh" | "sshCa";
  readonly source: KeySource;
  readonly window: KeyWindow;
  /** When a holder of `keys` said that it is sound, whoever brought it in; null where nobody did. */
  readonly confirmed: Seconds | null;
  /** SSH only; `["git"]` unless the policy says otherwise. */
  readonly namespaces: readonly string[];
  /** `sshCa` only: names a certificate must carry one of. */
  readonly principals: readonly string[];
  /** What the key signed to say whose it is, armored; unverified. */
  readonly proof: string | null;
  readonly place: Place;
}

export interface Principal {
  readonly id: string;
  readonly name: string;
  /** Bytes as latin-1 text, as in `Identity`, so that the two compare. */
  readonly emails: readonly string[];
  readonly role: Role;
  /** Of an agent: the principal answering for it. */
  readonly owner: string | null;
  readonly keys: readonly KeyEntry[];
}

/** Names of principals. */
export type Names = ReadonlySet<string>;

/** When a dated membership of a group holds: `from` inclusive, `until` exclusive, null for no such bound. */
export interface Term {
  readonly from: Seconds | null;
  readonly until: Seconds | null;
}

/** The principals that members of a `signedBy` and the like stand for; who of them counts at a time, `membersAt` says. */
export interface Selector {
  /** Everybody whom it stands for at some time. */
  readonly names: Names;
  /** Those of them whom it stands for by dated memberships alone. */
  readonly dated: ReadonlyMap<string, readonly Term[]>;
}

/** A member of a group: the name of a principal, or one with a term. */
export type GroupMember = string | (Term & { readonly principal: string });

export type IdentityRule = "committer" | "author" | "both" | "none";

/** `level: warn` or a coming `enforceFrom` makes findings warnings. */
export interface Enforcement {
  readonly level: "error" | "warn";
  readonly enforceFrom: Seconds | null;
}

export interface CommitRule extends Enforcement {
  /** Of the new value's first-parent line. */
  readonly signedBy: Selector;
  /** Of what merges bring in. */
  readonly side: Selector;
  readonly identity: IdentityRule;
  /** Refs whose rules' judged values count here. */
  readonly base: readonly Glob[];
  /** How many of `signedBy` must stand behind a commit, as its signer or by approving it; null: the signer is one of them. */
  readonly threshold: number | null;
}

export interface TagRule extends Enforcement {
  readonly signedBy: Selector;
  readonly identity: "tagger" | "none";
  readonly lightweight: "allow" | "deny";
  readonly move: "allow" | "deny";
  readonly delete: "allow" | "deny";
  readonly target: "verified" | "any";
}

export interface UpdateRule {
  readonly force: "allow" | "deny";
  readonly delete: "allow" | "deny";
}

/** Signed pushes. */
export interface PushRule extends Enforcement {
  readonly signedBy: Selector;
  /** False: an unsigned push passes, a signed one must be theirs. */
  readonly required: boolean;
}

export interface Rule {
  readonly name: string;
  /** Empty where the rule has `paths` alone: it names no ref, and holds on those that another names at error level. */
  readonly refs: readonly Glob[];
  /** The rule asks only of commits that change one of these; null: of every commit. */
  readonly paths: readonly PathGlob[] | null;
  readonly commits: CommitRule | null;
  readonly tags: TagRule | null;
  readonly updates: UpdateRule;
  readonly pushes: PushRule | null;
  /** Who may have a signed push pass against it, with a reason; null: nobody. */
  readonly override: Selector | null;
}

/** Forgives `codes` on one commit, or on all that `reachableFrom` reaches. `until`: last moment at which it may newly arrive. */
export interface Exemption {
  readonly commit: ObjectId | null;
  readonly reachableFrom: ObjectId | null;
  /** Lets stand what this key signed there although it is compromised, in place of forgiving codes. */
  readonly key: string | null;
  readonly reason: string;
  readonly until: Seconds | null;
  readonly codes: ReadonlySet<VerdictCode>;
}

/** What an administrator may change (docs/policy.md, "Who may change the policy"). */
/** What says which objects an exemption is about. */
export const EXEMPTION_NAMES = ["key", "commit", "reachableFrom"] as const;

export const RIGHTS = ["rules", "principals", "keys", "exempt"] as const;
export type Right = (typeof RIGHTS)[number];

/** Who holds which right, as the policy itself says. */
export interface Administration {
  readonly holders: Readonly<Record<Right, Selector>>;
  /** `keys: [self, …]`: everybody for his own keys, to tighten and renew. */
  readonly self: boolean;
  /** How many holders a change takes that loosens. */
  readonly threshold: number;
}

/** Which commits need not be judged because an authenticated one vouches for them; the first is the strictest. */
export const TRUST_MERGES = ["every", "vouched", "first-parent"] as const;
export type TrustMerges = (typeof TRUST_MERGES)[number];

export interface Policy {
  readonly version: 1;
  readonly serial: number | null;
  readonly preset: "baseline" | "team" | "strict" | null;
  readonly principals: ReadonlyMap<string, Principal>;
  readonly groups: ReadonlyMap<string, readonly GroupMember[]>;
  readonly algorithms: AlgorithmPolicy;
  readonly rules: readonly Rule[];
  readonly unmatched: "deny" | "allow";
  readonly exempt: readonly Exemption[];
  /** What a forge may sign beside clean merges. */
  readonly forge: { readonly squash: "allow" | "deny" };
  readonly limits: Limits;
  readonly merges: TrustMerges;
  /** Of an administrator's file: the commit that histories must authenticate themselves from, too. No other policy has one. */
  readonly trustRoot: ObjectId | null;
  /** Null: the policy does not say, and the humans who sign on its ref hold every right. */
  readonly administration: Administration | null;
  /** The file's own data, its preset applied: what two policies are compared by. */
  readonly written: Readonly<Record<string, unknown>>;
}
