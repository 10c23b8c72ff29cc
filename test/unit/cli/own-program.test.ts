import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ownProgram, spoken } from "../../../src/cli/own-program.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sp-own-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, mode = 0o755): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  chmodSync(file, mode);
  return dirname(file);
}

describe("how this program is started here", () => {
  it("by its name where a shell finds it", () => {
    const PATH = `/nowhere:${put("global/signpolicy")}`;
    expect(ownProgram(root, { PATH }, "/x/signpolicy.cjs")).toBe("signpolicy");
  });

  it("by npx in a project that has it, whatever npm and husky put before PATH for the hook", () => {
    const PATH = `${put("app/node_modules/.bin/signpolicy")}:/nowhere`;
    for (const folder of ["app", "app/src"]) {
      mkdirSync(join(root, folder), { recursive: true });
      expect(ownProgram(join(root, folder), { PATH }, "/x/signpolicy.cjs")).toBe("npx --no-install signpolicy");
    }
    expect(ownProgram(root, { PATH }, "/x/signpolicy.cjs")).toBe("node /x/signpolicy.cjs");
  });

  it("by its file elsewhere: a server's copy, a checkout, the one-file program", () => {
    put("bin/signpolicy", 0o644);
    const environment = { PATH: join(root, "bin") };
    expect(ownProgram(root, environment, "/opt/x y/signpolicy.cjs")).toBe("node '/opt/x y/signpolicy.cjs'");
    expect(ownProgram(root, environment, process.execPath)).toBe("signpolicy");
    expect(ownProgram(root, {}, "/node_modules/jest.js")).toBe("signpolicy");
  });
});

describe("a sentence with commands", () => {
  it("is left alone where the name stands for the product, and where the command says already how it is run", () => {
    for (const text of [
      "signpolicy knows husky 9",
      "git signpolicy verify",
      "npx --no-install signpolicy join",
      "node /x/signpolicy verify",
    ]) {
      expect(spoken(text)).toBe(text);
    }
  });

  it("has the option that tells of all commands as it can be run, too", () => {
    const [, how = ""] = /^see '(.*) verify --help'$/.exec(spoken("see 'signpolicy verify --help'")) ?? [];
    expect(how).not.toBe("");
    expect(spoken("see 'signpolicy --help'")).toBe(`see '${how} --help'`);
  });

  it("knows every command that there is", () => {
    const listed = readFileSync(new URL("../../golden/help/signpolicy.txt", import.meta.url), "utf8");
    const commands = [...listed.matchAll(/^ {2}([a-z][a-z-]+)(?: \S+)* {2,}/gm)].map(([, name = ""]) => name);
    expect(commands.length).toBeGreaterThan(10);
    const source = readFileSync(new URL("../../../src/cli/own-program.ts", import.meta.url), "utf8");
    const known = /"(approve\|[^"]+)"/.exec(source)?.[1]?.split("|");
    for (const name of commands) if (!["help", "hook", "completion"].includes(name)) expect(known).toContain(name);
  });
});
