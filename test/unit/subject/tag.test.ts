import { describe, expect, it } from "@jest/globals";
import { fromLatin1, latin1 } from "../../../src/encoding/bytes.ts";
import { parseTag } from "../../../src/subject/tag.ts";
import { ARMOR, header, OID, OID256, rawTag, SSH_ARMOR, tagText } from "../../support/objects.ts";
import type { TagLines } from "../../support/objects.ts";

const parse = (lines?: TagLines) => parseTag(OID, rawTag(lines), "sha1");
const signatures = (lines: TagLines) => parse(lines).signatures.map((each) => [each.format, latin1(each.bytes)]);

describe("parseTag", () => {
  it("reads an unsigned tag", () => {
    const tag = parse();
    expect(tag).toMatchObject({
      kind: "tag",
      oid: OID,
      target: OID,
      targetKind: "commit",
      name: "v1.0",
      tagger: { name: "Alice Example", email: "alice@example.org", at: 1700000000 },
      title: "Release 1.0",
      signatures: [],
    });
    expect(latin1(tag.payload)).toBe(tagText());
  });
  it.each(["commit", "tag", "tree", "blob"])("reads a tag of a %s", (type) => {
    expect(parse({ type }).targetKind).toBe(type);
  });
  it("reads ids of sha256 repositories and no others there", () => {
    expect(parseTag(OID256, rawTag({ algorithm: "sha256" }), "sha256").target).toBe(OID256);
    expect(() => parseTag(OID256, rawTag(), "sha256")).toThrowCode("ERR_PARSE");
  });
  it.each([
    ["openpgp", ARMOR],
    ["ssh", SSH_ARMOR],
    ["x509", "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n"],
    ["openpgp", "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"],
  ])("takes a signature of format %s off the end of the body", (format, armor) => {
    expect(signatures({ body: `\nRelease\n${armor}` })).toEqual([[format, armor]]);
    expect(latin1(parse({ body: `\nRelease\n${armor}` }).payload)).toBe(tagText({ body: "\nRelease\n" }));
  });
  it("finds a signature below an empty message", () => {
    expect(signatures({ body: `\n${ARMOR}` })).toEqual([["openpgp", ARMOR]]);
    expect(parse({ body: `\n${ARMOR}` }).title).toBe("");
  });
  it("finds no signature inside a line, in a header, or in a tag without body", () => {
    expect(signatures({ body: `\n> ${ARMOR}` })).toEqual([]);
    expect(signatures({ extra: ARMOR.replaceAll("\n\n", "\n"), body: "\nRelease\n" })).toEqual([]);
    expect(signatures({ extra: ARMOR.replaceAll("\n\n", "\n"), body: "" })).toEqual([]);
  });
  it("drops the other algorithm's signature header from the payload", () => {
    const tag = parse({ extra: header("gpgsig-sha256", ARMOR), body: `\nRelease\n${SSH_ARMOR}` });
    expect(tag.signatures.map((each) => each.format)).toEqual(["ssh"]);
    expect(tag.title).toBe("Release");
    expect(latin1(tag.payload)).toBe(tagText({ body: "\nRelease\n" }));
  });
  it("accepts what git finds merely odd", () => {
    expect(parse({ tagger: null }).tagger).toBeNull();
    expect(parse({ tag: "no such.lock ref\xff" }).name).toBe("no such.lock ref\xff");
    expect(parse({ tag: "" }).name).toBe("");
    expect(parse({ body: "" }).title).toBe("");
    expect(parse({ extra: "encoding ISO-8859-1\nx-unknown 1\n more\n" }).title).toBe("Release 1.0");
    expect(parse({ body: "\nlast \xff\0\r" }).title).toBe("last \xff\0\r");
  });

  const text = tagText();
  it.each([
    ["nothing", ""],
    ["no object", text.replace(/^object .*\n/, "")],
    ["an object that is no id", tagText({ object: "HEAD" })],
    ["no type", text.replace(/^type .*\n/m, "")],
    ["an unknown type", tagText({ type: "commits" })],
    ["an empty type", tagText({ type: "" })],
    ["a type every object has by inheritance", tagText({ type: "constructor" })],
    ["no tag name", text.replace(/^tag .*\n/m, "")],
    ["type and tag disordered", text.replace(/^(type .*\n)(tag .*\n)/m, "$2$1")],
    ["a tagger below another header", text.replace(/^tagger/m, "x y\ntagger")],
    ["a tagger without date", tagText({ tagger: "A <a@b>" })],
    ["a date in words, as the oldest tags have", tagText({ tagger: "A <a@b> Thu Jan 1 00:00:00 1970" })],
    ["a second tagger", tagText({ extra: "tagger A <a@b> 1 +0000\n" })],
    ["a second object", tagText({ extra: `object ${OID}\n` })],
    ["a second signature header", tagText({ extra: "gpgsig-sha256 a\ngpgsig-sha256 b\n" })],
    ["a signature header for each algorithm", tagText({ extra: "gpgsig-sha256 a\ngpgsig b\n" })],
    ["a continued tagger", tagText({ extra: " more\n" })],
    ["NUL in a header", tagText({ tag: "v1\0" })],
    ["headers without line end", tagText({ body: "" }).trimEnd()],
    ["a name without line end", `object ${OID}\ntype commit\ntag v1`],
  ])("refuses %s", (_, raw) => {
    expect(() => parseTag(OID, fromLatin1(raw), "sha1")).toThrowCode("ERR_PARSE");
  });
});
