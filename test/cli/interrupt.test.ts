import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";

const bin = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "interrupt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A git that never answers, so that the command is surely in the middle of its work. */
const started = join(folder, "started");
writeFileSync(join(folder, "git"), `#!/bin/sh\n: >"${started}"\nexec sleep 30\n`);
chmodSync(join(folder, "git"), 0o755);

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

async function interrupt(words: readonly string[]): Promise<Ended> {
  rmSync(started, { force: true });
  const env = { PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder };
  const child = spawn(process.execPath, [bin, ...words], { cwd: folder, env, stdio: "pipe", detached: true });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stderr })));
  child.stdin.end(`${"0".repeat(40)} ${"1".repeat(40)} refs/heads/main\n`);
  for (let i = 0; i < 200 && !existsSync(started); i++) await new Promise((wait) => setTimeout(wait, 25));
  // As a terminal does: the whole process group, git included.
  process.kill(-(child.pid ?? 0), "SIGINT");
  return ended;
}

describe("Ctrl-C", () => {
  it("ends a command with 130 and one line", async () => {
    const { code, stderr } = await interrupt(["verify"]);
    expect(code).toBe(130);
    expect(stderr).toBe("signpolicy: interrupted; nothing was judged to the end\n");
  }, 30_000);

  it("ends a hook by the signal itself, which git takes for a refusal", async () => {
    const { code, signal } = await interrupt(["hook", "pre-receive"]);
    expect([code, signal]).toEqual([null, "SIGINT"]);
  }, 30_000);
});
