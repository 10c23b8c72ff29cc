/** A made-up history for the page of `report --html`: three years, a team that began to sign in its second. */
import type { Decision, Evidence, Fingerprint, ObjectId, RefName, Seconds, VerdictCode } from "../../src/model.ts";
import { AuditCollector } from "../../src/report/audit/collect.ts";
import type { AuditFacts, AuditKey } from "../../src/report/audit/facts.ts";

export const NOW: Seconds = Date.UTC(2026, 10, 20, 12) / 1000;
const DAY = 86_400;
const BEGIN = NOW - 3 * 365 * DAY;

/** Markup, scripts, ends of elements, terminal and direction controls, lone bytes: whatever a stranger may write. */
export const HOSTILE = [
  "</script><script>document.title='pwned'</script>",
  "<img src=x onerror=\"document.title='pwned'\">",
  "\u001b[2J\u202eevil",
  "<!--<script>",
  "]]>&amp;&#60;b&#62;",
  "caf\xc3\xa9 \xff\xfe",
  "${document.title='pwned'}`",
] as const;

const PEOPLE = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "ci"];
const TITLES = ["Fix the parser", "Add a test", "Release notes", "Merge branch 'topic'", "Refactor the walk", "Docs"];

/** The same for the same number, whatever the day. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function evidenceOf(person: string, at: Seconds, standing: "signed" | "unverified" | "unsigned"): Evidence {
  const format = PEOPLE.indexOf(person) % 3 === 0 ? "openpgp" : "ssh";
  if (standing === "unsigned") {
    return { outcome: "absent", code: "unsigned", detail: "", suspect: null, format, issuer: null, signedAt: null };
  }
  const fingerprint = `SHA256:${person.padEnd(43, "x")}` as Fingerprint;
  const claims = { format, issuer: null, signedAt: at } as const;
  return standing === "signed"
    ? {
        ...claims,
        outcome: "verified",
        lapsed: null,
        signer: { principal: person, key: { fingerprint, primary: fingerprint, algorithm: "ed25519", bits: 256 } },
      }
    : { ...claims, outcome: "undecided", code: "unknown-key", detail: "", suspect: null };
}

export function decisions(count: number): readonly Decision[] {
  const random = sequence(7);
  return Array.from({ length: count }, (_, index): Decision => {
    const at = Math.round(BEGIN + ((NOW - BEGIN) * index) / count);
    const progress = index / count;
    const person = PEOPLE[Math.floor(random() ** 2 * PEOPLE.length)] ?? "alice";
    const signs = random() < Math.min(0.985, Math.max(0.05, progress * 2.2 - 0.5));
    const standing = signs ? "signed" : random() < 0.2 ? "unverified" : "unsigned";
    const code: VerdictCode = standing === "unverified" ? "unknown-key" : "unsigned";
    const exempt = !signs && progress < 0.55;
    const message =
      code === "unsigned" ? "this commit is not signed" : "the signing key belongs to nobody in the policy";
    const mail = `${person} Example <${person}@example.org>`;
    const hostile = index % 97 === 0 ? (HOSTILE[(index / 97) % HOSTILE.length] ?? "") : null;
    return {
      subject: {
        kind: "commit",
        oid: index.toString(16).padStart(8, "0").repeat(5) as ObjectId,
        ref: "refs/heads/main" as RefName,
      },
      allow: signs || exempt,
      exempt,
      principal: signs ? person : null,
      rules: ["protected branches"],
      evidence: [evidenceOf(person, at, standing)],
      findings: signs
        ? []
        : [
            {
              code,
              severity: exempt ? "warning" : "error",
              rule: "protected branches",
              message: exempt ? `${message} (exempt: history before signing)` : message,
              hint: "git rebase -f -S origin/main && git push --force-with-lease",
            },
          ],
      shown: {
        title: hostile ?? TITLES[Math.floor(random() * TITLES.length)] ?? "",
        author: hostile === null ? mail : `${hostile} <x@example.org>`,
        committer: mail,
        at,
      },
    };
  });
}

const key = (principal: string, more: Partial<AuditKey>): AuditKey => ({
  principal,
  role: "human",
  format: "ssh",
  algorithm: "ed25519",
  fingerprint: `SHA256:${principal.padEnd(43, "k")}`,
  from: null,
  until: null,
  state: "good",
  why: "",
  ...more,
});

const KEYS: readonly AuditKey[] = [
  key("alice", { format: "openpgp", fingerprint: "A1".repeat(20), from: BEGIN - 300 * DAY, until: NOW + 200 * DAY }),
  key("alice", { from: BEGIN, until: BEGIN + 500 * DAY, state: "retired" }),
  key("bob", { from: NOW - 400 * DAY }),
  key("carol", { from: NOW - 700 * DAY, until: NOW + 20 * DAY, state: "ending" }),
  key("dave", { from: NOW - 600 * DAY, until: NOW - 90 * DAY, state: "compromised", why: "marked as compromised" }),
  key("erin", {
    algorithm: "rsa",
    from: NOW - 900 * DAY,
    until: NOW - 300 * DAY,
    state: "ended",
    why: "it has expired",
  }),
  key("frank", {}),
  key("ci", { role: "bot", from: NOW - 200 * DAY, until: NOW + 165 * DAY }),
];

export function auditFacts(count: number): AuditFacts {
  const collector = new AuditCollector();
  const digest = `sha256:${"ab".repeat(32)}`;
  collector.begin({
    schemaVersion: 1,
    tool: { name: "signpolicy", version: "0.0.0" },
    policy: { source: "ref:refs/remotes/origin/main:.signpolicy.yaml", digest, serial: 12 },
    notes: [],
  });
  const summary = { checked: 0, allowed: 0, denied: 0, exempt: 0, warned: 0 };
  for (const decision of decisions(count)) {
    collector.decision(decision);
    summary.checked++;
    summary[decision.allow ? "allowed" : "denied"]++;
    if (decision.exempt) summary.exempt++;
  }
  return {
    version: "0.0.0",
    targets: ["origin/main"],
    now: NOW,
    summary,
    ...collector.collected(),
    keys: KEYS,
    exemptions: [
      {
        oid: "9d1a2c0e".repeat(5),
        ancestors: true,
        reason: "history before signing",
        until: null,
        codes: ["unsigned", "unknown-key"],
      },
      {
        oid: "77ab12cd".repeat(5),
        ancestors: false,
        reason: "release script bug",
        until: NOW + 42 * DAY,
        codes: ["unsigned"],
      },
      {
        oid: "10fe20dc".repeat(5),
        ancestors: false,
        reason: "import of <b>vendor</b> code",
        until: NOW - 10 * DAY,
        codes: ["unsigned"],
      },
    ],
  };
}
