import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { decodeArmor } from "../../src/encoding/armor.ts";
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { hashObject } from "../../src/subject/hash.ts";
import { parseTag } from "../../src/subject/tag.ts";
import {
  ARMOR,
  commitText,
  header,
  IDENTITY,
  OID,
  OID256,
  rawCommit,
  rawTag,
  SSH_ARMOR,
  tagText,
  TREE,
} from "../support/objects.ts";
import type { CommitLines } from "../support/objects.ts";
import { Repo } from "../support/repo.ts";

/**
 * Which bytes are signed. The layer that must stop these is subject/: whatever a signature covers, it is over the bytes
 * that the rest of the product reads.
 */

const SIGNATURE = header("gpgsig", ARMOR);
const parse = (lines: CommitLines) => parseCommit(OID, rawCommit(lines), "sha1");
const signed = parse({ extra: SIGNATURE });
const payloadOf = (lines: CommitLines) => latin1(parse(lines).payload);
const OTHER_TREE = "f".repeat(40);
const MALLORY = "Mallory <mallory@example.org> 1 +0000";

describe("rule 1: the presence of a signature header taken as proof", () => {
  it("a gpgsig header of plain text is one signature of unknown format, which no verifier accepts", () => {
    expect(parse({ extra: "gpgsig yes\n" }).signatures.map((each) => each.format)).toEqual(["unknown"]);
  });
  it("a real armor is only ever a claim: parsing credits nobody", () => {
    expect(Object.keys(signed)).not.toContain("signer");
    expect(signed.signatures).toHaveLength(1);
  });
});

describe("rule 2: CVE-2026-44309, headers doubled so that two parsers read two commits", () => {
  const text = commitText({ parents: [OID], extra: SIGNATURE });
  it.each([
    ["a second tree behind the first", text.replace(/^(tree .*\n)/, `$1tree ${OTHER_TREE}\n`)],
    ["a second tree behind the committer", commitText({ extra: `tree ${OTHER_TREE}\n${SIGNATURE}` })],
    ["a second tree behind the signature", commitText({ extra: `${SIGNATURE}tree ${OTHER_TREE}\n` })],
    ["a parent behind the committer", commitText({ extra: `parent ${OTHER_TREE}\n${SIGNATURE}` })],
    ["a parent before the tree", `parent ${OTHER_TREE}\n${text}`],
    ["a second author", text.replace(/^(author .*\n)/m, `$1author ${MALLORY}\n`)],
    ["a second author behind the signature", commitText({ extra: `${SIGNATURE}author ${MALLORY}\n` })],
    ["a second committer", text.replace(/^(committer .*\n)/m, `$1committer ${MALLORY}\n`)],
    ["a second committer behind the signature", commitText({ extra: `${SIGNATURE}committer ${MALLORY}\n` })],
    ["a second encoding", commitText({ extra: `encoding a\nencoding b\n${SIGNATURE}` })],
    ["a committer that goes on", commitText({ extra: ` <mallory@example.org> 1 +0000\n${SIGNATURE}` })],
    ["a signature header among the fixed headers", text.replace(/^author /m, `${SIGNATURE}author `)],
    ["an encoding that goes on", commitText({ extra: `encoding a\n b\n${SIGNATURE}` })],
    ["an author before the tree", text.replace(/^(tree .*\n)(parent .*\n)(author .*\n)/, "$3$1$2")],
  ])("refuses %s (malformed)", (_, raw) => {
    expect(() => parseCommit(OID, fromLatin1(raw), "sha1")).toThrowCode("ERR_PARSE");
  });
  it.each([
    ["object", tagText({ extra: `object ${OTHER_TREE}\n`, body: `\nRelease\n${ARMOR}` })],
    ["type", tagText({ extra: "type tree\n", body: `\nRelease\n${ARMOR}` })],
    ["tag", tagText({ extra: "tag v2.0\n", body: `\nRelease\n${ARMOR}` })],
    ["tagger", tagText({ extra: `tagger ${MALLORY}\n`, body: `\nRelease\n${ARMOR}` })],
  ])("refuses a tag with a second %s header (malformed)", (_, raw) => {
    expect(() => parseTag(OID, fromLatin1(raw), "sha1")).toThrowCode("ERR_PARSE");
  });
  it("reads the commit whose headers are in order", () => {
    expect(parseCommit(OID, fromLatin1(text), "sha1").parents).toEqual([OID]);
  });
});

describe("rule 3: signature text where no signature header is", () => {
  it("in the message: the commit is unsigned", () => {
    expect(parse({ body: `\n${SIGNATURE}` }).signatures).toEqual([]);
    expect(payloadOf({ body: `\n${SIGNATURE}` })).toBe(commitText({ body: `\n${SIGNATURE}` }));
  });
  it("inside a mergetag, as a line of it: the commit is unsigned", () => {
    const extra = header("mergetag", `object ${OID}\ngpgsig x\n${SIGNATURE}`);
    expect(parse({ extra }).signatures).toEqual([]);
    expect(payloadOf({ extra })).toBe(commitText({ extra }));
  });
  it("with a space before it: it continues the header above", () => {
    expect(parse({ extra: `x y\n ${SIGNATURE}` }).signatures).toEqual([]);
  });
  it("beside a real one, only the header counts", () => {
    const extra = header("mergetag", `object ${OID}\n\n${ARMOR}`) + SIGNATURE;
    expect(parse({ extra, body: `\n${SIGNATURE}` }).signatures).toHaveLength(1);
  });
});

