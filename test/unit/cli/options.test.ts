import { describe, expect, it } from "@jest/globals";
import { checkPolicyOptions, parseAt, parseFolder, parseFormat, parseReportFormat } from "../../../src/cli/options.ts";

describe("shared options", () => {
  it("take the formats that are built", () => {
    expect(parseFormat("json")).toBe("json");
    expect(parseFormat("text")).toBe("text");
  });

  it.each(["sarif", "junit", "github", "gitlab", "markdown"])("take %s for a report of decisions alone", (format) => {
    expect(parseReportFormat(format)).toBe(format);
    expect(() => parseFormat(format)).toThrowCode("ERR_USAGE");
  });

  it.each(["toString", "__proto__", "", "JSON"])("refuse the format '%s'", (format) => {
    expect(() => parseFormat(format)).toThrowCode("ERR_USAGE");
    expect(() => parseReportFormat(format)).toThrowCode("ERR_USAGE");
  });

  it("take a time with its zone, refuse any other", () => {
    expect(parseAt("2026-07-22T22:09:25Z")).toBe(1_784_758_165);
    expect(() => parseAt("2026-07-22")).toThrowCode("ERR_USAGE");
    expect(() => parseAt("yesterday")).toThrowCode("ERR_USAGE");
  });

  it("refuse two sources of policy", () => {
    expect(checkPolicyOptions({ policy: "x" })).toEqual({ policy: "x" });
    expect(() => checkPolicyOptions({ policy: "x", policyRef: "refs/heads/main" })).toThrowCode("ERR_USAGE");
  });

  it("add several -C up, and refuse what is no folder", () => {
    expect(parseFolder(".", "/tmp")).toBe("/tmp");
    expect(() => parseFolder("does-not-exist", undefined)).toThrowCode("ERR_USAGE");
    expect(() => parseFolder("package.json", process.cwd())).toThrowCode("ERR_USAGE");
  });
});
