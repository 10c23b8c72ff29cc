import { describe, expect, it } from "@jest/globals";
import type { ObjectKind } from "../../../../src/model.ts";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import { codesOf, glob, history, ref, refInput, rule, tagRule } from "../../../support/decisions.ts";

const refs = [glob("refs/tags/*")];
const created = (name: string, newKind: ObjectKind, clause: Parameters<typeof tagRule>[0] = {}) =>
  decideRef(refInput({ ref: ref(name), old: null, newKind, rules: [rule({ refs, tags: tagRule(clause) })] }));

describe("a lightweight tag", () => {
  it("is denied where tags are asked for a signature, with the command that makes it a signed one (lightweight-tag)", () => {
    const decision = created("refs/tags/v3", "commit");
    expect(codesOf(decision)).toEqual(["lightweight-tag"]);
    expect(decision.findings[0]?.hint).toBe("git tag -f -s v3 v3^{}");
    expect(created("refs/tags/v3", "tag").allow).toBe(true);
  });

  it("that stands already may not be moved, unless the rule lets tags be (lightweight-tag)", () => {
    const clock = history();
    const hint = (move: "deny" | "allow") =>
      decideRef(
        refInput({ ref: ref("refs/tags/v3"), rules: [rule({ refs, tags: tagRule({ move }) })], clock }),
      ).findings.find(({ code }) => code === "lightweight-tag")?.hint;
    expect(hint("deny")).toMatch(/^git tag -f -s v3 v3\^\{\}; one that was pushed may not be moved: /);
    expect(hint("allow")).toBe("git tag -f -s v3 v3^{}");
  });

  it.each(["tree", "blob"] as const)("is one, too, when it names a %s (lightweight-tag)", (kind) => {
    expect(codesOf(created("refs/tags/v3", kind))).toEqual(["lightweight-tag"]);
  });

  it("is asked for in every folder of a rule that speaks of tags alone (lightweight-tag)", () => {
    const named = [glob("refs/releases/*"), glob("refs/heads/*")];
    const rules = [rule({ refs: named, tags: tagRule() })];
    const elsewhere = (name: string) => decideRef(refInput({ ref: ref(name), old: null, rules }));
    expect(codesOf(elsewhere("refs/releases/v3"))).toEqual(["lightweight-tag"]);
    expect(elsewhere("refs/heads/v3").allow).toBe(true);
  });

  it("needs a verified target where it is allowed, unless `target: any` (tag-target)", () => {
    const targetProblem = { code: "tag-target", message: "the tag names a tree" } as const;
    const input = (clause: Parameters<typeof tagRule>[0]) =>
      refInput({ ref: ref("refs/tags/v3"), old: null, targetProblem, rules: [rule({ refs, tags: tagRule(clause) })] });
    expect(codesOf(decideRef(input({ lightweight: "allow" })))).toEqual(["tag-target"]);
    expect(decideRef(input({ lightweight: "allow", target: "any" })).allow).toBe(true);
  });

  it("is allowed by `lightweight: allow` and by a rule without `tags`", () => {
    expect(created("refs/tags/v3", "commit", { lightweight: "allow" }).allow).toBe(true);
    const rules = [rule({ refs })];
    expect(decideRef(refInput({ ref: ref("refs/tags/v3"), old: null, rules })).allow).toBe(true);
  });
});
