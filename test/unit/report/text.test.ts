import { describe, expect, it } from "@jest/globals";
import type { Decision, ObjectId, RefName } from "../../../src/model.ts";
import { createTextRenderer } from "../../../src/report/text.ts";
import type { TextOptions } from "../../../src/report/text.ts";
import { decision, render, REPORT_CASES, reportHead } from "../../support/reports.ts";

const plain: TextOptions = { colour: false, verbose: false, quiet: false };
const text = (name: string, options: Partial<TextOptions> = {}): string =>
  render(createTextRenderer({ ...plain, ...options }), REPORT_CASES[name] ?? { head: reportHead(), decisions: [] });

const unsigned = (n: number, ref: string): Decision =>
  decision("a1", {
    subject: {
      kind: "commit",
      oid: n.toString(16).padStart(40, "0").split("").reverse().join("") as ObjectId,
      ref: ref as RefName,
    },
    findings: [{ code: "unsigned", severity: "error", rule: "r", message: "not signed", hint: `mend ${n}` }],
  });

describe("the text report", () => {
  it("says nothing when quiet and all is allowed, warnings and notes included", () => {
    expect(text("all-allowed", { quiet: true })).toBe("");
    expect(text("warnings", { quiet: true })).toBe("");
    expect(text("empty-range", { quiet: true })).toBe("");
  });

  it("shows denials and the sum even when quiet", () => {
    const quiet = text("causes", { quiet: true });
    expect(quiet).toMatch(/^denied: unsigned/);
    expect(quiet).toContain("7 commits checked");
    expect(quiet).not.toContain("note:");
  });

  it("colours only when asked to, and means the same without", () => {
    const coloured = text("causes", { colour: true });
    expect(coloured).toContain("\u001b[31mdenied\u001b[0m");

    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(text("causes"));
  });

  it("names the ref of each commit where there are several, and of none where there is one", () => {
    const one = render(createTextRenderer(plain), { head: reportHead(), decisions: [unsigned(1, "refs/heads/a")] });
    expect(one.match(/refs\/heads\/a/g)).toHaveLength(1);
    const two = [unsigned(1, "refs/heads/a"), unsigned(2, "refs/heads/b")];
    const both = render(createTextRenderer(plain), { head: reportHead(), decisions: two });
    expect(both).toContain("100000000000 refs/heads/a");
    expect(both).toContain("200000000000 refs/heads/b");
  });

  it("gives each subject its own command where they differ, and one for all where they do not", () => {
    const differing = [unsigned(1, "refs/heads/a"), unsigned(2, "refs/heads/a")];
    const out = render(createTextRenderer(plain), { head: reportHead(), decisions: differing });
    expect(out).toContain("    fix: mend 1");
    expect(out).toContain("    fix: mend 2");
    expect(text("many").match(/fix:/g)).toHaveLength(1);
  });

  it("counts what it does not show, and shows all when verbose", () => {
    expect(text("many")).toContain("+10 more (--verbose shows all)");
    expect(text("many", { verbose: true })).toContain("commit number 29");
  });

  it("keeps messages that an attacker varies from growing without bound", () => {
    const decisions = Array.from({ length: 500 }, (_, n) =>
      decision("a1", { findings: [{ code: "unknown-key", severity: "error", rule: "r", message: `key ${n}` }] }),
    );
    const out = render(createTextRenderer(plain), { head: reportHead(), decisions });
    expect(out.split("\n").length).toBeLessThan(300);
    expect(out).toContain("500 commits checked on refs/heads/main: 0 allowed, 500 denied");
  });
});
