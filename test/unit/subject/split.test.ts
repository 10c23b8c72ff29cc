import { describe, expect, it } from "@jest/globals";
import { fromLatin1, latin1 } from "../../../src/encoding/bytes.ts";
import { joinCommit, joinTag, splitCommit, splitTag } from "../../../src/subject/split.ts";
import { ARMOR, commitText, header, SSH_ARMOR, tagText } from "../../support/objects.ts";

const shown = (text: string, algorithm: "sha1" | "sha256" = "sha1") => {
  const parts = splitCommit(fromLatin1(text), algorithm);
  expect(latin1(joinCommit(parts))).toBe(text);
  return { payload: latin1(parts.payload), signatures: parts.signatures.map((each) => latin1(each.bytes)) };
};

describe("splitCommit", () => {
  it("takes each algorithm's own header and drops both from the payload", () => {
    const text = commitText({ extra: header("gpgsig", ARMOR) + header("gpgsig-sha256", SSH_ARMOR) });
    expect(shown(text, "sha1")).toEqual({ payload: commitText(), signatures: [ARMOR] });
    expect(shown(text, "sha256")).toEqual({ payload: commitText(), signatures: [SSH_ARMOR] });
  });
  it("finds signature headers anywhere above the blank line", () => {
    expect(shown(`gpgsig a\n b\nx\ngpgsig c\ny\n\ngpgsig d\n`)).toEqual({
      payload: "x\ny\n\ngpgsig d\n",
      signatures: ["a\nb\n", "c\n"],
    });
  });
  it.each([
    "",
    "\n",
    " ",
    "gpgsig",
    "gpgsig ",
    "gpgsig \n",
    "gpgsig a",
    "gpgsig a\n ",
    "gpgsig a\n \n",
    "\ngpgsig a\n",
    " gpgsig a\n",
  ])("loses no byte of %j", (text) => {
    shown(text);
    expect(latin1(joinTag(splitTag(fromLatin1(text))))).toBe(text);
  });
  it("takes no header that merely starts with gpgsig", () => {
    const text = "gpgsig\ngpgsig-sha256\ngpgsigx a\ngpgsig-sha512 b\ngpgsig\ta\n";
    expect(shown(text)).toEqual({ payload: text, signatures: [] });
  });
  it("refuses more signature headers than it is told to expect", () => {
    const raw = fromLatin1("gpgsig a\n".repeat(5));
    expect(splitCommit(raw, "sha1").signatures).toHaveLength(5);
    expect(() => splitCommit(raw, "sha1", { limit: 4 })).toThrowCode("ERR_PARSE");
  });
});

describe("splitTag", () => {
  it("is undone by joinTag, headers and all", () => {
    const text = tagText({ extra: `${header("gpgsig", ARMOR)}x y\n`, body: `\nRelease\n${ARMOR}${SSH_ARMOR}rest` });
    const parts = splitTag(fromLatin1(text));
    expect(latin1(parts.payload)).toBe(tagText({ extra: "x y\n", body: `\nRelease\n${ARMOR}` }));
    expect(parts.signatures.map((each) => latin1(each.bytes))).toEqual([`${SSH_ARMOR}rest`]);
    expect(latin1(joinTag(parts))).toBe(text);
  });
});
