import { describe, expect, it } from "@jest/globals";
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { ARMOR, OID, rawTag, SSH_ARMOR, tagText } from "../support/objects.ts";
import type { TagLines } from "../support/objects.ts";

const parse = (lines: TagLines) => parseTag(OID, rawTag(lines), "sha1");

describe("rule 57: a signature appended by another, or a good block first and a bad one last", () => {
  it("the last block is the signature, and everything before it, other blocks included, is what it signs", () => {
    const tag = parse({ body: `\nRelease\n${ARMOR}${SSH_ARMOR}` });
    expect(tag.signatures.map((each) => each.format)).toEqual(["ssh"]);
    expect(latin1(tag.payload)).toBe(tagText({ body: `\nRelease\n${ARMOR}` }));
  });
  it("text behind the last block belongs to the signature, whose armor it breaks, and never to an unsigned rest", () => {
    const tag = parse({ body: `\nRelease\n${ARMOR}Mallory was here\n` });
    expect(latin1(tag.signatures[0]?.bytes ?? new Uint8Array())).toBe(`${ARMOR}Mallory was here\n`);
    expect(latin1(tag.payload) + `${ARMOR}Mallory was here\n`).toBe(
      tagText({ body: `\nRelease\n${ARMOR}Mallory was here\n` }),
    );
  });
  it("a last block that is no signature counts, all the same: no earlier one is looked for", () => {
    const tag = parse({ body: `\nRelease\n${ARMOR}-----BEGIN SIGNED MESSAGE-----\n` });
    expect(tag.signatures.map((each) => each.format)).toEqual(["x509"]);
  });
  it("one block at the end is the signature of the message above it", () => {
    const tag = parse({ body: `\nRelease\n${ARMOR}` });
    expect(tag.signatures).toHaveLength(1);
    expect(latin1(tag.payload)).toBe(tagText({ body: "\nRelease\n" }));
  });
  it("sixty-four thousand BEGIN lines are one signature, found in linear time", () => {
    const begin = "-----BEGIN PGP SIGNATURE-----\n";
    const tag = parse({ body: `\nRelease\n${begin.repeat(65_536)}` });
    expect(tag.signatures.map((each) => each.bytes.length)).toEqual([begin.length]);
  });
});

describe("rule 58: a type line that lies", () => {
  it.each(["commits", "Commit", "commit ", "", "toString", "blob\0", "ofs-delta"])(
    "is refused when no object is a %j (malformed)",
    (type) => {
      expect(() => parse({ type })).toThrowCode("ERR_PARSE");
    },
  );
  it("is refused when it is missing or doubled (malformed)", () => {
    expect(() => parseTag(OID, fromLatin1(tagText().replace(/^type .*\n/m, "")), "sha1")).toThrowCode("ERR_PARSE");
    expect(() => parse({ extra: "type tree\n" })).toThrowCode("ERR_PARSE");
  });
  it.each(["commit", "tag", "tree", "blob"] as const)(
    "is handed on as a claim about the target when it says %s",
    (type) => {
      expect(parse({ type })).toMatchObject({ target: OID, targetKind: type });
    },
  );
});
