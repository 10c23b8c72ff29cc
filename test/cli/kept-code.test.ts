/**
 * `verify` leaves the code of what it ran beside the program, and the next run starts from it. Nothing but speed may depend on that:
 * a forger's code, here of a program that shouts, is run only where he could have changed the program itself.
 */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Script } from "node:vm";
import { compileCode, readCode, type CodeOf } from "../../src/io/compile-code.ts";
import { wrapped } from "../../src/io/compiled-code.ts";
import { FrontierScene, type Answer } from "../support/frontier.ts";
import { BIN } from "../support/push-server.ts";

const SAID = "all allowed";
const SHOUTED = "all ALLOWED";

let scene: FrontierScene;
let program: string;
let dist: string;
let code: string;

beforeEach(() => {
  scene = new FrontierScene();
  scene.grow();
  program = join(scene.repo.root, "program");
  dist = join(program, "dist");
  code = join(program, "compiled-verify");
  cpSync(dirname(BIN), dist, { recursive: true, preserveTimestamps: true });
  symlinkSync(resolve("node_modules"), join(program, "node_modules"));
});
afterEach(() => scene.pushes.remove());

/** Everything is judged: what an earlier run found is not said again. */
function verify(args?: readonly string[], env: Record<string, string> = {}): Answer {
  rmSync(scene.file, { force: true });
  return scene.verify(args, { program: join(dist, "signpolicy.cjs"), env });
}

const held = (): CodeOf => (existsSync(code) ? readCode(code, dist, null) : new Map());
const names = (): string => [...held().keys()].join(" ");

/** Code of a text as long as ours, made for files that look like ours. */
function forge(): void {
  const folder = join(scene.repo.root, "forger");
  rmSync(folder, { recursive: true, force: true });
  cpSync(dist, folder, { recursive: true, preserveTimestamps: true });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const { atime, mtime } = statSync(file);
    const text = readFileSync(file, "latin1");
    if (!text.includes(SAID)) continue;
    writeFileSync(file, text.replaceAll(SAID, SHOUTED), "latin1");
    utimesSync(file, atime, mtime);
  }
  rmSync(code, { recursive: true, force: true });
  writeFileSync(code, compileCode(folder), { mode: 0o644 });
}

const asRoot = process.geteuid?.() === 0 ? it : it.skip;

