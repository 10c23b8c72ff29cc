import type {
  Decision,
  Evidence,
  EvidenceCode,
  Finding,
  Fingerprint,
  ObjectId,
  PolicyOrigin,
  RefName,
  ReportHead,
  Summary,
} from "../../src/model.ts";
import type { Renderer } from "../../src/report/renderer.ts";

/** Reports made by hand, one for each thing a reader has to understand. */
export interface ReportCase {
  readonly head: ReportHead;
  readonly decisions: readonly Decision[];
}

const oid = (digit: string): ObjectId => digit.repeat(40).slice(0, 40) as ObjectId;
const main = "refs/heads/main" as RefName;
const at = 1_784_757_765;

const policy: PolicyOrigin = {
  source: "ref:refs/remotes/origin/main:.signpolicy.yaml",
  digest: `sha256:${"5c".repeat(32)}`,
  serial: 7,
};

export const reportHead = (notes: readonly string[] = [], origin: PolicyOrigin | null = policy): ReportHead => ({
  schemaVersion: 1,
  tool: { name: "signpolicy", version: "0.1.0" },
  policy: origin,
  notes,
});

const verified = (principal: string, lapsed: EvidenceCode | null = null): Evidence => ({
  outcome: "verified",
  format: "ssh",
  issuer: null,
  signedAt: at,
  signer: {
    principal,
    key: {
      fingerprint: "SHA256:n0J1Lh3Z9Y0m5zQ3yQYx2n1m2t1q6u9b1c7d5e3f8g4" as Fingerprint,
      primary: "SHA256:n0J1Lh3Z9Y0m5zQ3yQYx2n1m2t1q6u9b1c7d5e3f8g4" as Fingerprint,
      algorithm: "ed25519",
      bits: 256,
    },
  },
  lapsed: lapsed === null ? null : { code: lapsed, detail: "the policy has retired this key" },
});

const bySubkey: Evidence = {
  outcome: "verified",
  format: "openpgp",
  issuer: "AF94CDBB1D1E6FB2",
  signedAt: at,
  signer: {
    principal: "bob",
    key: {
      fingerprint: "13C6C1E9E80AB8D15AEDC0F8AF94CDBB1D1E6FB2" as Fingerprint,
      primary: "968479A1AFF927E37D1A566BB5690EEEBB952194" as Fingerprint,
      algorithm: "rsa",
      bits: 4096,
    },
  },
  lapsed: null,
};

const unsigned: Evidence = {
  outcome: "absent",
  format: "unknown",
  issuer: null,
  signedAt: null,
  code: "unsigned",
  detail: "no signature",
  suspect: null,
};

const unknownKey: Evidence = {
  outcome: "undecided",
  format: "openpgp",
  issuer: "B5690EEEBB952194",
  signedAt: at,
  code: "unknown-key",
  detail: "no key of the policy has this id",
  suspect: null,
};

const error = (code: Finding["code"], message: string, hint?: string): Finding => ({
  code,
  severity: "error",
  rule: "protected branches",
  message,
  ...(hint === undefined ? {} : { hint }),
});

const people = (title: string, author: string, committer = author) => ({ title, author, committer });

export function decision(id: string, parts: Partial<Decision>): Decision {
  const findings = parts.findings ?? [];
  return {
    subject: { kind: "commit", oid: oid(id), ref: main },
    allow: findings.every((finding) => finding.severity !== "error"),
    exempt: false,
    principal: null,
    rules: ["protected branches"],
    evidence: [],
    findings,
    shown: people("fix parser", "Alice Example <alice@example.org>"),
    ...parts,
  };
}

const unsignedBy = (id: string, title: string, who = "Bob <bob@example.org>"): Decision =>
  decision(id, {
    evidence: [unsigned],
    findings: [error("unsigned", "the commit carries no signature", "git rebase -f -S 9f8e7d6c5b4a")],
    shown: people(title, who),
  });

/** Everything a pusher controls, at its worst. Latin-1 text of bytes, as the model has it. */
const hostile =
  "\u001b[2J\u0007\r\nerror: GL-HOOK-ERR: ok \u009b31m \u00e2\u0080\u00ae\u00e2\u0080\u008b\u00ff\u0000 caf\u00c3\u00a9";

