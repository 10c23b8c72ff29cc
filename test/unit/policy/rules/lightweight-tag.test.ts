import { describe, expect, it } from "@jest/globals";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import { codesOf, glob, ref, refInput, rule, tagRule } from "../../../support/decisions.ts";

const refs = [glob("refs/tags/*")];
const created = (name: string, lightweightTag: boolean, clause: Parameters<typeof tagRule>[0] = {}) =>
  decideRef(refInput({ ref: ref(name), old: null, lightweightTag, rules: [rule({ refs, tags: tagRule(clause) })] }));

describe("a lightweight tag", () => {
  it("is denied where tags are asked for a signature, with the command that makes it a signed one (lightweight-tag)", () => {
    const decision = created("refs/tags/v3", true);
    expect(codesOf(decision)).toEqual(["lightweight-tag"]);
    expect(decision.findings[0]?.hint).toBe("git tag -f -s v3 v3^{}");
    expect(created("refs/tags/v3", false).allow).toBe(true);
  });

  it("is allowed by `lightweight: allow` and by a rule without `tags`", () => {
    expect(created("refs/tags/v3", true, { lightweight: "allow" }).allow).toBe(true);
    const rules = [rule({ refs })];
    expect(decideRef(refInput({ ref: ref("refs/tags/v3"), old: null, lightweightTag: true, rules })).allow).toBe(true);
  });
});
