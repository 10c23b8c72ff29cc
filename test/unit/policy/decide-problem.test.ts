import { describe, expect, it } from "@jest/globals";
import type { VerdictCode } from "../../../src/model.ts";
import { decideProblem, decidePush } from "../../../src/policy/decide-problem.ts";
import { main, oid } from "../../support/decisions.ts";

describe.each(["policy-missing", "bad-input", "shallow-history", "resource-limit"] as const)(
  "a push with %s",
  (code) => {
    it("is denied as a whole", () => {
      expect(decidePush({ code, message: "why", hint: "mend" })).toEqual({
        subject: { kind: "push", oid: null, ref: null },
        allow: false,
        exempt: false,
        principal: null,
        rules: [],
        evidence: [],
        findings: [{ code, severity: "error", rule: null, message: "why", hint: "mend" }],
        shown: null,
      });
    });
  },
);

describe("an object that cannot be judged", () => {
  it("is denied under its own name", () => {
    const subject = { kind: "commit", oid: oid("c"), ref: main } as const;
    const decision = decideProblem(subject, { code: "malformed", message: "no tree", hint: "mend" }, ["protected"]);
    expect(decision).toMatchObject({ subject, allow: false, rules: ["protected"], findings: [{ code: "malformed" }] });
  });

  it("gets a general hint where the finder has none, or none at all", () => {
    const hintOf = (code: VerdictCode) => decidePush({ code, message: "why" }).findings[0]?.hint;
    expect(hintOf("shallow-history")).toBe("git fetch --unshallow (in CI: fetch-depth: 0)");
    expect(hintOf("policy-missing")).toContain("git config signpolicy.policy");
    expect(hintOf("tag-target")).toBeUndefined();
  });
});
