import { describe, expect, it } from "@jest/globals";
import { algorithmOf, parsePushInput, parseReceiveInput } from "../../../src/check/push-input.ts";

const A = "a".repeat(40);
const Z = "0".repeat(40);
const bytes = (text: string) => Buffer.from(text, "latin1");

describe("parseReceiveInput", () => {
  it("reads create, update and delete", () => {
    const input = `${Z} ${A} refs/heads/new\n${A} ${A} refs/heads/main\n${A} ${Z} refs/heads/gone\n`;
    expect(parseReceiveInput(bytes(input)).map(({ old, new: to }) => [old, to])).toEqual([
      [null, A],
      [A, A],
      [A, null],
    ]);
  });
  it("takes empty input as a push of nothing", () => {
    expect(parseReceiveInput(bytes(""))).toEqual([]);
  });
  it("keeps the bytes of a ref name that is no UTF-8", () => {
    expect(parseReceiveInput(bytes(`${Z} ${A} refs/heads/\xff\n`))[0]?.ref).toBe("refs/heads/\xff");
  });
  it("tells the object format from the ids", () => {
    const long = "b".repeat(64);
    expect(algorithmOf(parseReceiveInput(bytes(`${"0".repeat(64)} ${long} refs/heads/a\n`)))).toBe("sha256");
    expect(algorithmOf(parseReceiveInput(bytes(`${Z} ${A} refs/heads/a\n`)))).toBe("sha1");
  });
  it.each([
    ["a last line without its end", `${Z} ${A} refs/heads/main`],
    ["an empty line", "\n"],
    ["two spaces", `${Z}  ${A} refs/heads/main\n`],
    ["a short id", `${Z} abc refs/heads/main\n`],
    ["a ref named twice", `${Z} ${A} refs/heads/main\n${Z} ${A} refs/heads/main\n`],
    ["a ref name with a control character", `${Z} ${A} refs/heads/a\x1bb\n`],
    ["a ref name that climbs", `${Z} ${A} refs/heads/../x\n`],
    ["ids of two lengths", `${Z} ${"b".repeat(64)} refs/heads/main\n`],
  ])("refuses %s (ERR_PARSE)", (_, input) => {
    expect(() => parseReceiveInput(bytes(input))).toThrowCode("ERR_PARSE");
  });
});

describe("parsePushInput", () => {
  it("reads deletions, HEAD and expressions as local names", () => {
    const input = `(delete) ${Z} refs/heads/old ${A}\nHEAD ${A} refs/heads/main ${Z}\nHEAD~1 ${A} refs/heads/x ${Z}\n`;
    expect(parsePushInput(bytes(input)).map(({ local, ref, old, new: to }) => [local, ref, old, to])).toEqual([
      ["(delete)", "refs/heads/old", A, null],
      ["HEAD", "refs/heads/main", null, A],
      ["HEAD~1", "refs/heads/x", null, A],
    ]);
  });
  it("refuses a line with a field missing (ERR_PARSE)", () => {
    expect(() => parsePushInput(bytes(`refs/heads/a ${A} refs/heads/a\n`))).toThrowCode("ERR_PARSE");
  });
});
