/**
 * Attack rule 54: a signed tag replayed under another name. The ref is not signed; `git verify-tag v2.0` says "good" of
 * the tag v1.0 that refs/tags/v2.0 was pointed at. What must stop it: the name in the tag is the whole of the ref's.
 */
import { describe, expect, it } from "@jest/globals";
import { decideTag } from "../../src/policy/decide-tag.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { codesOf, oid, ref, tagInput } from "../support/decisions.ts";
import { SSH_ARMOR, rawTag } from "../support/objects.ts";

const signed = (name: string) =>
  parseTag(
    oid("a"),
    rawTag({ tag: name, tagger: "Alice A <alice@example.org> 1799999940 +0000", body: `\n${name}\n${SSH_ARMOR}` }),
    "sha1",
  );
const judge = (name: string, at: string) => decideTag(tagInput({ tag: signed(name), ref: ref(at) }));

describe("a tag under another name (rule 54)", () => {
  it("refuses the old release under a new version (tag-name-mismatch)", () => {
    const decision = judge("v1.0", "refs/tags/v2.0");
    expect(codesOf(decision)).toEqual(["tag-name-mismatch"]);
    expect(decision.findings[0]?.message).toBe("the tag was signed as v1.0, not as v2.0");
    expect(judge("v1.0", "refs/tags/v1.0").allow).toBe(true);
  });

  it.each([
    ["v1.0", "refs/tags/stable/v1.0"],
    ["v1.0", "refs/tags/v1.0/v1.0"],
    ["stable/v1.0", "refs/tags/v1.0"],
    ["v1.0", "refs/tags/V1.0"],
    ["v1.0", "refs/heads/v1.0"],
    ["v1.0", "refs/remotes/tags/v1.0"],
    ["tags/v1.0", "refs/tags/v1.0"],
  ])("compares the full name, never its end: %s at %s (tag-name-mismatch)", (name, at) => {
    expect(codesOf(judge(name, at))).toEqual(["tag-name-mismatch"]);
  });
});
