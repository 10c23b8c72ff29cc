/** What is said of the one-file program: what it holds, how it is installed, and that it is the whole command. */
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../support/clone.ts";
import { armor, ecdsaKey, offCurve, simpleCertificate } from "../support/openpgp.ts";
import { alice, mainRule, policyOf } from "../support/push-server.ts";
import { missingTools, runScenario } from "../support/scenario.ts";
import { EXECUTABLE, ExecutablePlace, NEEDED, buildExecutable } from "../support/servers/executable.ts";
import { InstalledServer, PACKAGE } from "../support/servers/installed.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(120_000);

const place = new ExecutablePlace();

/** Long, and about nothing that is another file in the executable, or said by the server suites that run with it. */
const SAID_ELSEWHERE = new Set([
  "closed-pipe.txt",
  "init-and-join.txt",
  "install-and-record.txt",
  "names.txt",
  "push-hooks.txt",
]);
/** Some start node themselves, or look at the bundle's files. */
const scenarios = join(projectRoot, "test/cli/scenarios");
const scenariosWithoutNode = (): readonly string[] =>
  readdirSync(scenarios)
    .filter((name) => !SAID_ELSEWHERE.has(name))
    .filter((name) => !/\bnode\b|dist\//.test(readFileSync(join(scenarios, name), "utf8")));

describeWith([...NEEDED, "git"], "the executable", () => {
  let server: InstalledServer;
  const at = (file: string) => join(server.server.gitDir, "signpolicy/0.1.0", file);
  const check = () => server.try(["check-install", "--server", server.server.gitDir]);

  beforeAll(() => {
    place.prepare();
    server = new InstalledServer(policyOf([mainRule]), place.program);
    server.install();
  });
  afterAll(() => {
    server.remove();
    place.remove();
  });

  it("finds no node where it is tried", () => {
    const env = { PATH: place.program.path };
    expect(spawnSync("sh", ["-c", "command -v git"], { env }).status).toBe(0);
    expect(spawnSync("sh", ["-c", "command -v node"], { env }).status).not.toBe(0);
  });

  it("is copied with its licences and a manifest, by the one name that the hook starts", () => {
    expect(readFileSync(at("signpolicy")).equals(readFileSync(EXECUTABLE))).toBe(true);
    expect(statSync(at("signpolicy")).mode & 0o777).toBe(0o755);
    expect(readFileSync(at("THIRD-PARTY.txt"), "utf8")).toMatch(
      /OpenPGP\.js.*[^]*GNU LESSER GENERAL PUBLIC LICENSE[^]*Node\.js v/,
    );
    const { files } = JSON.parse(readFileSync(at("manifest.json"), "utf8")) as { files: object };
    expect(Object.keys(files)).toEqual(["signpolicy", "LICENSE", "THIRD-PARTY.txt"]);
    const hook = readFileSync(join(server.server.gitDir, "hooks/pre-receive"), "utf8");
    expect(hook).toContain(`node=\nentry=${at("signpolicy")}\n`);
    expect(hook).not.toContain(process.execPath);
  });

  (process.getuid?.() === 0 ? it : it.skip)("belongs to the repository's owner, when root installs", () => {
    const { gitDir } = server.server;
    const own = (user: string) => spawnSync("chown", ["-R", user, gitDir]);
    own("65534:65534");
    // Whose it is must be able to come to it.
    chmodSync(dirname(gitDir), 0o755);
    try {
      rmSync(at("."), { recursive: true });
      server.signpolicy(["install", "--server", gitDir]);
      for (const file of ["signpolicy", "manifest.json"]) expect([file, statSync(at(file)).uid]).toEqual([file, 65534]);
    } finally {
      own("0:0");
    }
  });

  it("is found out by check-install when it is another, cannot be run, or is gone, and is put back by install", () => {
    chmodSync(at("signpolicy"), 0o644);
    expect(check()).toMatchObject({ status: 1, text: expect.stringContaining("cannot be run") });
    chmodSync(at("signpolicy"), 0o755);
    writeFileSync(at("signpolicy"), "#!/bin/sh\nexit 0\n");
    expect(check()).toMatchObject({ status: 1, text: expect.stringContaining("was changed") });
    rmSync(at("signpolicy"));
    expect(check()).toMatchObject({ status: 1, text: expect.stringContaining("which is missing") });
    const { status, text } = server.push([`${server.commit(alice)}:refs/heads/main`]);
    expect([status, text]).toEqual([
      1,
      expect.stringMatching(/remote: error: .*signpolicy\/0\.1\.0\/signpolicy is missing/),
    ]);
    server.install();
  });

  it("gives way to the package and comes back, whichever installs", () => {
    const words = ["install", "--server", server.server.gitDir];
    const byPackage = (more: string[]) =>
      server.server.run(process.execPath, [PACKAGE.words[1] ?? "", ...words, ...more]).status;
    expect(byPackage([])).toBe(0);
    expect(readFileSync(join(server.server.gitDir, "hooks/pre-receive"), "utf8")).toContain(process.execPath);
    expect(byPackage(["--self-contained"])).toBe(0);
    expect(readFileSync(join(server.server.gitDir, "hooks/pre-receive"), "utf8")).not.toContain(process.execPath);
    expect(check()).toMatchObject({ status: 0 });
    expect(server.try(["uninstall", "--server", server.server.gitDir])).toMatchObject({ status: 0 });
    server.install();
  });

  it("verifies and explains as the package does, from any folder", () => {
    const signed = server.commit(alice);
    expect(server.push([`${signed}:refs/heads/main`]).status).toBe(0);
    const json = [
      "-C",
      server.server.gitDir,
      "verify",
      "--format",
      "json",
      "--policy",
      join(server.server.root, "policy.json"),
      signed,
    ];
    const both = [place.program, PACKAGE].map((by) =>
      spawnSync("env", ["-i", `PATH=${by.path}`, ...by.words, ...json], { encoding: "utf8" }),
    );
    expect(both[0]?.status).toBe(0);
    expect(both[0]?.stdout).toBe(both[1]?.stdout);
  });

  it("runs nothing that a pusher's environment names, nor what lies beside it or where it is called", () => {
    const trap = join(place.scratch, "trap.cjs");
    const sprung = join(place.scratch, "sprung");
    const spring = `require("fs").writeFileSync(${JSON.stringify(sprung)}, ""); process.exit(0);`;
    writeFileSync(trap, spring);
    const env = {
      PATH: place.program.path,
      NODE_OPTIONS: `--require=${trap}`,
      NODE_PATH: place.scratch,
      OPENSSL_CONF: trap,
    };
    expect(server.push([`${server.commit(null)}:refs/heads/main`], env).status).toBe(1);
    expect(existsSync(sprung)).toBe(false);

    const folder = join(place.scratch, "checkout");
    mkdirSync(join(folder, ".config"), { recursive: true });
    mkdirSync(join(folder, "node_modules/openpgp"), { recursive: true });
    for (const file of [".config/config.js", ".signpolicyrc.js", "main.cjs", "node_modules/openpgp/index.js"]) {
      writeFileSync(join(folder, file), spring);
    }
    const beside = join(folder, "signpolicy");
    copyFileSync(EXECUTABLE, beside);
    const words = ["policy", "check", join(server.server.root, "policy.json")];
    const { status } = spawnSync(beside, words, { cwd: folder, env: { PATH: place.program.path }, encoding: "utf8" });
    expect([status, existsSync(sprung)]).toEqual([0, false]);
  });

  it("holds openpgp as a file of its own, in whose place another build of it does the work", () => {
    const folder = join(place.scratch, "rebuilt");
    const mark = join(place.scratch, "loaded");
    const own = readFileSync(join(projectRoot, "node_modules/openpgp/dist/node/openpgp.min.cjs"), "utf8");
    mkdirSync(folder);
    writeFileSync(join(folder, "own.cjs"), `${own}\nrequire("fs").writeFileSync(${JSON.stringify(mark)}, "");\n`);
    buildExecutable("--openpgp", join(folder, "own.cjs"), "--out", folder);
    // node's crypto takes no point that is not on its curve: then the package is asked.
    writeFileSync(
      join(folder, "key.asc"),
      armor("PGP PUBLIC KEY BLOCK", simpleCertificate(offCurve(ecdsaKey("p256")))),
    );
    const principals = { alice: { name: "Alice", emails: ["alice@example.org"], keys: [{ openpgp: "key.asc" }] } };
    const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }];
    writeFileSync(join(folder, "policy.json"), JSON.stringify({ version: 1, principals, rules }));
    const check = (...words: readonly string[]) => {
      const args = ["-i", `PATH=${place.program.path}`, ...words, "policy", "check", join(folder, "policy.json")];
      const { status, stdout, stderr } = spawnSync("env", args, { encoding: "utf8" });
      return { status, said: stdout + stderr };
    };
    const { status, said } = check(join(folder, "signpolicy"));
    expect([status, said, existsSync(mark)]).toEqual([0, expect.stringContaining("key-invalid"), true]);
    expect(check(EXECUTABLE)).toEqual({ status, said });
    expect(check(...PACKAGE.words)).toEqual({ status, said });
  });

  for (const name of scenariosWithoutNode()) {
    const missing = missingTools(join(scenarios, name));
    if (missing.length > 0)
      it.skip(`is the whole command: ${name} (skipped: no ${missing.join(", ")})`, () => undefined);
    else it(`is the whole command: ${name}`, () => runScenario(join(scenarios, name), EXECUTABLE));
  }
});
