import { describe, expect, it } from "@jest/globals";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import type { RefInput } from "../../../../src/policy/decide-ref.ts";
import { NOW, codesOf, commitRule, policy, refInput, rule } from "../../../support/decisions.ts";

const free = { force: "allow", delete: "allow" } as const;
const decide = (over: Partial<RefInput>, clause = commitRule()) =>
  decideRef(refInput({ policyRef: true, rules: [rule({ commits: clause, updates: free })], ...over }));

describe("the ref that the policy is read from", () => {
  it("takes a fast-forward under a rule at error level", () => {
    expect(decide({}).allow).toBe(true);
  });

  it("is not rewound, whatever the rule says (ref-rollback)", () => {
    expect(codesOf(decide({ fastForward: false }))).toEqual(["ref-rollback"]);
    expect(codesOf(decide({ fastForward: null }))).toEqual(["ref-rollback"]);
    expect(decide({ fastForward: false, policyRef: false }).allow).toBe(true);
  });

  it("is not deleted, whatever the rule says (ref-deletion)", () => {
    const deletion = { new: null, newKind: null, fastForward: null };
    expect(codesOf(decide(deletion))).toEqual(["ref-deletion"]);
    expect(decide({ ...deletion, policyRef: false }).allow).toBe(true);
  });

  it("must be under `commits` at error level (policy-change)", () => {
    expect(codesOf(decide({}, commitRule({ level: "warn" })))).toEqual(["policy-change"]);
    expect(codesOf(decide({}, commitRule({ enforceFrom: NOW + 1 })))).toEqual(["policy-change"]);
    expect(decide({}, commitRule({ level: "warn", enforceFrom: NOW })).allow).toBe(true);
    expect(codesOf(decide({ rules: [rule()] }))).toEqual(["policy-change"]);
    const unruled = { rules: [], policy: policy({ unmatched: "allow" }) };
    expect(codesOf(decide(unruled))).toEqual(["policy-change"]);
  });
});
