/** What `.ci/run` does with this very repository (scripts/own-policy.mjs), in clones of it as CI has them. */
import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, jest } from "@jest/globals";
import { describeWith, itWith } from "../support/tools.ts";

jest.setTimeout(120_000);

const project = resolve(".");
const SCRIPT = "scripts/own-policy.mjs";

describeWith(["git", "ssh-keygen"], "this repository's own policy", () => {
  let home: string;
  let clone: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "own-policy-"));
    clone = join(home, "clone");
  });
  afterEach(() => {
    platform = {};
    rmSync(clone, { recursive: true, force: true });
  });
  afterAll(() => rmSync(home, { recursive: true }));

  let platform: Readonly<Record<string, string>> = {};
  const run = (program: string, ...args: readonly string[]) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: home, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C", ...platform };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: clone, env, encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  const git = (...args: readonly string[]) => expect(run("git", ...args)).toMatchObject({ status: 0 });
  const expectOwnPolicy = (code: number, words: string): void => {
    const { status, said } = run(process.execPath, SCRIPT);
    expect(said).toContain(words);
    expect(status).toBe(code);
  };
  /** Detached, as CI checks out. */
  const cloneWith = (...options: readonly string[]): void => {
    expect(spawnSync("git", ["clone", "-q", ...options, `file://${project}`, clone]).status).toBe(0);
    git("checkout", "-q", "--detach");
    for (const name of ["dist", "node_modules"]) symlinkSync(join(project, name), join(clone, name));
    copyFileSync(join(project, SCRIPT), join(clone, SCRIPT));
    git("config", "user.name", "A Maintainer");
    git("config", "user.email", "maintainer@example.org");
    // Its remote is the project's own folder, which has no policy.
    git("remote", "remove", "origin");
  };

  itWith("the project's whole history", "is rehearsed until somebody gives a key, and nothing of that stays", () => {
    cloneWith();
    const state = () => run("git", "for-each-ref").said + run("git", "rev-parse", "HEAD").said;
    const before = state();
    expectOwnPolicy(0, "what is unsigned or forged from now on is refused");
    expect(state()).toBe(before);
  });

  itWith("the project's whole history", "fails the rehearsal where the program that was built refuses nothing", () => {
    cloneWith();
    rmSync(join(clone, "dist"));
    mkdirSync(join(clone, "dist"));
    writeFileSync(
      join(clone, "dist", "signpolicy.cjs"),
      `const { spawnSync } = require("node:child_process");
const argv = [${JSON.stringify(join(project, "dist/signpolicy.cjs"))}, ...process.argv.slice(2)];
if (process.argv[2] === "init") spawnSync(process.execPath, argv, { stdio: "inherit" });\n`,
    );
    expectOwnPolicy(1, "own-policy: error: a commit that should be unsigned is allowed");
  });

  it("says of a shallow clone that it cannot be rehearsed there, and CI goes on", () => {
    cloneWith("--depth", "2");
    expectOwnPolicy(0, "the rehearsal needs the whole history");
  });

  itWith(
    "the project's whole history",
    "takes a signed history from then on, and fails an unsigned commit (unsigned) and a policy that is none",
    () => {
      cloneWith();
      git("switch", "-q", "-C", "main");
      const init = run(process.execPath, "dist/signpolicy.cjs", "init", "--yes", "--new-key", "--no-hooks");
      expect(init).toMatchObject({ status: 0 });
      git("add", ".signpolicy.yaml");
      git("commit", "-q", "-S", "-m", "Enforce the signing policy");
      git("checkout", "-q", "--detach");
      expectOwnPolicy(0, "satisfies");

      const oidOf = (revision: string): string => run("git", "rev-parse", revision).said.trim();
      const base = oidOf("HEAD");
      /** As a pull request on the policy's commit. */
      const onPlatform = (code: number, words: string): void => {
        const event = join(home, "event.json");
        const pull_request = { head: { sha: oidOf("HEAD"), ref: "topic" }, base: { sha: base, ref: "main" } };
        writeFileSync(event, JSON.stringify({ pull_request }));
        const names = { GITHUB_EVENT_NAME: "pull_request", GITHUB_REF: "refs/pull/1/merge", GITHUB_EVENT_PATH: event };
        platform = { GITHUB_ACTIONS: "true", ...names };
        expectOwnPolicy(code, words);
        platform = {};
      };

      git("commit", "-q", "--allow-empty", "-m", "signed");
      onPlatform(0, "1 commit checked on refs/heads/main, all allowed");
      git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "not signed");
      expectOwnPolicy(1, "unsigned");
      onPlatform(1, "unsigned");
      git("reset", "-q", "--hard", "HEAD~1");
      appendFileSync(join(clone, ".signpolicy.yaml"), "nonsense: true\n");
      expectOwnPolicy(2, "nonsense");
    },
  );
});
