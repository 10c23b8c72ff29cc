import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";

const bin = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "defects-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a hook in a process that misbehaves as the preloaded code says. */
function misbehave(code: string, input: string, nodeOptions: readonly string[] = []) {
  const file = join(folder, "preload.cjs");
  writeFileSync(file, code);
  return spawnSync(process.execPath, [...nodeOptions, "--require", file, bin, "hook", "pre-receive"], {
    cwd: folder,
    encoding: "utf8",
    input,
    timeout: 30_000,
  });
}

/** A git that is started and never heard of, and nothing that keeps the process alive. */
const SILENT_GIT = [
  "const { EventEmitter } = require('node:events');",
  "const { PassThrough } = require('node:stream');",
  "const streams = () => ({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() });",
  "require('node:child_process').spawn = () => Object.assign(new EventEmitter(), streams(), { kill() {}, unref() {} });",
].join("\n");

const push = `${"0".repeat(40)} ${"1".repeat(40)} refs/heads/main\n`;

describe("a defect of our own never lets a push in", () => {
  it("runs to the end with 0 where nothing misbehaves (the rejection below means something)", () => {
    expect(misbehave("", "").status).toBe(0);
  });

  it("gives 70 when the process ends before there is a verdict: Node itself would give 0", () => {
    const { status, stderr } = misbehave(SILENT_GIT, push);
    expect(status).toBe(70);
    expect(stderr).toContain("the process ended before");
  });

  it.each([
    ["an exception that nobody catches", "setTimeout(() => { throw new Error('boom'); }, 50);"],
    ["a rejection that nobody handles", "setTimeout(() => { void Promise.reject(new Error('boom')); }, 50);"],
    ["a rejection of what is no error", "setTimeout(() => { void Promise.reject('boom'); }, 50);"],
  ])("gives 70 for %s", (_name, code) => {
    const { status, stderr } = misbehave(`${SILENT_GIT}\n${code}`, push);
    expect(status).toBe(70);
    expect(stderr).toMatch(/^error: signpolicy: internal error: boom$/m);
    expect(stderr).toContain("please report it");
  });

  it.each(["none", "warn", "strict"])("whatever --unhandled-rejections=%s says", (mode) => {
    const code = `${SILENT_GIT}\nsetTimeout(() => { void Promise.reject(new Error('boom')); }, 50);`;
    expect(misbehave(code, push, [`--unhandled-rejections=${mode}`]).status).toBe(70);
  });
});
