/** Hooks through lefthook, pre-commit and git's configuration, and beside lint-staged, commitlint and git-lfs: the real programs. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkClient } from "../../src/check/check-install.ts";
import { installClient, uninstallClient } from "../../src/check/install-client.ts";
import type { ClientVia } from "../../src/check/installation.ts";
import { Clone } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const POLICY = JSON.stringify({
  version: 1,
  principals: { alice: { name: "A", emails: ["n@example.org"], keys: [{ ssh: KEY }] } },
  rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
});

let clone: Clone;
beforeEach(() => {
  clone = new Clone("my app's");
  clone.addPackages(".", false);
  clone.write("package.json", '{ "name": "app" }\n');
  clone.write(".gitignore", "node_modules\n");
  clone.write(".signpolicy.json", POLICY);
});
afterEach(() => {
  clone.remove();
});

const install = (via?: ClientVia) =>
  installClient({ directory: clone.top, environment: clone.environment, ...(via === undefined ? {} : { via }) });
const uninstall = () => uninstallClient({ directory: clone.top, environment: clone.environment });
const look = async () => {
  const { problems, warnings } = await checkClient({ directory: clone.top, environment: clone.environment });
  return {
    problems: problems.map(({ message, fix }) => `${message} | ${fix}`),
    warnings: warnings.map(({ message }) => message),
  };
};

/** Puts a program of the machine's PATH where `npm install` would. */
function addProgram(name: string): void {
  const found = spawnSync("sh", ["-c", `readlink -f "$(command -v ${name})"`], { encoding: "utf8" }).stdout.trim();
  const launcher = `#!/bin/sh\nexec '${found}' "$@"\n`;
  writeFileSync(join(clone.top, "node_modules/.bin", name), launcher);
  chmodSync(join(clone.top, "node_modules/.bin", name), 0o755);
  const packages = /^.*\/node_modules(?=\/)/.exec(found)?.[0];
  if (packages !== undefined && name === "commitlint")
    symlinkSync(join(packages, "@commitlint"), join(clone.top, "node_modules/@commitlint"));
}

/** What git does on a commit and on a push of two branches to a folder with a blank in its name. */
function commitAndPush(): readonly string[] {
  clone.git("add", "-A");
  clone.git("commit", "-qm", "feat: one");
  clone.git("branch", "-f", "two");
  clone.git("init", "-q", "--bare", "../the server.git");
  clone.git("push", "-q", "../the server.git", "main", "two");
  return clone.calls();
}

const EVERY = ["hook pre-commit", "hook post-commit", "hook pre-push ../the server.git ../the server.git"];

describeWith(["lefthook"], "install --via lefthook", () => {
  beforeEach(() => {
    addProgram("lefthook");
  });

  it("is the way where the project has lefthook: all refs of a push, comments and order kept, given back", async () => {
    const theirs =
      "# ours since 2020\npre-commit:\n  parallel: true\n  jobs:\n    - name: lint # fast\n      run: echo lint\n";
    clone.write("lefthook.yml", theirs);
    const before = clone.snapshot();
    const { warnings } = await install();
    expect(warnings).toEqual([]);
    const text = clone.read("lefthook.yml");
    expect(text).toContain("# ours since 2020\npre-commit:\n  parallel: true\n  jobs:\n    - name: lint # fast\n");
    expect(commitAndPush()).toEqual(EVERY);
    expect(clone.refsSeen()).toHaveLength(2);
    expect(await look()).toEqual({ problems: [], warnings: [] });
    expect((await install()).steps.filter(({ changed }) => changed)).toEqual([]);
    await uninstall();
    expect(clone.read("lefthook.yml")).toBe(theirs);
    expect(clone.snapshot()["package.json"]).toBe(before["package.json"]);
  });

  it("stops the commit when signpolicy says no, and when it is gone", async () => {
    await install("lefthook");
    clone.git("add", "-A");
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-qm", "one"]).status).not.toBe(0);
    clone.run("rm", ["node_modules/.bin/signpolicy"]);
    expect(clone.run("git", ["commit", "-qm", "one"]).status).not.toBe(0);
  });

  it("is told by check-install when the entries are taken out, and uninstall takes them out of a teammate's clone", async () => {
    await install("lefthook");
    const text = clone.read("lefthook.yml");
    clone.write("lefthook.yml", "pre-commit:\n  commands:\n    a: { run: 'true' }\n");
    expect((await look()).problems.join("\n")).toContain("does not call signpolicy");
    clone.write("lefthook.yml", `${text}\n# more\n`);
    await uninstall();
    expect(clone.has("lefthook.yml") ? clone.read("lefthook.yml") : "").not.toContain("signpolicy");
  });
});

