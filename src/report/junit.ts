import { escapeXml } from "../encoding/text.ts";
import type { Decision, Finding, ReportHead } from "../model.ts";
import { subjectName } from "./findings.ts";
import type { Renderer } from "./renderer.ts";
import { show, showText } from "./show.ts";

/**
 * JUnit's XML as Jenkins reads it (its junit-4.xsd), and GitLab and Azure Pipelines: a test case for each decision, failed
 * where it denies. One failure holds all findings of a case, since most readers look at the first alone. The counts stand
 * first, so the cases are kept until the end: some 200 bytes for each commit that is allowed.
 */
export function createJunitRenderer(): Renderer {
  const cases: string[] = [];
  let head: ReportHead | null = null;
  return {
    begin(start) {
      head = start;
      return "";
    },
    decision(decision) {
      cases.push(caseOf(decision));
      return "";
    },
    end({ checked, denied }) {
      const counts = `tests="${checked}" failures="${denied}" errors="0"`;
      return (
        `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="signpolicy" ${counts}>\n` +
        `  <testsuite name="signpolicy" ${counts}>\n${propertiesOf(head)}${cases.join("")}  </testsuite>\n</testsuites>\n`
      );
    },
  };
}

function propertiesOf(head: ReportHead | null): string {
  const { source, digest } = head?.policy ?? { source: "none", digest: "none" };
  const all = [
    ["version", head?.tool.version ?? ""],
    ["policy", show(source)],
    ["policy.digest", digest],
    ...(head?.notes ?? []).map((note) => ["note", show(note)]),
  ];
  const lines = all.map(
    ([name, value]) => `      <property ${attribute("name", name)} ${attribute("value", value)}/>\n`,
  );
  return `    <properties>\n${lines.join("")}    </properties>\n`;
}

function caseOf(decision: Decision): string {
  const ref = decision.subject.ref === null ? "signpolicy" : show(decision.subject.ref, 200);
  const open = `    <testcase ${attribute("name", subjectName(decision))} ${attribute("classname", ref)}`;
  const [first] = decision.findings;
  if (first === undefined && !decision.exempt) return `${open}/>\n`;
  const body =
    first === undefined || decision.allow
      ? element("system-out", [...(decision.exempt ? ["exempt by the policy"] : []), ...decision.findings.map(lineOf)])
      : element(
          "failure",
          decision.findings.map(lineOf),
          `${attribute("type", first.code)} ${attribute("message", show(first.message, 500))}`,
        );
  return `${open}>\n      ${body}\n    </testcase>\n`;
}

function lineOf({ code, severity, rule, message, hint }: Finding): string {
  const asked = rule === null ? "" : ` (rule "${showText(rule, 60)}")`;
  return `${severity}: ${code}: ${show(message)}${asked}${hint === undefined ? "" : `\n  mend: ${show(hint)}`}`;
}

const element = (name: string, lines: readonly string[], attributes = ""): string =>
  `<${name}${attributes === "" ? "" : ` ${attributes}`}>${escapeXml(lines.join("\n"))}</${name}>`;

const attribute = (name: string, value = ""): string => `${name}="${escapeXml(value)}"`;
