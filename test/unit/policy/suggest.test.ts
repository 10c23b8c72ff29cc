import { describe, expect, it } from "@jest/globals";
import { nearest, suggestion } from "../../../src/policy/suggest.ts";

const KEYS = ["name", "refs", "commits", "tags", "updates", "signedBy", "lightweight"];

describe("nearest", () => {
  it.each([
    ["comits", "commits"],
    ["ref", "refs"],
    ["tagz", "tags"],
    ["singedBy", "signedBy"],
    ["signedby", "signedBy"],
    ["SIGNEDBY", "signedBy"],
    ["lightwieght", "lightweight"],
    ["update", "updates"],
  ])("takes %s for a slip of %s", (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
    expect(suggestion(word, KEYS)).toBe(`; did you mean \`${meant}\`?`);
  });
  it.each(["colour", "x", "zz", "", "approvals", "n".repeat(100_000)])("has nothing to say of %.20s", (word) => {
    expect(nearest(word, KEYS)).toBeNull();
    expect(suggestion(word, [])).toBe("");
  });
});
