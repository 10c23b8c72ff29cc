import { DEFAULT_LIMITS } from "../../src/policy/limits.ts";
import { always } from "../../src/policy/membership.ts";
import type {
  Commit,
  Evidence,
  EvidenceCode,
  Fingerprint,
  Identity,
  ObjectId,
  RefName,
  Seconds,
  Tag,
  VerdictCode,
} from "../../src/model.ts";
import type { CommitInput } from "../../src/policy/decide-commit.ts";
import type { RefInput } from "../../src/policy/decide-ref.ts";
import type { TagInput } from "../../src/policy/decide-tag.ts";
import { compileGlob } from "../../src/policy/globs.ts";
import type { PolicyEdit } from "../../src/policy/policy-edit.ts";
import type { Administrators } from "../../src/policy/rights.ts";
import type { CommitRule, Exemption, Policy, Principal, Role, Rule, TagRule } from "../../src/policy/policy.ts";

/** Parts of a decision made by hand: a policy of alice, bob, a bot, an agent and a forge, and what they sign. */
export const NOW: Seconds = 1_800_000_000;
export const DAY: Seconds = 86_400;
export const newClock = { mode: "new", now: NOW, latestAncestor: null } as const;
export const history = (latestAncestor: Seconds | null = null) =>
  ({ mode: "history", now: NOW, latestAncestor }) as const;

export const oid = (digit: string): ObjectId => digit.repeat(40).slice(0, 40) as ObjectId;
export const ref = (name: string): RefName => name as RefName;
export const main = ref("refs/heads/main");

export const glob = compileGlob;

export const principal = (id: string, role: Role = "human", emails = [`${id}@example.org`]): Principal => ({
  id,
  name: id,
  emails,
  role,
  owner: null,
  keys: [],
});

export const commitRule = (over: Partial<CommitRule> = {}): CommitRule => ({
  signedBy: always(["alice", "bob"]),
  side: always(["alice", "bob"]),
  identity: "committer",
  base: [],
  threshold: null,
  level: "error",
  enforceFrom: null,
  ...over,
});

export const tagRule = (over: Partial<TagRule> = {}): TagRule => ({
  signedBy: always(["alice", "bob"]),
  identity: "tagger",
  lightweight: "deny",
  move: "deny",
  delete: "deny",
  target: "verified",
  level: "error",
  enforceFrom: null,
  ...over,
});

export const rule = (over: Partial<Rule> = {}): Rule => ({
  name: "protected",
  refs: [glob("refs/heads/main")],
  paths: null,
  commits: null,
  tags: null,
  updates: { force: "allow", delete: "allow" },
  pushes: null,
  override: null,
  ...over,
});

export const policy = (over: Partial<Policy> = {}): Policy => ({
  version: 1,
  serial: null,
  preset: null,
  principals: new Map(
    [
      principal("alice"),
      principal("bob"),
      principal("robot", "bot"),
      principal("agent", "agent"),
      principal("github-web", "forge", ["noreply@github.com"]),
    ].map((one) => [one.id, one]),
  ),
  groups: new Map(),
  algorithms: { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] },
  rules: [],
  unmatched: "deny",
  exempt: [],
  forge: { squash: "deny" },
  limits: DEFAULT_LIMITS,
  merges: "every",
  trustRoot: null,
  administration: null,
  written: {},
  ...over,
});

export const identity = (email: string, at: Seconds = NOW - 60): Identity => ({ name: "A U Thor", email, at });

const signature = { format: "ssh", bytes: new Uint8Array([1]) } as const;

export const commit = (over: Partial<Commit> = {}): Commit => ({
  kind: "commit",
  oid: oid("c"),
  tree: oid("7"),
  parents: [oid("d")],
  author: identity("alice@example.org"),
  committer: identity("alice@example.org"),
  title: "a change",
  signedOff: false,
  payload: new Uint8Array(),
  signatures: [signature],
  ...over,
});

export const tag = (over: Partial<Tag> = {}): Tag => ({
  kind: "tag",
  oid: oid("a"),
  target: oid("c"),
  targetKind: "commit",
  name: "v1",
  tagger: identity("alice@example.org"),
  title: "version 1",
  payload: new Uint8Array(),
  signatures: [signature],
  ...over,
});

const claims = { format: "ssh", issuer: "SHA256:key", signedAt: NOW - 60 } as const;

