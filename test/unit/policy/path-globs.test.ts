import { describe, expect, it } from "@jest/globals";
import { compilePathGlob } from "../../../src/policy/path-globs.ts";

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const matches = (pattern: string, path: string): boolean => compilePathGlob(pattern).matches(bytes(path));

describe("compilePathGlob", () => {
  it.each([
    ["ci/**", "ci/run"],
    ["ci/**", "ci"],
    ["ci/**", "Ci/RUN"],
    ["CI/**", "ci/run"],
    ["**/Makefile", "a/b/MAKEFILE"],
    ["straße", "STRASSE"],
    ["stra\u00DFe/*", "strasse/x"],
    ["caf\u00E9", "cafe\u0301"],
    ["caf\u00E9", "CAFE\u0301"],
    ["key", "\u212Aey"],
    ["s", "\u017F"],
    ["\u03C3\u03C2", "\u03A3\u03A3"],
    ["ci", "c\u200Bi"],
    ["ci", "c\uFEFFi"],
    ["ci", "\u0441i".replace("\u0441", "c")],
    ["package.json", "package.json . ."],
    ["package.json", "PACKAGE.JSON:evil:$DATA"],
    ["a/b", "a\\b"],
    ["a\\b", "a/b"],
    ["package.json", "PACKAG~1.JSO"],
    ["package.json", "pa3f2c~1.jso"],
    ["package-lock.*", "PACKAG~2.YAM"],
    [".signpolicy.yaml", "SIGNPO~1.YAM"],
    [".github/**", "GITHUB~1/workflows/x.yml"],
  ])("%s protects %s", (pattern, path) => {
    expect(matches(pattern, path)).toBe(true);
  });

  it.each([
    ["ci/**", "cix/run"],
    ["ci/**", "src/ci/run"],
    ["ci", "\u0441i"],
    ["package.json", "package.jso"],
    ["package.json", "readme~1.jso"],
    ["package.json", "PACKAG~1.YAM"],
    ["go.mod", "GO~1.MOD"],
    ["a?c", "a/c"],
    ["a\uFF0Ac", "abc"],
    ["a\uFF1Fc", "abc"],
    ["*.json", "a.yaml"],
  ])("%s leaves %s alone", (pattern, path) => {
    expect(matches(pattern, path)).toBe(false);
  });

  it("takes wildcards of other scripts for what they are, in patterns and in paths", () => {
    expect(matches("a\uFF0Ac", "a*c")).toBe(true);
    expect(matches("a*c", "a\uFF0Ac")).toBe(true);
    expect(matches("a?c", "a\uFF1Fc")).toBe(true);
  });

  it("compares bytes that are no UTF-8 as they are, but for the case of ASCII", () => {
    const glob = compilePathGlob("ci/*");
    expect(glob.matches("CI/\xff\xfe")).toBe(true);
    expect(compilePathGlob("*x").matches("\xffX")).toBe(true);
    expect(compilePathGlob("\u00FF").matches("\xff")).toBe(false);
  });

  it("keeps a name that folding would leave empty", () => {
    expect(matches("...", "...")).toBe(true);
    expect(matches(":x", ":X")).toBe(true);
    expect(matches("x", "...")).toBe(false);
  });

  it("knows below which folders it goes on", () => {
    const reaches = (pattern: string, folder: string) => compilePathGlob(pattern).reaches(folder);
    expect(["ci", "CI", "ci/deep"].map((folder) => reaches("ci/**", folder))).toEqual([true, true, true]);
    expect(["src", "cix"].map((folder) => reaches("ci/**", folder))).toEqual([false, false]);
    expect(["a", "a/b"].map((folder) => reaches("a/b", folder))).toEqual([true, false]);
    expect(reaches("**/x", "any/where")).toBe(true);
    expect(reaches("a/*/c", "a/b")).toBe(true);
  });

  it("knows which folders it spells out", () => {
    const spells = (pattern: string, folder: string) => compilePathGlob(pattern).spells(folder);
    expect(["a", "a/b", "a/b/c"].map((folder) => spells("a/b/c", folder))).toEqual([true, true, false]);
    expect(spells("a/**", "a")).toBe(true);
    expect(spells("a/**", "a/b")).toBe(false);
    expect(spells("**/x", "a")).toBe(false);
  });

  it("tells a name in its own bytes from one that only looks like it", () => {
    const glob = compilePathGlob("ci/*");
    expect([glob.names("ci/run"), glob.names("CI/run")]).toEqual([true, false]);
  });

  it.each(["", "/a", "a/", "a//b", "!a", "a/../b", "a**"])("refuses %j (ERR_PARSE)", (pattern) => {
    expect(() => compilePathGlob(pattern)).toThrowCode("ERR_PARSE");
  });
});