describe("the code that verify leaves beside the program", () => {
  it("is that of what ran; V8 takes it, and a run that brings nothing new leaves it as it is", () => {
    const first = verify();
    expect(first).toMatchObject({ status: 0, text: expect.stringContaining(SAID) });
    expect(names()).toMatch(/\.\/main-.*\.\/openpgp-/);
    expect(names()).not.toMatch(/doctor/);
    for (const [name, cachedData] of held()) {
      const script = new Script(wrapped(readFileSync(join(dist, name), "utf8")), { cachedData });
      expect([name, script.cachedDataRejected]).toEqual([name, false]);
    }
    const { ino, mtimeMs, mode } = statSync(code);
    expect(mode & 0o777).toBe(0o644);
    expect(verify()).toEqual(first);
    expect(statSync(code)).toMatchObject({ ino, mtimeMs });
    expect(readdirSync(program).sort()).toEqual(["compiled-verify", "dist", "node_modules"]);
  });

  it("is run by the next verify, and by nothing else", () => {
    forge();
    expect(verify().text).toContain(SHOUTED);
    expect(verify(["--all"]).text).toContain(SHOUTED);
    renameSync(code, join(scene.repo.gitDir, "signpolicy", "compiled-verify"));
    expect(verify().text).toContain(SAID);
    forge();
    renameSync(code, join(program, "compiled-code"));
    expect(verify().text).toContain(SAID);
  });

  it("gives a denied history the same report and exit code", () => {
    scene.put(scene.pushes.commit(null, { parents: [scene.grow()] }));
    const first = verify();
    expect(first).toMatchObject({ status: 1, text: expect.stringContaining("unsigned") });
    expect(existsSync(code)).toBe(true);
    expect(verify()).toEqual(first);
  });

  it("grows by what another run brings, and keeps the rest", () => {
    verify();
    const before = [...held().keys()];
    const fromRoot = (): Answer =>
      verify(["refs/heads/main", "--trust-root", scene.pushes.value("refs/heads/main") ?? ""]);
    const report = fromRoot();
    expect(report.status).toBeLessThanOrEqual(1);
    const after = [...held().keys()];
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.length).toBeGreaterThan(before.length);
    const { ino } = statSync(code);
    expect(fromRoot()).toEqual(report);
    verify();
    expect(statSync(code).ino).toBe(ino);
  });

  it("is not left by a run that was not understood", () => {
    expect(verify(["--nonsense"]).status).toBe(2);
    expect(existsSync(code)).toBe(false);
  });

  it("that others could have written is not run, and one's own takes its place", () => {
    for (const mode of [0o664, 0o646]) {
      forge();
      chmodSync(code, mode);
      expect(verify().text).toContain(SAID);
      expect(statSync(code).mode & 0o777).toBe(0o644);
      expect(verify().text).toContain(SAID);
    }
    forge();
    renameSync(code, join(program, "elsewhere"));
    symlinkSync(join(program, "elsewhere"), code);
    const before = readFileSync(join(program, "elsewhere"));
    expect(verify().text).toContain(SAID);
    expect(readFileSync(join(program, "elsewhere")).equals(before)).toBe(true);
  });

  asRoot(
    "of a user who is neither root nor the program's owner is not run, and nothing is put beside another's program",
    () => {
      forge();
      chownSync(code, 65_534, 65_534);
      expect(verify().text).toContain(SAID);
      rmSync(code);
      chownSync(program, 65_534, 65_534);
      expect(verify().text).toContain(SAID);
      expect(readdirSync(program).sort()).toEqual(["dist", "node_modules"]);
    },
  );

  it("that is damaged, or for another node, is not run and made anew", () => {
    forge();
    const bytes = readFileSync(code);
    for (let at = 20_000; at < bytes.length; at += 1000) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    writeFileSync(code, bytes);
    expect(verify().text).toContain(SAID);
    expect(names()).toContain("./main-");
    forge();
    const other = readFileSync(code, "latin1").replace(process.version, "v20.0.99".padEnd(process.version.length, "0"));
    writeFileSync(code, other, "latin1");
    expect(verify().text).toContain(SAID);
    expect(names()).toContain("./main-");
  });

  it("is made anew where node runs with other flags of V8's, which would not take it", () => {
    verify();
    const before = statSync(code).ino;
    const flags = { NODE_OPTIONS: "--max-old-space-size=500" };
    expect(verify(undefined, flags).text).toContain(SAID);
    const { ino } = statSync(code);
    expect(ino).not.toBe(before);
    expect(verify(undefined, flags).text).toContain(SAID);
    expect(statSync(code).ino).toBe(ino);
  });

  it("that cannot be put aside first changes no exit code, and nothing is said of it", () => {
    const start = join(dist, "signpolicy.cjs");
    // The process keeps the number of the shell that it takes the place of.
    const command = `mkdir '${code}'.$$ && exec '${process.execPath}' '${start}' verify refs/heads/main`;
    const { status, stdout, stderr } = scene.repo.run("sh", ["-c", command]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.toString()).toContain(SAID);
    expect(existsSync(code)).toBe(false);
  });

  it("may be anything, or have no room: the verdict is the same", () => {
    const shapes: readonly (() => void)[] = [
      () => mkdirSync(code),
      () => void scene.repo.run("mkfifo", [code]),
      () => symlinkSync("/dev/zero", code),
      () => writeFileSync(code, "signpolicy compiled code"),
    ];
    for (const shape of shapes) {
      rmSync(code, { recursive: true, force: true });
      shape();
      expect(verify()).toMatchObject({ status: 0, text: expect.stringContaining(SAID) });
    }
    rmSync(code, { recursive: true, force: true });
    mkdirSync(join(code, "full"), { recursive: true });
    expect(verify()).toMatchObject({ status: 0, text: expect.stringContaining(SAID) });
    expect(readdirSync(program).sort()).toEqual(["compiled-verify", "dist", "node_modules"]);
  });
});
