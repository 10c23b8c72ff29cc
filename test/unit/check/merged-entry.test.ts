import { describe, expect, it } from "@jest/globals";
import { mergeEntry } from "../../../src/check/merged-entry.ts";

describe("mergeEntry", () => {
  it.each([
    ["what both have", "a", "a", ["b"], "a"],
    ["the side that changed it", "a", "b", ["a"], "b"],
    ["ours, where theirs left it alone", "b", "a", ["a"], "b"],
    ["a deletion on one side", null, "a", ["a"], null],
    ["a deletion on the other", "a", null, ["a"], null],
    ["an addition", null, "a", [null], "a"],
    ["an addition, of unrelated histories", null, "a", [], "a"],
    ["one answer of several ancestors", "a", "b", ["a", "a"], "b"],
  ])("gives %s", (_, ours, theirs, bases, merged) => {
    expect(mergeEntry(ours, theirs, bases)).toBe(merged);
  });
  it.each([
    ["both changed it", "a", "b", ["c"]],
    ["one changed what the other deleted", "a", null, ["c"]],
    ["unrelated histories have two", "a", "b", []],
    ["one ancestor says ours, another theirs", "a", "b", ["a", "b"]],
    ["one ancestor gives no answer", "a", "b", ["a", "c"]],
  ])("gives nothing where %s", (_, ours, theirs, bases) => {
    expect(mergeEntry(ours, theirs, bases)).toBeUndefined();
  });
});
