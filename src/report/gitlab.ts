import type { Decision, Finding, PolicyOrigin } from "../model.ts";
import { findingFingerprint, findingText, policyPlace } from "./findings.ts";
import { toJson } from "./json.ts";
import type { Renderer } from "./renderer.ts";

/**
 * GitLab's code quality report (docs.gitlab.com, "Code Quality report format"): one array of what is wrong, for
 * `artifacts: reports: codequality`. GitLab compares it by fingerprint with the target branch's.
 */
export function createGitlabRenderer(): Renderer {
  let policy: PolicyOrigin | null = null;
  let separator = "\n  ";
  return {
    begin(head) {
      policy = head.policy;
      return "[";
    },
    decision: (decision) =>
      decision.findings
        .map((finding) => {
          const text = separator + toJson(issueOf(decision, finding, policy));
          separator = ",\n  ";
          return text;
        })
        .join(""),
    end: () => "\n]\n",
  };
}

const issueOf = (decision: Decision, finding: Finding, policy: PolicyOrigin | null) => ({
  description: findingText(decision, finding),
  check_name: finding.code,
  fingerprint: findingFingerprint(decision, finding),
  severity: finding.severity === "error" ? "critical" : "minor",
  location: { path: policyPlace(policy), lines: { begin: 1 } },
});
