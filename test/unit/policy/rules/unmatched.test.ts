import { describe, expect, it } from "@jest/globals";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import { codesOf, commitInput, glob, policy, ref, refInput, rule, unverified } from "../../../support/decisions.ts";

const allow = policy({ unmatched: "allow" });

describe("a ref that no rule names", () => {
  it("is denied by default (ref-unmatched)", () => {
    expect(codesOf(decideRef(refInput({ rules: [] })))).toEqual(["ref-unmatched"]);
    expect(codesOf(decideRef(refInput({ rules: [], new: null, newKind: null })))).toEqual(["ref-unmatched"]);
    expect(decideRef(refInput()).allow).toBe(true);
  });

  it("is allowed under `unmatched: allow`, with no rules", () => {
    expect(decideRef(refInput({ rules: [], policy: allow }))).toMatchObject({ allow: true, rules: [] });
  });

  it.each([
    ["refs/replace/0123", ["replaced-object", "ref-unmatched"]],
    [`refs/replace/${"0123".repeat(10)}`, ["replaced-object", "ref-unmatched"]],
    ["refs/Replace/0123", ["replaced-object", "ref-unmatched"]],
    ["refs/signpolicy/approvals/alice", ["ref-unmatched"]],
    ["refs/heads/HEAD", ["ref-unmatched"]],
    ["refs/remotes/origin/HEAD", ["ref-unmatched"]],
  ])("stays denied under `unmatched: allow` where it is reserved: %s (%j)", (name, codes) => {
    expect(codesOf(decideRef(refInput({ ref: ref(name), rules: [], policy: allow })))).toEqual(codes);
    const spelled = [rule({ refs: [glob(name)] })];
    expect(decideRef(refInput({ ref: ref(name), rules: spelled, policy: allow })).allow).toBe(true);
  });

  it("is not named by a rule of the ref that it is an alias of (ref-unmatched)", () => {
    const rules = refInput().rules;
    expect(codesOf(decideRef(refInput({ ref: ref("refs/heads/alias"), rules })))).toEqual(["ref-unmatched"]);
    expect(codesOf(decideRef(refInput({ ref: ref("HEAD"), rules, policy: allow })))).toEqual(["ref-unmatched"]);
    const named = [...rules, rule({ refs: [glob("refs/heads/alias")] })];
    expect(decideRef(refInput({ ref: ref("refs/heads/alias"), rules: named })).allow).toBe(true);
  });
});

describe("a commit that no rule asks anything of", () => {
  const unsigned = { evidence: [unverified("unsigned")], applied: [] };

  it("is denied by default (ref-unmatched)", () => {
    expect(codesOf(decideCommit(commitInput(unsigned)))).toEqual(["ref-unmatched"]);
    expect(codesOf(decideCommit(commitInput({ ...unsigned, ref: null })))).toEqual(["ref-unmatched"]);
  });

  it("is allowed under `unmatched: allow`, with no rules", () => {
    expect(decideCommit(commitInput({ ...unsigned, policy: allow }))).toMatchObject({ allow: true, rules: [] });
    expect(decideCommit(commitInput({ ...unsigned, policy: allow, ref: null })).allow).toBe(true);
    const replaced = commitInput({ ...unsigned, policy: allow, ref: ref("refs/replace/0123") });
    expect(codesOf(decideCommit(replaced))).toEqual(["replaced-object", "ref-unmatched"]);
  });

  it("is allowed where a rule names the ref and has no `commits`", () => {
    const named = policy({ rules: [rule()] });
    expect(decideCommit(commitInput({ ...unsigned, policy: named })).allow).toBe(true);
    const applied = [{ rule: rule(), place: "line" }] as const;
    expect(decideCommit(commitInput({ ...unsigned, applied, policy: named }))).toMatchObject({
      allow: true,
      rules: [],
    });
    const elsewhere = commitInput({ ...unsigned, policy: named, ref: ref("refs/heads/other") });
    expect(codesOf(decideCommit(elsewhere))).toEqual(["ref-unmatched"]);
  });
});