export const verified = (
  by = "alice",
  over: { signedAt?: Seconds | null; lapsed?: EvidenceCode } = {},
): Evidence & { outcome: "verified" } => ({
  ...claims,
  outcome: "verified",
  signedAt: over.signedAt === undefined ? claims.signedAt : over.signedAt,
  signer: {
    principal: by,
    key: {
      fingerprint: `SHA256:${by}` as Fingerprint,
      primary: `SHA256:${by}` as Fingerprint,
      algorithm: "ed25519",
      bits: 256,
    },
  },
  lapsed: over.lapsed === undefined ? null : { code: over.lapsed, detail: "the policy's `until` has passed" },
});

export const unverified = (code: EvidenceCode, suspect: string | null = null): Evidence => ({
  ...claims,
  outcome: code === "unsigned" ? "absent" : code === "unknown-key" || code === "unsupported" ? "undecided" : "refuted",
  code,
  detail: `detail of ${code}`,
  suspect,
});

export const exemption = (codes: readonly VerdictCode[], over: Partial<Exemption> = {}): Exemption => ({
  commit: oid("c"),
  reachableFrom: null,
  key: null,
  reason: "history before signing",
  until: null,
  codes: new Set(codes),
  ...over,
});

/** A commit that is fine: alice signed what she committed, on a branch that takes her. */
export const commitInput = (over: Partial<CommitInput> = {}): CommitInput => ({
  policy: policy(),
  commit: commit(),
  ref: main,
  evidence: [verified()],
  applied: [{ rule: rule({ commits: commitRule() }), place: "line" }],
  clock: newClock,
  policyEdit: null,
  exemptions: [],
  ...over,
});

/** The same with this clause in place of the usual one. */
export const under = (clause: Partial<CommitRule>, place: "line" | "side" = "line"): Pick<CommitInput, "applied"> => ({
  applied: [{ rule: rule({ commits: commitRule(clause) }), place }],
});

export const tagInput = (over: Partial<TagInput> = {}): TagInput => ({
  policy: policy(),
  tag: tag(),
  ref: ref("refs/tags/v1"),
  outermost: true,
  evidence: [verified()],
  rules: [rule({ name: "releases", refs: [glob("refs/tags/**")], tags: tagRule() })],
  clock: newClock,
  exemptions: [],
  targetProblem: null,
  ...over,
});

export const refInput = (over: Partial<RefInput> = {}): RefInput => ({
  policy: policy(),
  ref: main,
  old: oid("1"),
  new: oid("2"),
  newKind: "commit",
  fastForward: true,
  rules: [rule({ commits: commitRule(), updates: { force: "deny", delete: "deny" } })],
  policyRef: false,
  clock: newClock,
  ...over,
});

/** The codes of the findings in their order, warnings in brackets. */
export const codesOf = (decision: { findings: readonly { code: VerdictCode; severity: string }[] }): string[] =>
  decision.findings.map(({ code, severity }) => (severity === "error" ? code : `(${code})`));

/** All that evidence may say against a signature. */
export const EVIDENCE_CODES: readonly EvidenceCode[] = [
  "unsigned",
  "bad-signature",
  "unknown-key",
  "key-expired",
  "key-not-yet-valid",
  "key-revoked",
  "key-retired",
  "key-invalid",
  "not-signing-capable",
  "signature-expired",
  "signature-in-future",
  "weak-algorithm",
  "wrong-namespace",
  "wrong-signature-type",
  "multiple-signatures",
  "malformed",
  "unsupported",
  "cert-invalid",
  "user-presence-missing",
  "resource-limit",
];

/** A change of the policy at these paths, each of which loosens and takes `threshold` of the holders. */
export const edit = (
  paths: readonly string[],
  faults: readonly string[] = [],
  threshold = 1,
  holders: readonly string[] = ["alice", "bob"],
): PolicyEdit => ({
  steps:
    paths.length === 0
      ? []
      : [
          {
            changes: paths.map((path) => ({ right: "rules", effect: "loosens", path, message: "is new", own: null })),
            administrators: [administrators(threshold, holders)],
          },
        ],
  faults,
  binding: false,
});

export const administrators = (
  threshold = 1,
  names: readonly string[] = ["alice", "bob"],
  self = false,
): Administrators => {
  const people = new Set(names);
  return { holders: { rules: people, principals: people, keys: people, exempt: people }, self, threshold };
};