describe("rule 4: two signature headers, which git joins into one", () => {
  it("are two signatures (multiple-signatures), not one armor of two blocks", () => {
    const halves = ARMOR.split("\n\n");
    for (const extra of [
      SIGNATURE + SIGNATURE,
      `${SIGNATURE}x y\n${SIGNATURE}`,
      `${header("gpgsig", `${halves[0] ?? ""}\n`)}${header("gpgsig", `\n${halves[1] ?? ""}`)}`,
    ]) {
      expect(parse({ extra }).signatures).toHaveLength(2);
    }
  });
  it("two of the other algorithm are refused as well (malformed)", () => {
    const other = header("gpgsig-sha256", SSH_ARMOR);
    expect(() => parse({ extra: SIGNATURE + other + other })).toThrowCode("ERR_PARSE");
    expect(parse({ extra: SIGNATURE + other }).signatures).toHaveLength(1);
  });
  it("a million of them cost neither memory nor an answer", () => {
    expect(() => parse({ extra: "gpgsig x\n".repeat(1_000_000) })).toThrowCode("ERR_PARSE");
  });
});

describe("rule 5: headers that merely start with gpgsig, which git drops unsigned", () => {
  it.each([
    "gpgsigX smuggled\n",
    "gpgsig-sha512 smuggled\n",
    "gpgsig-sha256x smuggled\n",
    "gpgsig\n",
    "gpgsig\tsmuggled\n",
  ])("%j stays in the payload, so that the signature covers it", (line) => {
    expect(payloadOf({ extra: line + SIGNATURE })).toBe(commitText({ extra: line }));
    expect(parse({ extra: line }).signatures).toEqual([]);
  });
  it("the two real headers leave nothing behind", () => {
    expect(payloadOf({ extra: SIGNATURE + header("gpgsig-sha256", ARMOR) })).toBe(commitText());
  });
});

describe("rule 6: the signature of the other algorithm", () => {
  it("alone in a sha1 repository is an unsigned commit", () => {
    expect(parse({ extra: header("gpgsig-sha256", ARMOR) }).signatures).toEqual([]);
  });
  it("alone in a sha256 repository is an unsigned commit", () => {
    const raw = rawCommit({ algorithm: "sha256", extra: SIGNATURE });
    expect(parseCommit(OID256, raw, "sha256").signatures).toEqual([]);
  });
  it("beside our own is dropped from the payload and never verified in its place", () => {
    const extra = header("gpgsig-sha256", SSH_ARMOR) + SIGNATURE;
    expect(parse({ extra }).signatures.map((each) => each.format)).toEqual(["openpgp"]);
    expect(payloadOf({ extra })).toBe(commitText());
    const raw = rawCommit({ algorithm: "sha256", extra });
    expect(parseCommit(OID256, raw, "sha256").signatures.map((each) => each.format)).toEqual(["ssh"]);
  });
  it("of a tag stands in its header, ours at the end of its body", () => {
    const raw = rawTag({ extra: header("gpgsig-sha256", SSH_ARMOR) });
    expect(parseTag(OID, raw, "sha1").signatures).toEqual([]);
  });
});

describe("rule 7: bytes that a text decoder makes equal, or cuts", () => {
  const bodies = [
    "\na\xff\n",
    "\na\ufffd\n",
    "\na\n",
    "\na\r\n",
    "\na",
    "\na \n",
    "\n\xef\xbb\xbfa\n",
    "\na\0b\n",
    "\na\0c\n",
  ].map((body) => Buffer.from(body, body.includes("\ufffd") ? "utf8" : "latin1").toString("latin1"));
  it("stay different in the payload and in the object's name", () => {
    const payloads = bodies.map((body) => payloadOf({ extra: SIGNATURE, body }));
    expect(payloads).toEqual(bodies.map((body) => commitText({ body })));
    expect(new Set(payloads).size).toBe(bodies.length);
    expect(new Set(bodies.map((body) => hashObject("commit", rawCommit({ body }), "sha1"))).size).toBe(bodies.length);
  });
  it("NUL does not end an identity or a header", () => {
    expect(() => parse({ author: "Alice\0Mallory <a@b> 1 +0000" })).toThrowCode("ERR_PARSE");
    expect(() => parse({ extra: "x \0\n" })).toThrowCode("ERR_PARSE");
  });
});

