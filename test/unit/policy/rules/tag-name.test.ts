import { describe, expect, it } from "@jest/globals";
import { decideTag } from "../../../../src/policy/decide-tag.ts";
import { codesOf, ref, tag, tagInput } from "../../../support/decisions.ts";

const named = (header: string, name: string, outermost = true) =>
  decideTag(tagInput({ tag: tag({ name: header }), ref: ref(name), outermost }));

describe("the name in a tag", () => {
  it.each([
    ["v1", "refs/tags/v1"],
    ["release/v1", "refs/tags/release/v1"],
    ["v\xc3\xa4", "refs/tags/v\xc3\xa4"],
  ])("takes %s at %s", (header, name) => {
    expect(named(header, name).allow).toBe(true);
  });

  it.each([
    ["v1", "refs/tags/v2"],
    ["v1", "refs/tags/release/v1"],
    ["v1", "refs/tags/V1"],
    ["v1", "refs/other/v1"],
    ["refs/tags/v1", "refs/tags/v1"],
    ["v\xe4", "refs/tags/v\xc3\xa4"],
    ["", "refs/tags/v1"],
  ])("denies %s at %s (tag-name-mismatch)", (header, name) => {
    expect(codesOf(named(header, name))).toEqual(["tag-name-mismatch"]);
  });

  it("is asked of the outermost tag alone", () => {
    expect(named("v1", "refs/tags/v2", false).allow).toBe(true);
  });
});
