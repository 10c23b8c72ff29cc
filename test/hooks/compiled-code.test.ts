/**
 * Compiled code is code: whoever gets his own run decides every push. Here the program is one file that says which text it
 * was made of, and a forger puts compiled code of another in its place.
 */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileCode, isCurrent } from "../../src/io/compile-code.ts";
import { openCompiled } from "../../src/io/compiled-code.ts";

const START = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const MAIN = /\.\/(main-[\w-]+\.cjs)/.exec(readFileSync(START, "utf8"))?.[1] ?? "";
const OURS = 'console.log("ours", require("./part.cjs"));';
const PART = 'module.exports = () => "never called"; module.exports = "own";';

let root: string;
let dist: string;
let server: string;
let clone: string;
let client: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "spc-"));
  dist = join(root, "program", "dist");
  server = join(root, "program", "compiled-code");
  clone = join(root, "clone");
  client = join(clone, ".git", "signpolicy", "compiled-code");
  writeProgram(dist, OURS);
  mkdirSync(dirname(client), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function writeProgram(folder: string, main: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(START, join(folder, "signpolicy.cjs"));
  writeFileSync(join(folder, MAIN), main);
  writeFileSync(join(folder, "part.cjs"), PART);
  for (const file of [MAIN, "part.cjs"]) utimesSync(join(folder, file), 1_700_000_000, 1_700_000_000);
}

/** Code of a text as long as ours, made for files that look like ours: it is run wherever it is trusted. */
function forged(): Buffer {
  const folder = join(root, "forger");
  writeProgram(folder, OURS.replace("ours", "evil"));
  return compileCode(folder);
}

function run(hook: string, cwd = clone, environment: Record<string, string> = {}): string {
  const argv = [join(dist, "signpolicy.cjs"), "hook", hook];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd, env: environment, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trim();
}

const put = (path: string, bytes: Buffer | string, mode = 0o600): void => writeFileSync(path, bytes, { mode });

describe("compiled code", () => {
  it("is run where it lies beside the program, for every hook, and in a clone's git directory for the client's", () => {
    put(server, forged());
    expect(run("pre-receive")).toBe("evil own");
    expect(run("pre-commit")).toBe("evil own");
    renameSync(server, client);
    expect(run("pre-commit")).toBe("evil own");
    expect(run("pre-commit", root, { GIT_DIR: join(clone, ".git") })).toBe("evil own");
  });

  it("is found from a linked work tree", () => {
    put(client, forged());
    const linked = join(clone, ".git", "worktrees", "linked");
    mkdirSync(linked, { recursive: true });
    writeFileSync(join(linked, "commondir"), "../..\n");
    const folder = join(root, "linked");
    mkdirSync(folder);
    writeFileSync(join(folder, ".git"), `gitdir: ${linked}\n`);
    expect(run("pre-push", folder)).toBe("evil own");
  });

  it("in a repository is never run by its server's hooks, nor by a command that looks at somebody's repository", () => {
    put(client, forged());
    expect(run("pre-receive", join(clone, ".git"), { GIT_DIR: "." })).toBe("ours own");
    expect(run("post-receive", join(clone, ".git"), { GIT_DIR: "." })).toBe("ours own");
    for (const file of ["again.cjs", "kept-code.cjs"]) copyFileSync(join(dirname(START), file), join(dist, file));
    const verify = spawnSync(process.execPath, [join(dist, "signpolicy.cjs"), "verify"], {
      cwd: clone,
      encoding: "utf8",
    });
    expect(verify.stdout).toBe("ours own\n");
  });

  it("that others could have written is not run", () => {
    for (const mode of [0o620, 0o602, 0o666]) {
      put(server, forged());
      chmodSync(server, mode);
      expect(run("pre-receive")).toBe("ours own");
    }
    rmSync(server);
    put(join(root, "elsewhere"), forged());
    symlinkSync(join(root, "elsewhere"), server);
    expect(run("pre-receive")).toBe("ours own");
  });

  const asRoot = process.geteuid?.() === 0 ? it : it.skip;
  asRoot("of another user is not run", () => {
    put(server, forged());
    chownSync(server, 65_534, 65_534);
    expect(run("pre-receive")).toBe("ours own");
    chownSync(join(dist, "signpolicy.cjs"), 65_534, 65_534);
    expect(run("pre-receive")).toBe("evil own");
  });

  it("of files that were replaced since, or for another node, is not run", () => {
    put(server, forged());
    utimesSync(join(dist, MAIN), 1_700_000_002, 1_700_000_002);
    expect(run("pre-receive")).toBe("ours own");
    const text = forged().toString("latin1");
    put(server, Buffer.from(text.replace(process.version, "v20.0.99".padEnd(process.version.length, "0")), "latin1"));
    utimesSync(join(dist, MAIN), 1_700_000_000, 1_700_000_000);
    expect(run("pre-receive")).toBe("ours own");
  });

  it("that is damaged anywhere, cut off or something else is not run", () => {
    const whole = forged();
    const files = [MAIN, "part.cjs"].map((name) => ({ name: `./${name}`, status: statSync(join(dist, name)) }));
    const read = (): readonly (Buffer | null)[] => {
      const code = openCompiled(server, null);
      const parts = files.map(({ name, status }) => {
        const bytes = code?.part(name, status) ?? null;
        return bytes === null ? null : Buffer.from(bytes);
      });
      code?.close();
      return parts;
    };
    put(server, whole);
    const [main, part] = read();
    expect([main, part]).toEqual([expect.any(Buffer), expect.any(Buffer)]);
    for (let at = 0; at < whole.length; at += 13) {
      const torn = Buffer.from(whole);
      torn[at] = (torn[at] ?? 0) ^ 0x55;
      put(server, torn);
      const [first, second] = read();
      expect([main, null]).toContainEqual(first);
      expect([part, null]).toContainEqual(second);
    }
    put(server, whole.subarray(0, 16_384 + 10));
    expect(read()).toEqual([null, null]);
    expect(run("pre-receive")).toBe("ours own");
    for (const length of [0, 1, 100, 16_384, whole.length - 1]) {
      put(server, whole.subarray(0, length));
      expect(["ours own", "evil own"]).toContain(run("pre-receive"));
    }
    put(server, "{}");
    expect(run("pre-receive")).toBe("ours own");
    rmSync(server);
    mkdirSync(server);
    expect(run("pre-receive")).toBe("ours own");
  });

  it("is run where a copy has the times rounded up to the next second", () => {
    put(server, forged());
    utimesSync(join(dist, MAIN), 1_700_000_001, 1_700_000_001);
    expect(run("pre-receive")).toBe("evil own");
  });

  it("is of texts in ASCII, which are read as latin-1", () => {
    const own = dirname(START);
    const files = readdirSync(own).filter((name) => name.endsWith(".cjs"));
    const others = files.filter((name) => /[^\0-\x7f]/.test(readFileSync(join(own, name), "latin1")));
    expect(others).toEqual([]);
  });

  it("knows whether it still holds the program", () => {
    const owners = [process.geteuid?.() ?? 0];
    expect(isCurrent(server, dist, owners)).toBe(false);
    put(server, compileCode(dist));
    expect(isCurrent(server, dist, owners)).toBe(true);
    expect(isCurrent(server, dist, [statSync(server).uid + 1])).toBe(false);
    writeFileSync(join(dist, "more.cjs"), "");
    expect(isCurrent(server, dist, owners)).toBe(false);
  });
});
