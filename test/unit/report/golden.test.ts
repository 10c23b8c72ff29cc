import { describe, expect, it } from "@jest/globals";
import { createHookRenderer } from "../../../src/report/hook.ts";
import { createRenderer } from "../../../src/report/index.ts";
import { createJsonRenderer } from "../../../src/report/json.ts";
import { createTextRenderer } from "../../../src/report/text.ts";
import { expectGolden } from "../../support/golden.ts";
import { render, REPORT_CASES } from "../../support/reports.ts";

const plain = { colour: false, verbose: false, quiet: false };

describe.each(Object.entries(REPORT_CASES))("the report %s", (name, report) => {
  it("reads as its golden text", () => {
    expectGolden(`reports/${name}.txt`, render(createTextRenderer(plain), report));
  });

  it("reads as its golden verbose text", () => {
    expectGolden(`reports/${name}.verbose.txt`, render(createTextRenderer({ ...plain, verbose: true }), report));
  });

  it("is its golden JSON", () => {
    const json = render(createJsonRenderer(), report);
    expectGolden(`reports/${name}.json`, json);
    expect(() => JSON.parse(json) as unknown).not.toThrow();
  });

  it.each([
    ["sarif", "sarif.json"],
    ["junit", "junit.xml"],
    ["gitlab", "gitlab.json"],
    ["github", "github.log"],
    ["markdown", "md"],
  ] as const)("is its golden %s", (format, extension) => {
    expectGolden(`reports/${name}.${extension}`, render(createRenderer(format, plain), report));
  });

  it("is its golden push message", () => {
    expectGolden(`reports/${name}.hook.txt`, render(createHookRenderer({ stage: "push", gitlab: false }), report));
  });
});