export const REPORT_CASES: Readonly<Record<string, ReportCase>> = {
  "all-allowed": {
    head: reportHead(),
    decisions: ["a1", "b2", "c3"].map((id) => decision(id, { principal: "alice", evidence: [verified("alice")] })),
  },
  "empty-range": { head: reportHead(), decisions: [] },
  "no-policy": {
    head: reportHead(
      ["no remote branch holds a policy: the work tree's own file judges, which proves nothing about itself"],
      null,
    ),
    decisions: [
      decision("0", {
        subject: { kind: "push", oid: null, ref: null },
        rules: [],
        shown: null,
        findings: [
          {
            code: "policy-missing",
            severity: "error",
            rule: null,
            message: "no policy was found",
            hint: "git config signpolicy.policy /etc/signpolicy/app.yaml",
          },
        ],
      }),
    ],
  },
  causes: {
    head: reportHead(["the checkout's policy differs from the one that judges"]),
    decisions: [
      decision("a1", { principal: "alice", evidence: [verified("alice")] }),
      unsignedBy("b2", "add login"),
      unsignedBy("c3", "add logout"),
      decision("d4", {
        evidence: [unknownKey],
        findings: [
          error("unknown-key", "the policy holds no key B5690EEEBB952194", "signpolicy policy show"),
          { code: "identity-mismatch", severity: "warning", rule: null, message: "the author is another principal" },
        ],
        shown: people("vendor import", "Carol <carol@example.org>", "Mallory <mallory@example.net>"),
      }),
      decision("e5", {
        principal: "bob",
        evidence: [bySubkey],
        findings: [error("signer-not-permitted", "bob may not sign here; alice may")],
        shown: people("bump version", "Bob <bob@example.org>"),
      }),
      decision("f6", {
        principal: "alice",
        evidence: [verified("alice", "key-retired")],
        findings: [error("key-retired", "the key was retired on 2026-03-01")],
      }),
      decision("a7", { exempt: true, evidence: [unsigned], findings: [] }),
    ],
  },
  warnings: {
    head: reportHead(),
    decisions: [
      decision("a1", { principal: "alice", evidence: [verified("alice")] }),
      decision("b2", {
        evidence: [unsigned],
        findings: [
          { code: "unsigned", severity: "warning", rule: "every branch", message: "the commit carries no signature" },
        ],
      }),
    ],
  },
  many: {
    head: reportHead(),
    decisions: Array.from({ length: 30 }, (_, i) => unsignedBy(i.toString(16).padStart(2, "0"), `commit number ${i}`)),
  },
  "push-of-refs": {
    head: reportHead(),
    decisions: [
      unsignedBy("a1", "on main"),
      decision("b2", {
        subject: { kind: "tag", oid: oid("b2"), ref: "refs/tags/v2" as RefName },
        rules: ["releases"],
        findings: [
          { ...error("unsigned-tag", "the tag carries no signature", "git tag -f -s v2 v2^{}"), rule: "releases" },
        ],
        shown: people("version 2", "", "Bob <bob@example.org>"),
      }),
      decision("c3", {
        subject: { kind: "ref", oid: oid("c3"), ref: "refs/heads/release/1.0" as RefName },
        findings: [error("ref-rollback", "the push drops commits that the ref holds")],
        shown: null,
      }),
      decision("0", {
        subject: { kind: "ref", oid: null, ref: "refs/heads/gone" as RefName },
        findings: [error("ref-deletion", "the ref may not be deleted")],
        shown: null,
      }),
      decision("d4", {
        subject: { kind: "commit", oid: oid("d4"), ref: "refs/heads/topic" as RefName },
        principal: "alice",
        evidence: [verified("alice")],
      }),
    ],
  },
  hostile: {
    head: reportHead([hostile]),
    decisions: [
      decision("a1", {
        subject: { kind: "commit", oid: oid("a1"), ref: `refs/heads/${hostile}` as RefName },
        principal: "ev\u202eil",
        rules: [`rule ${hostile}`],
        evidence: [{ ...unknownKey, issuer: hostile, suspect: hostile, signedAt: 2 ** 60 }],
        findings: [
          { code: "unknown-key", severity: "error", rule: `rule ${hostile}`, message: hostile, hint: hostile },
          { code: "identity-mismatch", severity: "error", rule: null, message: hostile },
        ],
        shown: people(hostile.repeat(50), hostile, hostile.repeat(3)),
      }),
    ],
  },
};

export function render(renderer: Renderer, report: ReportCase): string {
  const denied = report.decisions.filter((one) => !one.allow).length;
  const summary: Summary = {
    checked: report.decisions.length,
    allowed: report.decisions.length - denied,
    denied,
    exempt: report.decisions.filter((one) => one.exempt).length,
    warned: report.decisions.filter((one) => one.allow && !one.exempt && one.findings.length > 0).length,
  };
  return (
    renderer.begin(report.head) + report.decisions.map((one) => renderer.decision(one)).join("") + renderer.end(summary)
  );
}
