import type { Finding, RefName, SubjectRef, VerdictCode } from "../model.ts";
import { EXEMPTIBLE_CODES } from "./exemptible.ts";
import { reservedKind } from "./reserved.ts";

/**
 * Break-glass: a signed push, by one whom rules take for it, that gives a reason. It stands for the refs that its
 * certificate names, with these values and no others, and for nothing that those bring to another ref later.
 */
export interface Override {
  readonly principal: string;
  /** One line, latin-1 text of its bytes. */
  readonly reason: string;
  /** Names of the rules that take this principal's word. */
  readonly rules: ReadonlySet<string>;
}

/**
 * Which codes an override lifts. A signature that is wrong, bytes that mean two things, objects that are not there and
 * the policy itself: never; nor what kept us from judging at all. Complete by its type.
 */
const LIFTED: Readonly<Record<VerdictCode, boolean>> = {
  unsigned: true,
  "unknown-key": true,
  "key-expired": true,
  "key-not-yet-valid": true,
  "key-revoked": true,
  "key-retired": true,
  "key-invalid": true,
  "not-signing-capable": true,
  "signature-expired": true,
  "signature-in-future": true,
  "weak-algorithm": true,
  "identity-mismatch": true,
  "wrong-namespace": true,
  "wrong-signature-type": true,
  "multiple-signatures": true,
  unsupported: true,
  "cert-invalid": true,
  "user-presence-missing": true,
  "signer-not-permitted": true,
  "threshold-unmet": true,
  "tag-name-mismatch": true,
  "lightweight-tag": true,
  "unsigned-tag": true,
  "tag-target": true,
  "ref-rollback": true,
  "ref-deletion": true,
  "bad-signature": false,
  malformed: false,
  "missing-object": false,
  "policy-change": false,
  "replaced-object": false,
  "ref-unmatched": false,
  "policy-missing": false,
  "shallow-history": false,
  "bad-input": false,
  "resource-limit": false,
};

export interface Lifted {
  readonly findings: readonly Finding[];
  /** What became a warning, each code once. */
  readonly codes: readonly VerdictCode[];
}

/** Turns what the override lifts into warnings that say so, with the exemption that has to follow. */
export function liftFindings(findings: readonly Finding[], override: Override, subject: SubjectRef): Lifted {
  if (subject.ref === null || isOutOfReach(subject.ref)) return { findings, codes: [] };
  const lifts = ({ severity, code, rule }: Finding): boolean =>
    severity === "error" && LIFTED[code] && rule !== null && override.rules.has(rule);
  const codes = [...new Set(findings.filter(lifts).map(({ code }) => code))];
  if (codes.length === 0) return { findings, codes };
  const hint = nextStep(subject, codes, override.reason);
  const note = `(override by ${override.principal}: ${override.reason})`;
  return {
    codes,
    findings: findings.map((finding) =>
      lifts(finding) ? { ...finding, severity: "warning", message: `${finding.message} ${note}`, hint } : finding,
    ),
  };
}

/** Refs that change what other refs mean. */
const isOutOfReach = (ref: RefName): boolean => reservedKind(ref) !== null;

/** The override lets it land here; that it stands in every clone and on every other ref is for the policy to say. */
function nextStep({ kind, oid }: SubjectRef, codes: readonly VerdictCode[], reason: string): string {
  const forgiven = codes.filter((code) => EXEMPTIBLE_CODES.some((known) => known === code));
  if (oid === null || kind === "ref" || kind === "push" || forgiven.length === 0) {
    return "the record tells of it; nothing has to be committed for it";
  }
  const entry = `{ commit: ${oid}, reason: ${JSON.stringify(reason)}, codes: [${forgiven.join(", ")}] }`;
  return `commit this to trust.exempt of the policy next: ${entry}`;
}