describe("install --via lefthook or pre-commit refuses, with nothing written,", () => {
  it.each([
    ["a file that is not YAML", "lefthook.yml", "pre-commit: [\n", /not YAML/],
    ["lefthook's other formats", "lefthook.toml", "[pre-commit]\n", /writes YAML alone/],
  ] as const)("%s", async (_, file, text, message) => {
    clone.write(file, text);
    const before = clone.snapshot();
    await expect(install("lefthook")).rejects.toThrow(message);
    expect(clone.snapshot()).toEqual(before);
  });
});

describe("install --via pre-commit", () => {
  it("puts entries first among none of theirs, keeps theirs, leaves pre-push to git's folder, and gives back", async () => {
    const theirs =
      "# theirs\nrepos:\n  - repo: https://example.org/x\n    rev: v1 # pinned\n    hooks:\n      - id: x\n";
    clone.write(".pre-commit-config.yaml", theirs);
    await install("pre-commit");
    const text = clone.read(".pre-commit-config.yaml");
    expect(text.startsWith(theirs)).toBe(true);
    for (const hook of ["pre-commit", "pre-merge-commit", "post-commit"])
      expect(text).toContain(`entry: node_modules/.bin/signpolicy hook ${hook}\n`);
    expect(text).not.toContain("pre-push");
    expect(clone.has(".git/hooks/pre-push")).toBe(true);
    await uninstall();
    expect(clone.read(".pre-commit-config.yaml")).toBe(theirs);
    expect(clone.has(".git/hooks/pre-push")).toBe(false);
  });
});

describeWith(["pre-commit"], "hooks of git's folder and the real pre-commit", () => {
  it.each(["before", "after"])("both run when pre-commit comes %s, with every ref of a push", async (when) => {
    clone.write(
      ".pre-commit-config.yaml",
      "repos:\n- repo: local\n  hooks:\n  - { id: x, name: x, entry: sh -c 'echo theirs >>../theirs', language: system, always_run: true, pass_filenames: false }\n",
    );
    const theirs = () =>
      clone.run("pre-commit", ["install", "--hook-type", "pre-commit", "--hook-type", "pre-push"], {
        env: { HOME: clone.root },
      });
    if (when === "before") expect(theirs().status).toBe(0);
    await install("hooks");
    if (when === "after") expect(theirs().status).toBe(0);
    expect(await look()).toEqual({ problems: [], warnings: [] });
    clone.environment["HOME"] = clone.root;
    clone.git("config", "user.name", "N");
    clone.git("config", "user.email", "n@example.org");
    const kept = (words: string) =>
      when === "after" ? words : words.replace(/(pre-[a-z]+)/, "$1 --then .git/hooks/$1.signpolicy-kept");
    expect(commitAndPush()).toEqual(EVERY.map(kept));
    expect(clone.refsSeen()).toHaveLength(2);
    // The probe starts nothing; what stands there is what signpolicy would start.
    if (when === "before") expect(clone.run(".git/hooks/pre-commit.signpolicy-kept", []).status).toBe(0);
    expect(clone.run("cat", ["../theirs"]).output).toContain("theirs");
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "no"]).status).not.toBe(0);
  });
});

