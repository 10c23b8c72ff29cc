import { describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CLIENT_HOOKS, huskyLines } from "../../src/check/hook-lines.ts";
import { renderServerHook } from "../../src/check/server-hook.ts";
import { projectRoot } from "../support/clone.ts";

const folder = join(projectRoot, "hooks");
const shellcheck = spawnSync("shellcheck", ["--version"]).error === undefined;

async function scripts(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder)) found.set(name, readFileSync(join(folder, name), "utf8"));
  for (const hook of CLIENT_HOOKS) {
    found.set(
      `husky ${hook}`,
      ["#!/bin/sh", ...huskyLines(hook, "web app/node_modules/.bin/signpolicy"), ""].join("\n"),
    );
  }
  const parts = { node: "/opt/my node", entry: "/srv/it's.git/signpolicy.cjs", then: "/srv/it's.git/hooks/kept" };
  found.set("server rendered", await renderServerHook("pre-receive", parts));
  return found;
}

describe("hook scripts", () => {
  it("are at most 20 lines", async () => {
    for (const [name, text] of await scripts()) expect([name, text.split("\n").length <= 21]).toEqual([name, true]);
  });

  it("call no npx, which could fetch a stranger's package", async () => {
    for (const [name, text] of await scripts()) expect([name, /\bnpx\b/.test(text)]).toEqual([name, false]);
  });

  (shellcheck ? it : it.skip)("have nothing that shellcheck objects to [needs shellcheck]", async () => {
    for (const [name, text] of await scripts()) {
      const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-"], { input: text, encoding: "utf8" });
      expect([name, stdout]).toEqual([name, ""]);
    }
  });

  it("are read by every POSIX shell there is", async () => {
    for (const shell of ["sh", "dash", "bash"]) {
      for (const [name, text] of await scripts()) {
        const { error, stderr } = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
        if (error === undefined) expect([shell, name, stderr]).toEqual([shell, name, ""]);
      }
    }
  });
});
