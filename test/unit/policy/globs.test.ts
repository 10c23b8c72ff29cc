import { describe, expect, it } from "@jest/globals";
import { compileGlob } from "../../../src/policy/globs.ts";

const matches = (pattern: string, name: string): boolean => compileGlob(pattern).matches(name);
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

describe("compileGlob", () => {
  it("takes a pattern without wildcards literally", () => {
    expect(matches("refs/heads/main", "refs/heads/main")).toBe(true);
    expect(matches("refs/heads/main", "refs/heads/main2")).toBe(false);
    expect(matches("refs/heads/main", "refs/heads/Main")).toBe(false);
    expect(matches("refs/heads/a.b", "refs/heads/axb")).toBe(false);
  });
  it("keeps `*` within one component", () => {
    expect(matches("refs/tags/v*", "refs/tags/v1.0")).toBe(true);
    expect(matches("refs/tags/v*", "refs/tags/v")).toBe(true);
    expect(matches("refs/tags/v*", "refs/tags/v1/x")).toBe(false);
    expect(matches("refs/*/main", "refs/heads/main")).toBe(true);
    expect(matches("refs/*/main", "refs/heads/x/main")).toBe(false);
    expect(matches("refs/heads/*a*b*", "refs/heads/xaxbabx")).toBe(true);
    expect(matches("refs/heads/*a*b", "refs/heads/xaxbabx")).toBe(false);
  });
  it("lets `**` stand for any number of components, also none", () => {
    expect(matches("refs/heads/**", "refs/heads/a")).toBe(true);
    expect(matches("refs/heads/**", "refs/heads/a/b/c")).toBe(true);
    expect(matches("refs/heads/**", "refs/heads")).toBe(true);
    expect(matches("refs/heads/**", "refs/headsx/a")).toBe(false);
    expect(matches("a/**/z", "a/z")).toBe(true);
    expect(matches("a/**/z", "a/b/c/z")).toBe(true);
    expect(matches("a/**/z", "a/bz")).toBe(false);
    expect(matches("**/x/**/y", "a/x/x/b/y")).toBe(true);
    expect(matches("**/x/**/y", "a/b/y")).toBe(false);
    expect(matches("**", "anything/at/all")).toBe(true);
  });
  it("lets `?` stand for one character that is no slash", () => {
    expect(matches("refs/heads/v?", "refs/heads/v1")).toBe(true);
    expect(matches("refs/heads/v?", "refs/heads/v")).toBe(false);
    expect(matches("refs/heads/v?", "refs/heads/v12")).toBe(false);
    expect(matches("a?b", "a/b")).toBe(false);
    expect(matches("a?b", bytes("aéb"))).toBe(true);
    expect(matches("a?b", "a\xffb")).toBe(true);
    expect(matches("a?b", "a\xff\xffb")).toBe(false);
  });
  it("compares text outside ASCII by its UTF-8 bytes", () => {
    expect(matches("refs/heads/é*", bytes("refs/heads/été"))).toBe(true);
    expect(matches("refs/heads/é", bytes("refs/heads/é"))).toBe(true);
    expect(matches("refs/heads/é", "refs/heads/é")).toBe(false);
    // Another spelling of the same letter (NFD) is another name.
    expect(matches("refs/heads/é", bytes("refs/heads/e\u0301"))).toBe(false);
  });
  it("matches dotfiles, newlines and bytes that are not UTF-8", () => {
    expect(matches("ci/**", "ci/.github/a")).toBe(true);
    expect(matches("*", ".npmrc")).toBe(true);
    expect(matches("ci/**", "ci/a\nb/c\n")).toBe(true);
    expect(matches("ci/*", "ci/a\nb")).toBe(true);
    expect(matches("ci/**", "ci/\xff\xfe/\x80")).toBe(true);
  });
  it.each(["{a,b}", "[ab]", "+(a)", "@(a|b)", "(a|b)", "a|b", "a\\b", "^a$", "a.b"])(
    "takes %s literally",
    (pattern) => {
      expect(matches(pattern, pattern)).toBe(true);
      for (const name of ["a", "b", "ab", "a.b!", "axb"]) expect(matches(pattern, name)).toBe(false);
      expect(matches(`${pattern}*`, `${pattern}tail`)).toBe(true);
      expect(matches(`${pattern}*`, "a")).toBe(false);
    },
  );
  it.each([
    "",
    "!refs/heads/main",
    "!",
    "refs//heads",
    "/refs",
    "refs/heads/",
    "refs/../heads",
    "./a",
    "v**",
    "**x/a",
    "a\0",
  ])("refuses %j", (pattern) => {
    expect(() => compileGlob(pattern)).toThrowCode("ERR_PARSE");
  });
  it("answers in a moment where a regular expression would backtrack for years", () => {
    const glob = compileGlob(`${"**/a/".repeat(20)}z`);
    const started = performance.now();
    expect(glob.matches("a/".repeat(2000))).toBe(false);
    expect(compileGlob(`${"*a".repeat(30)}z`).matches("a".repeat(4000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
