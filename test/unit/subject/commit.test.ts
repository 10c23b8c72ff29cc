import { describe, expect, it } from "@jest/globals";
import { fromLatin1, latin1 } from "../../../src/encoding/bytes.ts";
import { parseCommit } from "../../../src/subject/commit.ts";
import {
  ARMOR,
  commitText,
  header,
  IDENTITY,
  OID,
  OID256,
  rawCommit,
  SSH_ARMOR,
  TREE,
  TREE256,
} from "../../support/objects.ts";
import type { CommitLines } from "../../support/objects.ts";

const parse = (lines?: CommitLines) => parseCommit(OID, rawCommit(lines), "sha1");
const parseText = (text: string) => () => parseCommit(OID, fromLatin1(text), "sha1");
const identity = (committer: string) => parse({ committer }).committer;

describe("parseCommit", () => {
  it("reads an unsigned commit, whose payload is the whole object", () => {
    const commit = parse({ parents: ["2".repeat(40), "3".repeat(40)], author: "Bob <bob@example.org> 5 -0330" });
    expect(commit).toMatchObject({
      kind: "commit",
      oid: OID,
      tree: TREE,
      parents: ["2".repeat(40), "3".repeat(40)],
      author: { name: "Bob", email: "bob@example.org", at: 5 },
      committer: { name: "Alice Example", email: "alice@example.org", at: 1700000000 },
      title: "A title",
      signedOff: false,
      signatures: [],
    });
    expect(latin1(commit.payload)).toBe(
      commitText({ parents: ["2".repeat(40), "3".repeat(40)], author: "Bob <bob@example.org> 5 -0330" }),
    );
  });
  it("reads ids of sha256 repositories and no others there", () => {
    const raw = rawCommit({ algorithm: "sha256", parents: ["2".repeat(64)] });
    expect(parseCommit(OID256, raw, "sha256")).toMatchObject({ tree: TREE256, parents: ["2".repeat(64)] });
    expect(() => parseCommit(OID256, rawCommit(), "sha256")).toThrowCode("ERR_PARSE");
    expect(() => parseCommit(OID, raw, "sha1")).toThrowCode("ERR_PARSE");
  });
  it.each([
    ["openpgp", ARMOR],
    ["ssh", SSH_ARMOR],
    ["x509", "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n"],
    ["openpgp", "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"],
    ["unknown", "trust me\n"],
    ["unknown", ` ${ARMOR}`],
  ])("takes a signature of format %s out of the payload", (format, armor) => {
    const commit = parse({ extra: header("gpgsig", armor) });
    expect(commit.signatures.map((signature) => [signature.format, latin1(signature.bytes)])).toEqual([
      [format, armor],
    ]);
    expect(latin1(commit.payload)).toBe(commitText());
  });
  it("keeps the blank line that GitHub writes into the header behind a signature", () => {
    const [signature] = parse({ extra: header("gpgsig", `${ARMOR}\n`) }).signatures;
    expect(latin1(signature?.bytes ?? new Uint8Array())).toBe(`${ARMOR}\n`);
  });

  describe("accepts what git finds merely odd", () => {
    it.each<[string, CommitLines, Partial<{ title: string }>]>([
      ["bytes that are not UTF-8", { body: "\nZo\xeb \xff\0\n" }, { title: "Zo\xeb \xff\0" }],
      ["an encoding header", { extra: "encoding ISO-8859-1\n" }, {}],
      [
        "a mergetag",
        { extra: header("mergetag", `object ${OID}\ntype commit\ntag v1\ntagger ${IDENTITY}\n\nx\n`) },
        {},
      ],
      ["unknown headers, twice", { extra: "HG:rename a:b\nHG:rename c:d\nx\n" }, {}],
      [
        "encoding behind the signature, as JGit writes it",
        { extra: `${header("gpgsig", ARMOR)}encoding UTF-16\n` },
        {},
      ],
      ["a message without final newline", { body: "\nlast" }, { title: "last" }],
      ["CRLF in the message, untrimmed", { body: "\nlast\r\n" }, { title: "last\r" }],
      ["an empty message", { body: "\n" }, { title: "" }],
      ["no message at all", { body: "" }, { title: "" }],
      ["blank lines before the title", { body: "\n\n\nTitle\n" }, { title: "Title" }],
      ["two parents that are the same", { parents: [TREE, TREE] }, {}],
    ])("%s", (_, lines, expected) => {
      expect(parse(lines)).toMatchObject(expected);
    });
    it.each([
      ["an empty name", " <alice@example.org> 1 +0000", { name: "", email: "alice@example.org", at: 1 }],
      ["an empty e-mail", "Alice <> 1 +0000", { name: "Alice", email: "", at: 1 }],
      ["blanks, untrimmed", " A  < a b > 1 +0000", { name: " A ", email: " a b ", at: 1 }],
      ["blanks before the date", "A <a@b> \t 1 +0000", { name: "A", email: "a@b", at: 1 }],
      ["the epoch and a negative zone", "A <a@b> 0 -1200", { name: "A", email: "a@b", at: 0 }],
      ["a zone of its own", "A <a@b> 1 +9999", { name: "A", email: "a@b", at: 1 }],
      ["bytes that are not UTF-8", "Zo\xeb <zo\xeb@b> 1 +0000", { name: "Zo\xeb", email: "zo\xeb@b", at: 1 }],
      ["the latest date", "A <a@b> 9007199254740991 +0000", { name: "A", email: "a@b", at: Number.MAX_SAFE_INTEGER }],
    ])("%s in an identity", (_, line, expected) => {
      expect(identity(line)).toEqual(expected);
    });
  });

  it("notices a Signed-off-by trailer, but not in a header", () => {
    expect(parse({ body: "\nTitle\n\nSigned-off-by: Alice <alice@example.org>\n" }).signedOff).toBe(true);
    expect(parse({ body: "\nSigned-off-by: Alice <alice@example.org>\n" }).signedOff).toBe(true);
    expect(parse({ extra: "Signed-off-by: Alice <a@b>\n" }).signedOff).toBe(false);
  });
  it("keeps a title to 1 KiB", () => {
    expect(parse({ body: `\n${"x".repeat(5000)}` }).title).toHaveLength(1024);
  });

  describe("refuses what git fsck calls an error", () => {
    const text = commitText();
    it.each([
      ["nothing", ""],
      ["no tree", text.replace(/^tree .*\n/, "")],
      ["a tree cut short", text.replace(TREE, TREE.slice(1))],
      ["a tree that goes on", text.replace(TREE, `${TREE} `)],
      ["a tree in upper case", text.replace(TREE, TREE.toUpperCase())],
      ["a tree that ends with the object", `tree ${TREE}`],
      ["a parent that is no id", commitText({ parents: ["HEAD"] })],
      ["no author", text.replace(/^author .*\n/m, "")],
      ["no committer", text.replace(/^committer .*\n/m, "")],
      ["committer before author", text.replace(/^(author .*\n)(committer .*\n)/m, "$2$1")],
      ["a blank line before the committer", text.replace("committer ", "\ncommitter ")],
      ["NUL in a header", commitText({ extra: "x \0\n" })],
      ["NUL in a name", commitText({ author: "A\0 <a@b> 1 +0000" })],
      ["a second encoding", commitText({ extra: "encoding a\nencoding b\n" })],
      ["an encoding that goes on", commitText({ extra: "encoding a\n b\n" })],
      ["a committer that goes on", commitText({ extra: " b\n" })],
      ["a second tree", commitText({ extra: `tree ${TREE}\n` })],
      ["a header without line end", commitText({ extra: "x", body: "" })],
      ["a committer without line end", commitText({ body: "" }).trimEnd()],
    ])("%s", (_, raw) => {
      expect(parseText(raw)).toThrowCode("ERR_PARSE");
    });
    it.each([
      "<a@b> 1 +0000",
      "A<a@b> 1 +0000",
      "A 1 +0000",
      "A > <a@b> 1 +0000",
      "A <a@b 1 +0000",
      "A <a<b> 1 +0000",
      "A <a@b> <c@d> 1 +0000",
      "A <a@b>1 +0000",
      "A <a@b>",
      "A <a@b> ",
      "A <a@b> +0000",
      "A <a@b> 1",
      "A <a@b> 1 ",
      "A <a@b> -1 +0000",
      "A <a@b> 01 +0000",
      "A <a@b> 1x +0000",
      "A <a@b> 1 0000",
      "A <a@b> 1 +000",
      "A <a@b> 1 +00000",
      "A <a@b> 1 +00:0",
      "A <a@b> 1 UTC",
      "A <a@b> 1 +0000\r",
      "A <a@b> 1 +0000 ",
      "A <a@b> 9007199254740992 +0000",
      "A <a@b> 18446744073709551617 +0000",
      `A <a@b> ${"9".repeat(500)} +0000`,
      "",
    ])("the identity %j", (line) => {
      expect(() => parse({ committer: line })).toThrowCode("ERR_PARSE");
      expect(() => parse({ author: line })).toThrowCode("ERR_PARSE");
    });
  });
});
