import { describe, expect, it } from "@jest/globals";
import { foldName, foldPath } from "../../../src/policy/path-folding.ts";

describe("foldName", () => {
  it.each([
    ["package.json", "package.json"],
    ["Package.JSON", "package.json"],
    ["package.json. . ", "package.json"],
    ["package.json::$DATA", "package.json"],
    ["package.json .:x", "package.json"],
    ["...", "..."],
    [" ", " "],
  ])("takes %j for what a file system makes of it", (name, folded) => {
    expect(foldName(name)).toBe(folded);
  });

  it("tells names apart that no file system confuses", () => {
    expect(foldName("a b")).not.toBe(foldName("ab"));
    expect(foldName(".a")).not.toBe(foldName("a"));
    expect(foldPath("a\\b")).toEqual(["a", "b"]);
  });

  it("takes no longer for a name of dots than for another, however long it is (attack 76)", () => {
    const start = performance.now();
    const dots = ".".repeat(4 * 1024 * 1024);
    expect(foldName(`a${dots}b`)).toHaveLength(dots.length + 2);
    expect(foldName(`a${dots}`)).toBe("a");
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
