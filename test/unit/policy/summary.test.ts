import { describe, expect, it } from "@jest/globals";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { decidePush } from "../../../src/policy/decide-problem.ts";
import { EMPTY_SUMMARY, addToSummary } from "../../../src/policy/summary.ts";
import { commitInput, exemption, under, unverified } from "../../support/decisions.ts";

const unsigned = { evidence: [unverified("unsigned")] };

describe("addToSummary", () => {
  it("counts allowed and denied, and among the allowed the exempt and the warned", () => {
    const decisions = [
      decideCommit(commitInput()),
      decideCommit(commitInput(unsigned)),
      decideCommit(commitInput({ ...unsigned, ...under({ level: "warn" }) })),
      decideCommit(commitInput({ ...unsigned, exemptions: [exemption(["unsigned"])] })),
      decidePush({ code: "policy-missing", message: "no policy", hint: "set one" }),
    ];
    const summary = decisions.reduce(addToSummary, EMPTY_SUMMARY);
    expect(summary).toEqual({ checked: 5, allowed: 3, denied: 2, exempt: 1, warned: 1 });
    expect(Object.keys(summary)).toEqual(["checked", "allowed", "denied", "exempt", "warned"]);
  });
  it("starts from nothing", () => {
    expect([].reduce(addToSummary, EMPTY_SUMMARY)).toEqual(EMPTY_SUMMARY);
  });
});
