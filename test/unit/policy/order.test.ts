import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import type { Finding, VerdictCode } from "../../../src/model.ts";
import { CODE_ORDER, orderFindings } from "../../../src/policy/order.ts";
import { verdictCodes } from "../../support/verdict-codes.ts";

const finding = (code: VerdictCode, severity: "error" | "warning" = "error", rule = "r", message = ""): Finding => ({
  code,
  severity,
  rule,
  message: message || code,
});

describe("the order of findings", () => {
  it("has a place for every verdict code, and for each but one", () => {
    expect([...CODE_ORDER].sort()).toEqual([...verdictCodes(readFileSync("src/model.ts", "utf8"))].sort());
  });

  it("puts errors before warnings, then the cause before its consequences", () => {
    const sorted = orderFindings([
      finding("unsigned", "warning"),
      finding("policy-change"),
      finding("identity-mismatch"),
      finding("bad-signature"),
    ]);
    expect(sorted.map((f) => f.code)).toEqual(["bad-signature", "identity-mismatch", "policy-change", "unsigned"]);
  });

  it("keeps the policy's order within a code, and says the same thing once, at its strictest", () => {
    const sorted = orderFindings([
      finding("signer-not-permitted", "error", "second", "x"),
      finding("signer-not-permitted", "error", "first", "y"),
      finding("unsigned", "warning", "lenient"),
      finding("unsigned", "error", "strict"),
    ]);
    expect(sorted.map((f) => f.rule)).toEqual(["strict", "second", "first"]);
  });
});
