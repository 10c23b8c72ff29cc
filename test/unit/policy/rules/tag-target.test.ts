import { describe, expect, it } from "@jest/globals";
import { decideTag } from "../../../../src/policy/decide-tag.ts";
import { codesOf, rule, tagInput, tagRule } from "../../../support/decisions.ts";

const tree = { code: "tag-target", message: "the tag names a tree" } as const;
const gone = { code: "missing-object", message: "the tag's target is not in the repository" } as const;
const any = [rule({ tags: tagRule({ target: "any" }) })];

describe("what a tag names", () => {
  it("is denied as `check` found it (tag-target)", () => {
    const decision = decideTag(tagInput({ targetProblem: tree }));
    expect(codesOf(decision)).toEqual(["tag-target"]);
    expect(decision.findings[0]?.message).toBe(tree.message);
    expect(decideTag(tagInput({ targetProblem: null })).allow).toBe(true);
  });

  it("is not asked about under `target: any`, but for an object that cannot be read (missing-object)", () => {
    expect(decideTag(tagInput({ targetProblem: tree, rules: any })).allow).toBe(true);
    expect(codesOf(decideTag(tagInput({ targetProblem: gone, rules: any })))).toEqual(["missing-object"]);
  });
});