describeWith(["lint-staged", "commitlint", "git-lfs"], "husky with lint-staged, commitlint and git-lfs", () => {
  it("each of them runs, in any order, and signpolicy sees every ref before git-lfs does", async () => {
    clone.addHusky();
    for (const program of ["lint-staged", "commitlint"]) addProgram(program);
    clone.write(
      "package.json",
      JSON.stringify({
        devDependencies: { husky: "^9" },
        "lint-staged": { "*.txt": "sh -c 'echo linted >>../linted'" },
        commitlint: { extends: ["@commitlint/config-conventional"] },
      }),
    );
    clone.write(".husky/pre-commit", "node_modules/.bin/lint-staged --quiet\n");
    clone.write(".husky/commit-msg", 'node_modules/.bin/commitlint --edit "$1"\n');
    clone.write(".husky/pre-push", 'git lfs pre-push "$@"\n');
    clone.write("a.txt", "a\n");
    clone.write(".gitattributes", "*.bin filter=lfs\n");
    await install();
    expect(await look()).toEqual({ problems: [], warnings: [] });
    expect(commitAndPush()).toEqual(EVERY);
    expect(clone.refsSeen()).toHaveLength(2);
    expect(clone.run("cat", ["../linted"]).output).toBe("linted\n");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "no type"]).output).toContain("type-empty");
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "feat: x"]).status).not.toBe(0);
  });
});

const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(spawnSync("git", ["--version"], { encoding: "utf8" }).stdout) ?? [])
  .slice(1)
  .map(Number);
const runsConfigHooks = major > 2 || (major === 2 && minor >= 54);
const describeConfig = runsConfigHooks ? describe : describe.skip;

describeConfig("install --via config [needs git 2.54]", () => {
  it("runs beside a hooks directory of others, in linked work trees too, and leaves nothing behind", async () => {
    clone.git("config", "core.hooksPath", "/nowhere");
    const before = clone.read(".git/config");
    await install("config");
    expect(commitAndPush()).toEqual(EVERY);
    expect(clone.refsSeen()).toHaveLength(2);
    expect(await look()).toEqual({ problems: [], warnings: [] });
    clone.git("worktree", "add", "-q", "../tree");
    clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"], { cwd: join(dirname(clone.top), "tree") });
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]).status).not.toBe(0);
    clone.git("config", "hook.signpolicy-pre-commit.enabled", "false");
    expect((await look()).problems.join()).toContain("--unset-all hook.signpolicy-pre-commit.enabled");
    await uninstall();
    expect(clone.read(".git/config")).toBe(before);
  });
});

describe("install --via config with an older git", () => {
  (runsConfigHooks ? it.skip : it)(
    "is refused with the version; prepare puts hooks into git's folder instead, and says so",
    async () => {
      await expect(install("config")).rejects.toThrow(/needs git 2\.54 or newer; this is git 2\./);
      const environment = { ...clone.environment, npm_lifecycle_event: "prepare" };
      const { warnings } = await installClient({ directory: clone.top, environment, via: "config" });
      expect(warnings.join()).toContain("older than 2.54");
      expect(clone.has(".git/hooks/pre-commit")).toBe(true);
    },
  );

  (runsConfigHooks ? it.skip : it)("is told where the configuration names hooks that this git never runs", async () => {
    for (const hook of ["pre-commit", "pre-merge-commit", "pre-push", "post-commit"]) {
      clone.git("config", `hook.signpolicy-${hook}.event`, hook);
      clone.git("config", `hook.signpolicy-${hook}.command`, "x");
    }
    const { problems } = await look();
    expect(problems.join("\n")).toMatch(/runs no hook of its configuration \(2\.54 does\)/);
    expect(problems.join("\n")).toMatch(/is missing: git cannot run pre-push/);
  });
});
