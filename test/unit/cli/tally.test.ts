import { describe, expect, it } from "@jest/globals";
import { createTally } from "../../../src/cli/tally.ts";
import { createJsonRenderer } from "../../../src/report/json.ts";
import { decision, reportHead } from "../../support/reports.ts";

const head = reportHead();

function tallyOf(...decisions: readonly ReturnType<typeof decision>[]) {
  let text = "";
  const tally = createTally(createJsonRenderer(), (part) => (text += part));
  void tally.begin(head);
  for (const one of decisions) void tally.decision(one);
  return { ...tally.finish(), text };
}

const allowed = decision("a1", {});
const denied = decision("b2", {
  findings: [{ code: "unsigned", severity: "error", rule: null, message: "no signature" }],
});
const warned = decision("c3", {
  findings: [{ code: "unsigned", severity: "warning", rule: null, message: "no signature" }],
});
const exempt = decision("d4", { exempt: true });

describe("the tally of a report", () => {
  it("gives 0 when every subject is allowed, warnings and exemptions included", () => {
    const { exitCode, summary } = tallyOf(allowed, warned, exempt);
    expect(exitCode).toBe(0);
    expect(summary).toEqual({ checked: 3, allowed: 3, denied: 0, exempt: 1, warned: 1 });
  });

  it("gives 1 as soon as one subject is denied", () => {
    const { exitCode, summary } = tallyOf(allowed, denied, allowed);
    expect(exitCode).toBe(1);
    expect(summary).toEqual({ checked: 3, allowed: 2, denied: 1, exempt: 0, warned: 0 });
  });

  it("gives 0 for an empty range, and says how many were checked", () => {
    const { exitCode, text } = tallyOf();
    expect(exitCode).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ decisions: [], summary: { checked: 0 } });
  });

  it("refuses to end a report that never began: nothing judged is not all allowed", () => {
    expect(() => createTally(createJsonRenderer(), () => undefined).finish()).toThrow("never began");
  });

  it("writes while decisions come, so that memory does not grow with them", () => {
    let longest = 0;
    let written = 0;
    const tally = createTally(createJsonRenderer(), (part) => {
      longest = Math.max(longest, part.length);
      written += part.length;
    });
    void tally.begin(head);
    for (let i = 0; i < 5000; i++) void tally.decision(allowed);
    expect(written).toBeGreaterThan(500_000);
    tally.finish();
    expect(longest).toBeLessThan(32_768);
  });

  it("shows the first decision as it falls, and writes ever more at a time", () => {
    const parts: string[] = [];
    const tally = createTally(createJsonRenderer(), (part) => parts.push(part));
    void tally.begin(head);
    while (parts.length === 0) void tally.decision(allowed);
    expect(parts[0]?.length).toBeLessThan(2048);
    for (let i = 0; i < 5000; i++) void tally.decision(allowed);
    expect(parts.at(-1)?.length).toBeGreaterThanOrEqual(16_384);
    const { exitCode } = tally.finish();
    expect(exitCode).toBe(0);
    expect((JSON.parse(parts.join("")) as { decisions: unknown[] }).decisions.length).toBeGreaterThan(5000);
  });
});
