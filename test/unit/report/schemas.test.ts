import { describe, expect, it } from "@jest/globals";
import { createRenderer } from "../../../src/report/index.ts";
import { render, REPORT_CASES, type ReportCase } from "../../support/reports.ts";
import { gitlabErrors, junitErrors, sarifErrors, xmlTexts } from "../../support/schemas.ts";

function caseOf(name: string): ReportCase {
  const found = REPORT_CASES[name];
  if (found === undefined) throw new Error(`no report ${name}`);
  return found;
}

const options = { colour: false, verbose: false, quiet: false };

describe.each(Object.entries(REPORT_CASES))("the report %s is valid", (_, report) => {
  it("SARIF by the schema of OASIS", () => {
    expect(sarifErrors(render(createRenderer("sarif", options), report))).toEqual([]);
  });

  it("JUnit by the schema of Jenkins", () => {
    expect(junitErrors(render(createRenderer("junit", options), report))).toEqual([]);
  });

  it("code quality by GitLab's documentation", () => {
    expect(gitlabErrors(render(createRenderer("gitlab", options), report))).toEqual([]);
  });
});

describe("the schemas", () => {
  it("refuse what is not of their format", () => {
    expect(sarifErrors('{ "version": "2.1.0", "runs": [{ "results": [] }] }')).not.toEqual([]);
    expect(junitErrors('<testsuites><testsuite name="a"/></testsuites>')).not.toEqual([]);
    expect(gitlabErrors('[{ "description": "a", "severity": "error" }]')).toHaveLength(5);
  });
});

describe("findings in other formats", () => {
  const all = (format: "sarif" | "gitlab"): string => render(createRenderer(format, options), caseOf("causes"));

  it("are one result each, errors and warnings, with the codes as rules", () => {
    const [run] = (
      JSON.parse(all("sarif")) as {
        runs: { results: { ruleId: string; level: string }[]; tool: { driver: { rules: { id: string }[] } } }[];
      }
    ).runs;
    expect(run?.results.map(({ ruleId, level }) => `${level} ${ruleId}`)).toEqual([
      "error unsigned",
      "error unsigned",
      "error unknown-key",
      "warning identity-mismatch",
      "error signer-not-permitted",
      "error key-retired",
    ]);
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual([
      "unsigned",
      "unknown-key",
      "identity-mismatch",
      "signer-not-permitted",
      "key-retired",
    ]);
  });

  it("have fingerprints that differ from one another and stay the same in another run", () => {
    const prints = (JSON.parse(all("gitlab")) as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    expect((JSON.parse(all("gitlab")) as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint)).toEqual(
      prints,
    );
  });

  it("are failures of the cases they deny", () => {
    const xml = render(createRenderer("junit", options), caseOf("causes"));
    expect(xmlTexts(xml, "/testsuites/@failures")).toEqual(["5"]);
    expect(xmlTexts(xml, "//failure/@type")).toHaveLength(5);
    expect(xmlTexts(xml, "//testcase")).toHaveLength(7);
  });
});
