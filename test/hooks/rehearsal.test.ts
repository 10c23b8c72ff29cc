/**
 * The code that an installation leaves for its hooks is that of the functions which ran when they judged a push of its own
 * making. It is made in a folder that is thrown away, out of nothing of the user's, and nothing but speed may depend on it.
 */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { rehearsePushes } from "../../src/check/rehearsal.ts";
import { compileCode, readCode, type CodeOf } from "../../src/io/compile-code.ts";
import { wrapped } from "../../src/io/compiled-code.ts";
import { BIN, mainRule, policyOf, PushServer } from "../support/push-server.ts";
import { snapshot } from "../support/clone.ts";

jest.setTimeout(60_000);

let world: PushServer;
let server: string;
let home: string;
let temporary: string;
let environment: Record<string, string>;

beforeEach(() => {
  world = new PushServer(policyOf([mainRule]), "sha1", { hooks: false });
  server = world.server.gitDir;
  home = join(world.server.root, "home");
  temporary = join(world.server.root, "temporary");
  for (const folder of [home, temporary]) mkdirSync(folder);
  environment = { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: temporary };
});
afterEach(() => world.remove());

function run(...words: string[]): string {
  const { status, stderr, stdout } = spawnSync(process.execPath, [BIN, ...words], {
    cwd: world.server.root,
    env: environment,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  return stdout + stderr;
}

const install = (...more: string[]): string => run("install", "--server", server, ...more);

/** Of the program that was installed. */
const program = (): string => {
  const version = readdirSync(join(server, "signpolicy")).find((name) => /^\d/.test(name)) ?? "";
  return join(server, "signpolicy", version);
};
const dist = (): string => join(program(), "dist");
const codeOf = (): CodeOf => readCode(join(program(), "compiled-code"), dist(), null);

/** What a program's file is called without its digest. */
const named = (code: CodeOf, name: string): Buffer => {
  const [, bytes] = [...code].find(([file]) => new RegExp(`^\\./${name}-[\\w-]{8}\\.cjs$`).test(file)) ?? [];
  if (bytes === undefined) throw new Error(`there is no code of ${name}`);
  return bytes;
};

/** All of the code there is. */
function everything(): CodeOf {
  const path = join(world.server.root, "everything");
  writeFileSync(path, compileCode(dist()));
  return readCode(path, dist(), null);
}

const HOT = ["main", "judging", "openpgp"];

describe("the code that install --server leaves", () => {
  it("is that of what ran, and all of what no hook loads; V8 takes it", () => {
    install();
    const code = codeOf();
    const all = everything();
    expect([...code.keys()].sort()).toEqual([...all.keys()].sort());
    for (const name of HOT) expect(named(code, name).length).toBeLessThan(named(all, name).length * 0.8);
    expect(named(code, "judging").length).toBeGreaterThan(200_000);
    expect(named(code, "init").length).toBe(named(all, "init").length);
    for (const [file, cachedData] of code) {
      const script = new Script(wrapped(readFileSync(join(dist(), file), "utf8")), { cachedData });
      expect([file, script.cachedDataRejected]).toEqual([file, false]);
    }
  });

  it("tells those who push nothing of the folder that it was installed from", () => {
    install();
    for (const name of HOT) expect(named(codeOf(), name).includes(dirname(BIN))).toBe(false);
  });

  it("is all there is where no push can be rehearsed, and says nothing of it", () => {
    const programs = join(world.server.root, "programs");
    mkdirSync(programs);
    const git = spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim();
    const script = `#!/bin/sh\ncase " $* " in *" init "*) exit 1 ;; esac\nexec '${git}' "$@"\n`;
    writeFileSync(join(programs, "git"), script, { mode: 0o755 });
    environment["PATH"] = `${programs}:${environment["PATH"] ?? ""}`;
    expect(install()).not.toMatch(/rehears|error/);
    const code = codeOf();
    // V8 does not write the same bytes twice.
    for (const [name, { length }] of everything()) expect(code.get(name)?.length).toBeGreaterThan(length * 0.99);
  });

  it("is made in a folder that is thrown away, out of nothing of the user's", () => {
    const hooks = join(world.server.root, "template", "hooks");
    mkdirSync(hooks, { recursive: true });
    const canary = join(world.server.root, "canary");
    writeFileSync(join(hooks, "reference-transaction"), `#!/bin/sh\necho ran >'${canary}'\n`, { mode: 0o755 });
    writeFileSync(join(home, ".gitconfig"), `[init]\n\ttemplateDir = ${dirname(hooks)}\n`);
    const before = snapshot(home);
    environment["GIT_TEMPLATE_DIR"] = dirname(hooks);
    environment["GIT_DIR"] = server;
    environment["GNUPGHOME"] = join(home, "gnupg");
    environment["NODE_OPTIONS"] = "";
    install();
    expect(named(codeOf(), "judging").length).toBeLessThan(named(everything(), "judging").length);
    expect(existsSync(canary)).toBe(false);
    expect(snapshot(home)).toEqual(before);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("stays what it is where it is installed again", () => {
    install();
    const before = readFileSync(join(program(), "compiled-code"));
    expect(install()).not.toContain("installed:");
    expect(readFileSync(join(program(), "compiled-code")).equals(before)).toBe(true);
  });

  const asRoot = process.geteuid?.() === 0 ? it : it.skip;
  asRoot("is the owner's where root installs for another user, and a hook of his takes it", () => {
    chmodSync(world.server.root, 0o755);
    spawnSync("chown", ["-R", "65534:65534", server]);
    install();
    const code = join(program(), "compiled-code");
    expect(statSync(code).uid).toBe(65_534);
    expect(readCode(code, dist(), [65_534]).size).toBe(codeOf().size);
    expect(named(codeOf(), "judging").length).toBeLessThan(named(everything(), "judging").length);
    expect(run("check-install", "--server", server)).not.toContain("slower");
  });
});

describe("the code that install leaves in a clone", () => {
  it("is that of what its pre-push ran, and all of what the hooks of a commit may", () => {
    const { dir, gitDir } = world.clone;
    run("install", "-C", dir, "--via", "hooks");
    const own = dirname(BIN);
    const code = readCode(join(gitDir, "signpolicy", "compiled-code"), own, null);
    writeFileSync(join(temporary, "everything"), compileCode(own));
    const all = readCode(join(temporary, "everything"), own, null);
    expect([...code.keys()].sort()).toEqual([...all.keys()].sort());
    expect(named(code, "judging").length).toBeLessThan(named(all, "judging").length * 0.8);
    expect(named(code, "main").length).toBeGreaterThan(named(all, "main").length * 0.99);
    expect(readdirSync(temporary)).toEqual(["everything"]);
  });
});

describe("a rehearsal", () => {
  const rehearsed = (start: string): Promise<CodeOf> => {
    const folder = join(world.server.root, "dist");
    mkdirSync(folder, { recursive: true });
    for (const file of ["rehearse.cjs", "signpolicy.cjs"]) writeFileSync(join(folder, file), start);
    return rehearsePushes(folder, { PATH: environment["PATH"] });
  };

  it("with a program that refuses its pushes gives nothing", async () => {
    await expect(rehearsed("process.exit(1)")).rejects.toThrow("the rehearsed pre-receive ended with 1");
    await expect(rehearsed("process.kill(process.pid, 'SIGKILL')")).rejects.toThrow("ended with null");
  });

  it("gives the code of the files that hooks load, and of no others", async () => {
    const folder = dirname(BIN);
    const code = await rehearsePushes(folder, { PATH: environment["PATH"] });
    for (const name of [...HOT, "record-receive"]) expect(named(code, name).length).toBeGreaterThan(0);
    expect([...code.keys()].join()).not.toMatch(/commands|install|wizard|doctor/);
  });
});