describe("rule 8: text around the armor, unsigned yet part of a verified object", () => {
  const armorOf = (value: string) => {
    const [signature] = parse({ extra: header("gpgsig", value) }).signatures;
    return () => decodeArmor(signature?.bytes ?? new Uint8Array(), "PGP SIGNATURE");
  };
  it.each([
    ["behind END", `${ARMOR}I, Alice, also agree to this\n`],
    ["before BEGIN", `I, Alice, also agree to this\n${ARMOR}`],
    ["in a second block", ARMOR + ARMOR],
    ["between BEGIN and the data", ARMOR.replace("\n\n", "\nI agree to this\n\n")],
  ])("%s is refused (malformed)", (_, value) => {
    expect(armorOf(value)).toThrowCode("ERR_PARSE");
  });
  it("is refused behind a tag's signature, too", () => {
    const [signature] = parseTag(OID, rawTag({ body: `\nRelease\n${ARMOR}and more\n` }), "sha1").signatures;
    expect(() => decodeArmor(signature?.bytes ?? new Uint8Array(), "PGP SIGNATURE")).toThrowCode("ERR_PARSE");
  });
  it("one block is read, GitHub's blank line behind it included", () => {
    expect(armorOf(ARMOR)().length).toBe(3);
    expect(armorOf(`${ARMOR}\n`)().length).toBe(3);
  });
});

describe("rule 9: the signature of another object", () => {
  it("comes with this object's payload, whatever object it was taken from", () => {
    const victim = parse({ extra: SIGNATURE });
    const forged = parse({ tree: OTHER_TREE, extra: SIGNATURE });
    expect(latin1(forged.signatures[0]?.bytes ?? new Uint8Array())).toBe(
      latin1(victim.signatures[0]?.bytes ?? new Uint8Array()),
    );
    expect(latin1(forged.payload)).toBe(commitText({ tree: OTHER_TREE }));
    expect(latin1(forged.payload)).not.toBe(latin1(victim.payload));
  });
  it("of a tag in a commit covers the commit's payload", () => {
    const tag = parseTag(OID, rawTag({ body: `\nRelease\n${ARMOR}` }), "sha1");
    expect(latin1(signed.payload)).not.toBe(latin1(tag.payload));
  });
});

describe("rule 10: identity read by another parser than the one that verifies", () => {
  it("every identity that is read stands in the payload, to the byte", () => {
    const commit = parse({ author: MALLORY, extra: SIGNATURE });
    const line = ({ name, email, at }: typeof commit.author) => `${name} <${email}> ${at}`;
    expect(latin1(commit.payload)).toContain(`author ${line(commit.author)} `);
    expect(latin1(commit.payload)).toContain(`committer ${line(commit.committer)} `);
  });
  it.each([
    ["an identity inside the signature header", { extra: header("gpgsig", `${ARMOR}committer ${MALLORY}\n`) }],
    ["an identity in the message", { extra: SIGNATURE, body: `\ncommitter ${MALLORY}\n` }],
    [
      "an identity inside a mergetag",
      { extra: header("mergetag", `object ${OID}\ncommitter ${MALLORY}\n`) + SIGNATURE },
    ],
  ])("%s is nobody's", (_, lines) => {
    expect(parse(lines).committer.email).toBe("alice@example.org");
  });
  it("an object that git fsck calls an error is not read at all", () => {
    expect(() => parse({ committer: "Alice <alice@example.org>" })).toThrowCode("ERR_PARSE");
    expect(() => parseTag(OID, rawTag({ type: "Commit" }), "sha1")).toThrowCode("ERR_PARSE");
  });
});

describe("rule 11: content that does not hash to its name", () => {
  let repo: Repo;
  beforeAll(() => {
    repo = new Repo();
  });
  afterAll(() => {
    repo.remove();
  });
  it("is told apart by hashObject, which agrees with git", () => {
    const raw = rawCommit({ extra: SIGNATURE });
    const oid = repo.writeByGit("commit", raw);
    expect(hashObject("commit", raw, "sha1")).toBe(oid);
    expect(hashObject("commit", rawCommit({ extra: SIGNATURE, tree: OTHER_TREE }), "sha1")).not.toBe(oid);
    expect(hashObject("tag", raw, "sha1")).not.toBe(oid);
  });
});

describe("rule 12: odd but legitimate objects refused", () => {
  it.each<[string, CommitLines]>([
    ["invalid UTF-8 in the message and in names", { author: "Zo\xeb <a@b> 1 +0000", body: "\n\xff\xfe\n" }],
    ["an encoding header", { extra: `encoding ISO-8859-1\n${SIGNATURE}` }],
    ["an encoding that nobody knows", { extra: `encoding \xff\n${SIGNATURE}` }],
    ["a mergetag", { extra: header("mergetag", `object ${OID}\ntype commit\ntag x\ntagger ${IDENTITY}\n\nx\n`) }],
    ["no final newline", { body: "\nx" }],
    ["an empty message", { body: "" }],
    ["an empty name", { author: ` <a@b> 1 +0000` }],
    ["a negative zone", { author: `A <a@b> 1 -0330` }],
    ["the same parent twice", { parents: [TREE, TREE] }],
  ])("reads %s", (_, lines) => {
    expect(parse(lines).kind).toBe("commit");
  });
});
