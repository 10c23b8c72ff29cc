/** The server suites once more, with the program as one file and no node on any PATH. */
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../support/clone.ts";
import { armor, ecdsaKey, offCurve, simpleCertificate } from "../support/openpgp.ts";
import { alice, mainRule, policyOf } from "../support/push-server.ts";
import { runScenario } from "../support/scenario.ts";
import { EXECUTABLE, buildExecutable, pathWithoutNode } from "../support/servers/executable.ts";
import { describeGitolite } from "../support/servers/gitolite-suite.ts";
import { InstalledServer, PACKAGE, type ServerProgram } from "../support/servers/installed.ts";
import { describeTransports } from "../support/servers/transports.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(120_000);

let scratch: string;
let program: ServerProgram;

beforeAll(() => {
  buildExecutable();
  scratch = mkdtempSync(join(realpathSync(tmpdir()), "sp-path-"));
  program = { words: [EXECUTABLE], path: pathWithoutNode(join(scratch, "bin")) };
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describeTransports("the executable's hooks", () => program);
describeGitolite("the executable's hooks", () => program);

describeWith("git", "the executable", () => {
  let server: InstalledServer;
  const at = (file: string) => join(server.server.gitDir, "signpolicy/0.1.0", file);
  const check = () => server.try(["check-install", "--server", server.server.gitDir]);

  beforeAll(() => {
    server = new InstalledServer(policyOf([mainRule]), program);
    server.install();
  });
  afterAll(() => server.remove());

  it("finds no node where it is tried", () => {
    const env = { PATH: program.path };
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
    const both = [program, PACKAGE].map((by) =>
      spawnSync("env", ["-i", `PATH=${by.path}`, ...by.words, ...json], { encoding: "utf8" }),
    );
    expect(both[0]?.status).toBe(0);
    expect(both[0]?.stdout).toBe(both[1]?.stdout);
  });

  it("runs nothing that a pusher's environment names, nor what lies beside it or where it is called", () => {
    const trap = join(scratch, "trap.cjs");
    const sprung = join(scratch, "sprung");
    const spring = `require("fs").writeFileSync(${JSON.stringify(sprung)}, ""); process.exit(0);`;
    writeFileSync(trap, spring);
    const env = { PATH: program.path, NODE_OPTIONS: `--require=${trap}`, NODE_PATH: scratch, OPENSSL_CONF: trap };
    expect(server.push([`${server.commit(null)}:refs/heads/main`], env).status).toBe(1);
    expect(existsSync(sprung)).toBe(false);

    const folder = join(scratch, "checkout");
    mkdirSync(join(folder, ".config"), { recursive: true });
    mkdirSync(join(folder, "node_modules/openpgp"), { recursive: true });
    for (const file of [".config/config.js", ".signpolicyrc.js", "main.cjs", "node_modules/openpgp/index.js"]) {
      writeFileSync(join(folder, file), spring);
    }
    const beside = join(folder, "signpolicy");
    copyFileSync(EXECUTABLE, beside);
    const words = ["policy", "check", join(server.server.root, "policy.json")];
    const { status } = spawnSync(beside, words, { cwd: folder, env: { PATH: program.path }, encoding: "utf8" });
    expect([status, existsSync(sprung)]).toEqual([0, false]);
  });

  it("holds openpgp as a file of its own, in whose place another build of it does the work", () => {
    const folder = join(scratch, "rebuilt");
    const mark = join(scratch, "loaded");
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
      const args = ["-i", `PATH=${program.path}`, ...words, "policy", "check", join(folder, "policy.json")];
      const { status, stdout, stderr } = spawnSync("env", args, { encoding: "utf8" });
      return { status, said: stdout + stderr };
    };
    const { status, said } = check(join(folder, "signpolicy"));
    expect([status, said, existsSync(mark)]).toEqual([0, expect.stringContaining("key-invalid"), true]);
    expect(check(EXECUTABLE)).toEqual({ status, said });
    expect(check(...PACKAGE.words)).toEqual({ status, said });
  });

  it.each([
    "help-and-version",
    "install-and-record",
    "policy-commands",
    "push-hooks",
    "usage-errors",
    "verify-history",
  ])("is the whole command: %s", (name) => {
    runScenario(join(projectRoot, "test/cli/scenarios", `${name}.txt`), EXECUTABLE);
  });
});
