import { describe, expect, it } from "@jest/globals";
import {
  isObjectId,
  isZeroId,
  objectIdLength,
  parseObjectId,
  parseRefName,
  zeroId,
} from "../../../src/encoding/identifiers.ts";

const SHA1 = "0123456789abcdef0123456789abcdef01234567";
const SHA256 = "a".repeat(64);

describe("parseObjectId", () => {
  it("reads full ids of either algorithm, or of the one asked for", () => {
    expect(parseObjectId(SHA1)).toBe(SHA1);
    expect(parseObjectId(SHA256)).toBe(SHA256);
    expect(parseObjectId(SHA1, "sha1")).toBe(SHA1);
    expect(parseObjectId(SHA256, "sha256")).toBe(SHA256);
    expect(isObjectId(SHA1)).toBe(true);
  });
  it.each([
    "",
    "HEAD",
    SHA1.slice(1),
    `${SHA1}0`,
    SHA1.toUpperCase(),
    `${SHA1.slice(1)}\n`,
    `--output=${"a".repeat(31)}`,
  ])("refuses %j", (text) => {
    expect(() => parseObjectId(text)).toThrowCode("ERR_PARSE");
    expect(isObjectId(text)).toBe(false);
  });
  it("refuses an id of the other algorithm", () => {
    expect(() => parseObjectId(SHA1, "sha256")).toThrowCode("ERR_PARSE");
    expect(() => parseObjectId(SHA256, "sha1")).toThrowCode("ERR_PARSE");
  });
});

describe("zeroId", () => {
  it("is recognised at both lengths only", () => {
    expect(isZeroId(zeroId("sha1"))).toBe(true);
    expect(isZeroId(zeroId("sha256"))).toBe(true);
    expect(isZeroId("0")).toBe(false);
    expect(isZeroId(SHA1)).toBe(false);
    expect(objectIdLength("sha1")).toBe(40);
    expect(objectIdLength("sha256")).toBe(64);
  });
});

describe("parseRefName", () => {
  it.each([
    "refs/heads/main",
    "refs/heads/release/1.0",
    "refs/tags/v1",
    "refs/heads/-x",
    "refs/heads/\xff\xfe",
    "refs/heads/@",
    "refs/heads/HEAD",
  ])("reads %j", (name) => {
    expect(parseRefName(name)).toBe(name);
  });
  it.each([
    "",
    "HEAD",
    "main",
    "heads/main",
    "refs/",
    "refs/heads/",
    "refs//main",
    "refs/heads/a..b",
    "refs/heads/.a",
    "refs/heads/a.",
    "refs/heads/a.lock",
    "refs/heads/a.lock/b",
    "refs/heads/a@{1}",
    "refs/heads/a b",
    "refs/heads/a\n",
    "refs/heads/a\0",
    "refs/heads/a\x7f",
    "refs/heads/a~1",
    "refs/heads/a^",
    "refs/heads/a:b",
    "refs/heads/a?",
    "refs/heads/*",
    "refs/heads/[a",
    "refs/heads/a\\b",
    "refs/heads/日",
  ])("refuses %j", (name) => {
    expect(() => parseRefName(name)).toThrowCode("ERR_PARSE");
  });
});
