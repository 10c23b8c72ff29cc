import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { createProgram } from "../../src/cli/commands.ts";
import { EXAMPLES } from "../../src/cli/examples.ts";
import { describeWith } from "../support/tools.ts";

// `npm install --global` puts the pages where man(1) looks; `git signpolicy --help` asks it for the second.
describeWith("mandoc", "the manual page", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "man-"));
    mkdirSync(join(folder, "man1"));
    cpSync("man", join(folder, "man1"), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has nothing that mandoc remarks on, but for pages that are not installed here and that this is no system's", () => {
    const { stdout } = spawnSync("mandoc", ["-T", "lint", "-W", "style", "man/signpolicy.1"], { encoding: "utf8" });
    const remarks = stdout
      .split("\n")
      .filter((line) => line !== "" && !/ lacks |operating system explicitly/.test(line));
    expect(remarks).toEqual([]);
  });

  it("has each example as it is typed, quotes and all", () => {
    const page = spawnSync("mandoc", ["-T", "utf8", "-O", "width=400", "man/signpolicy.1"], { encoding: "utf8" });
    const lines = page.stdout.replace(/.\u0008/g, "").split("\n");
    const typed = [...EXAMPLES.values()].flatMap((examples) => examples.map(([line]) => line));
    expect(typed.length).toBeGreaterThan(40);
    expect(typed.filter((line) => !lines.some((one) => one.trim() === line))).toEqual([]);
  });

  it.each(["signpolicy", "git-signpolicy"])("is found as %s, and tells of every command and option", (name) => {
    const page = spawnSync("mandoc", ["-T", "utf8", join("man1", `${name}.1`)], { encoding: "utf8", cwd: folder });
    const text = page.stdout.replace(/.\u0008/g, "");
    for (const command of createProgram(() => undefined).commands) {
      expect(text).toContain(`signpolicy ${command.name()}`);
      for (const { long } of command.options) if (typeof long === "string") expect(text).toContain(long);
    }
  });
});
