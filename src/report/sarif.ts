import { escapeSarifMessage } from "../encoding/text.ts";
import type { Decision, Finding, PolicyOrigin, ReportHead, Severity, VerdictCode } from "../model.ts";
import { CODE_TITLES } from "./code-titles.ts";
import { findingFingerprint, findingText, policyPlace } from "./findings.ts";
import { toJson } from "./json.ts";
import type { Renderer } from "./renderer.ts";
import { show, showText } from "./show.ts";

/**
 * SARIF 2.1.0 (OASIS): a result for each finding, errors and warnings; what is allowed leaves no trace but the counts. The
 * results come first and stream; the codes that occurred are the rules of the tool, which stands last.
 */
export function createSarifRenderer(): Renderer {
  const seen = new Map<VerdictCode, Severity>();
  let separator = "\n      ";
  let head: ReportHead | null = null;
  return {
    begin(start) {
      head = start;
      return (
        `{ "$schema": "https://json.schemastore.org/sarif-2.1.0.json",\n  "version": "2.1.0",\n` +
        `  "runs": [{\n    "columnKind": "utf16CodeUnits",\n    "results": [`
      );
    },
    decision(decision) {
      return decision.findings
        .map((finding) => {
          if (seen.get(finding.code) !== "error") seen.set(finding.code, finding.severity);
          const text = separator + toJson(resultOf(decision, finding, head?.policy ?? null));
          separator = ",\n      ";
          return text;
        })
        .join("");
    },
    end: (summary) =>
      ` ],\n    "tool": ${toJson({ driver: driverOf(head, seen) })},\n` +
      `    "properties": ${toJson({ summary, policy: head?.policy?.digest ?? null, notes: head?.notes.map((note) => show(note)) ?? [] })}\n` +
      `  }] }\n`,
  };
}

const driverOf = (head: ReportHead | null, seen: ReadonlyMap<VerdictCode, Severity>) => ({
  name: "signpolicy",
  version: head?.tool.version ?? "",
  rules: [...seen].map(([id, level]) => ({
    id,
    shortDescription: { text: CODE_TITLES[id] },
    defaultConfiguration: { level },
  })),
});

const resultOf = (decision: Decision, finding: Finding, policy: PolicyOrigin | null) => {
  const { subject } = decision;
  const ref = subject.ref === null ? null : show(subject.ref);
  return {
    ruleId: finding.code,
    level: finding.severity,
    message: { text: escapeSarifMessage(findingText(decision, finding)) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(policyPlace(policy)), uriBaseId: "%SRCROOT%" },
          region: { startLine: 1 },
        },
        logicalLocations: [
          {
            name: subject.oid ?? ref ?? subject.kind,
            kind: subject.kind,
            ...(ref === null ? {} : { fullyQualifiedName: nameOf(ref, subject.oid) }),
          },
        ],
      },
    ],
    partialFingerprints: { "signpolicyFinding/v1": findingFingerprint(decision, finding) },
    properties: {
      oid: subject.oid,
      ref,
      rule: finding.rule === null ? null : showText(finding.rule),
      principal: decision.principal === null ? null : showText(decision.principal),
    },
  };
};

const nameOf = (ref: string, oid: string | null): string => (oid === null ? ref : `${ref}@${oid}`);
