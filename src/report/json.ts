import { escapeJsonText } from "../encoding/text.ts";
import { formatTime } from "../encoding/time.ts";
import type { Decision, Evidence, Finding, PolicyOrigin } from "../model.ts";
import type { Renderer } from "./renderer.ts";

/**
 * The report as one JSON document (design §8): a decision a line, `summary` last, so that a consumer can stream it and
 * a truncated report is not valid JSON. `head.notes` have no place in it; the command line says them on stderr.
 */
export function createJsonRenderer(): Renderer {
  let separator = "\n    ";
  return {
    begin: (head) =>
      `{ "schemaVersion": ${head.schemaVersion},\n` +
      `  "tool": ${toJson({ name: head.tool.name, version: head.tool.version })},\n` +
      `  "policy": ${toJson(head.policy === null ? null : policyOf(head.policy))},\n` +
      `  "decisions": [`,
    decision(decision) {
      const text = separator + toJson(decisionOf(decision));
      separator = ",\n    ";
      return text;
    },
    end: ({ checked, allowed, denied, exempt, warned }) =>
      ` ],\n  "summary": ${toJson({ checked, allowed, denied, exempt, warned })} }\n`,
  };
}

const policyOf = (policy: PolicyOrigin) => ({
  source: mixedText(policy.source),
  digest: policy.digest,
  serial: policy.serial,
});

const decisionOf = (decision: Decision) => ({
  subject: {
    kind: decision.subject.kind,
    oid: decision.subject.oid,
    ref: decision.subject.ref === null ? null : escapeJsonText(decision.subject.ref),
  },
  allow: decision.allow,
  exempt: decision.exempt,
  principal: decision.principal,
  rules: decision.rules,
  evidence: decision.evidence.map(evidenceOf),
  findings: decision.findings.map(findingOf),
});

const evidenceOf = (evidence: Evidence) => ({
  format: evidence.format,
  outcome: evidence.outcome,
  code: evidence.outcome === "verified" ? null : evidence.code,
  key: evidence.outcome === "verified" ? keyOf(evidence.signer.key) : null,
  issuer: evidence.issuer === null ? null : mixedText(evidence.issuer),
  signedAt: evidence.signedAt === null ? null : formatTime(evidence.signedAt),
  ...(evidence.outcome === "verified" && evidence.lapsed !== null
    ? { lapsed: { code: evidence.lapsed.code, detail: mixedText(evidence.lapsed.detail) } }
    : {}),
});

const keyOf = (key: { fingerprint: string; primary: string; algorithm: string; bits: number }) => ({
  fingerprint: key.fingerprint,
  primary: key.primary,
  algorithm: key.algorithm,
  bits: key.bits,
});

const findingOf = (finding: Finding) => ({
  code: finding.code,
  severity: finding.severity,
  rule: finding.rule,
  message: mixedText(finding.message),
  hint: finding.hint === undefined ? null : mixedText(finding.hint),
});

/** Sentences that quote bytes of the repository: decoded where they are UTF-8, else what they are. */
function mixedText(text: string): string {
  const decoded = escapeJsonText(text);
  return decoded.includes("\u{fffd}") ? text : decoded;
}

/**
 * JSON.stringify leaves DEL, C1 controls, line separators and direction marks as they are, and a JSON report is read
 * on terminals, too: they are escaped, which JSON undoes without loss. So is what would be a command to whoever reads a log of
 * CI (`##vso[…]`).
 */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /(?<=#)#|[\u{7f}-\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
