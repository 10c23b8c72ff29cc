import { describe, expect, it } from "@jest/globals";
import { parseCommit } from "../../src/subject/commit.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { OID, rawCommit, rawTag } from "../support/objects.ts";

/** Rule 52: identity lines about which readers disagree. git's ident.c takes the first `<`, others the last. */
describe("rule 52: an identity line that names two people", () => {
  it.each([
    ["two pairs of <>", "Alice <alice@example.org> <mallory@example.org> 1 +0000"],
    ["a pair inside a pair", "Alice <alice@example.org <mallory@example.org>> 1 +0000"],
    ["a name that closes first", "Alice> <alice@example.org> 1 +0000"],
    ["text between e-mail and date", "Alice <alice@example.org> x 1 +0000"],
    ["no date, which some read as the epoch", "Alice <alice@example.org>"],
    ["a date in words", "Alice <alice@example.org> now +0000"],
    ["a negative date", "Alice <alice@example.org> -1 +0000"],
    ["a date that wraps around at 32 bits of milliseconds", "Alice <alice@example.org> 9007199254740993 +0000"],
    ["a date that wraps around at 64 bits", "Alice <alice@example.org> 18446744075409551616 +0000"],
    ["two dates", "Alice <alice@example.org> 1 2 +0000"],
    ["a zone that goes on", "Alice <alice@example.org> 1 +0000 <mallory@example.org>"],
    ["a carriage return behind it", "Alice <alice@example.org> 1 +0000\r"],
    ["a NUL inside the e-mail", "Alice <alice@example.org\0@mallory> 1 +0000"],
  ])("is refused: %s (malformed)", (_, line) => {
    expect(() => parseCommit(OID, rawCommit({ committer: line }), "sha1")).toThrowCode("ERR_PARSE");
    expect(() => parseCommit(OID, rawCommit({ author: line }), "sha1")).toThrowCode("ERR_PARSE");
    expect(() => parseTag(OID, rawTag({ tagger: line }), "sha1")).toThrowCode("ERR_PARSE");
  });
  it.each([
    "Alice <alice@example.org> 1 +0000",
    "Alice  <alice@example.org>  1 -0330",
    '\u00c4lice (work) "A" <alice@example.org> 253402300800 +0000',
  ])("is read when it names one: %j", (line) => {
    expect(parseCommit(OID, rawCommit({ committer: line }), "sha1").committer.email).toBe("alice@example.org");
  });
});
