/** Hooks through lefthook, pre-commit and git's configuration, and beside lint-staged, commitlint and git-lfs: the real programs. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkClient } from "../../src/check/check-install.ts";
import { installClient, uninstallClient } from "../../src/check/install-client.ts";
import { CLIENT_HOOKS } from "../../src/check/hook-lines.ts";
import type { ClientVia } from "../../src/check/installation.ts";
import { Clone, projectRoot } from "../support/clone.ts";
import { pathWith } from "../support/newer.ts";
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
    // None here yet, whatever this machine has.
    clone.write("node_modules/.bin/pre-commit", "#!/bin/sh\nexit 127\n", 0o755);
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

const newPreCommit = pathWith("pre-commit", 3, 2);

/** Both outputs of a commit, and whether it was made. */
const commits = () => clone.run("git", ["commit", "-q", "--allow-empty", "-m", "feat: x"]);

(newPreCommit === null ? describe.skip : describe)("the real pre-commit [needs 3.2, or SIGNPOLICY_TEST_NEWER]", () => {
  beforeEach(() => {
    // The programs, and a signpolicy of this machine for hooks that are taken from this repository.
    clone.environment["PATH"] = `${join(clone.top, "node_modules/.bin")}:${newPreCommit ?? ""}`;
    clone.environment["PRE_COMMIT_HOME"] = join(clone.root, "pre-commit");
  });

  const says = (text: string) =>
    writeFileSync(
      join(clone.top, "node_modules/.bin/signpolicy"),
      `#!/bin/sh\necho "$*" >>"$PROBE_FOLDER/calls"\n${text}\n`,
    );

  it("runs what install --via pre-commit wrote, and shows what a hook says that lets the commit be", async () => {
    await install("pre-commit");
    expect(await look()).toEqual({ problems: [], warnings: [] });
    clone.git("add", "-A");
    says("echo warning: a remark");
    expect(commits()).toMatchObject({ status: 0, output: expect.stringContaining("warning: a remark") });
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    says("echo error: no; exit 1");
    expect(commits()).toMatchObject({ status: 1, output: expect.stringContaining("error: no") });
  });

  it("runs the hooks of .pre-commit-hooks.yaml, and shows what post-commit says", () => {
    const ours = join(clone.root, "ours");
    clone.git("init", "-q", ours);
    clone.run("cp", [join(projectRoot, ".pre-commit-hooks.yaml"), ours]);
    clone.git("-C", ours, "add", "-A");
    clone.git("-C", ours, "commit", "-q", "-m", "x");
    const ids = CLIENT_HOOKS.filter((hook) => hook !== "pre-push").map((hook) => `{ id: signpolicy-${hook} }`);
    const rev = clone.git("-C", ours, "rev-parse", "HEAD");
    clone.write(".pre-commit-config.yaml", `repos:\n- repo: ${ours}\n  rev: ${rev}\n  hooks: [${ids.join(", ")}]\n`);
    clone.git("add", "-A");
    const stages = CLIENT_HOOKS.filter((hook) => hook !== "pre-push").flatMap((hook) => ["-t", hook]);
    expect(clone.run("pre-commit", ["install", ...stages]).status).toBe(0);
    says("echo warning: a remark");
    expect(commits()).toMatchObject({ status: 0, output: expect.stringContaining("warning: a remark") });
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    says("echo error: no; exit 1");
    expect(commits()).toMatchObject({ status: 1, output: expect.stringContaining("error: no") });
  });
});

describeWith(["pre-commit"], "a pre-commit older than 3.2", () => {
  (newPreCommit === process.env["PATH"] ? it.skip : it)(
    "would stop every commit at our entries: it is refused by its version, with nothing written",
    async () => {
      const before = clone.snapshot();
      await expect(install("pre-commit")).rejects.toThrow(/needs pre-commit 3\.2 or newer; this is \d/);
      expect(clone.snapshot()).toEqual(before);
    },
  );
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

const simple = spawnSync("sh", ["-c", 'readlink -f "$(command -v simple-git-hooks)"'], {
  encoding: "utf8",
}).stdout.trim();

// Not started to see whether it is there: it would write hooks.
(simple === "" ? describe.skip : describe)(
  "hooks of git's folder and the real simple-git-hooks [needs it on the PATH]",
  () => {
    const settings = (command: string) =>
      clone.write("package.json", JSON.stringify({ name: "app", "simple-git-hooks": { "pre-commit": command } }));
    const theirs = () => expect(clone.run(process.execPath, [simple])).toMatchObject({ status: 0 });

    it("both run, and prepare brings ours back after each install of the packages, with their newest command", async () => {
      settings("echo theirs >>../theirs");
      theirs();
      await install("hooks");
      clone.git("add", "-A");
      expect(clone.run("git", ["commit", "-qm", "one"]).status).toBe(0);
      expect(clone.calls()).toEqual([
        "hook pre-commit --then .git/hooks/pre-commit.signpolicy-kept",
        "hook post-commit",
      ]);
      // What npm does: a postinstall of theirs, then the project's own prepare.
      for (const command of ["echo theirs >>../theirs", "echo newer >>../theirs"]) {
        settings(command);
        theirs();
        expect((await look()).problems.join("\n")).toMatch(/pre-commit is not ours[^]*pre-push is missing/);
        await install("hooks");
        expect(await look()).toEqual({ problems: [], warnings: [] });
      }
      // The probe starts nothing; what stands there is what signpolicy would start.
      expect(clone.run(".git/hooks/pre-commit.signpolicy-kept", []).status).toBe(0);
      expect(clone.run("cat", ["../theirs"]).output).toBe("newer\n");
    });

    it("a hook that somebody else wrote in the meantime is not taken for theirs", async () => {
      settings("true");
      theirs();
      await install("hooks");
      clone.write(".git/hooks/pre-commit", "#!/bin/sh\necho mine\n", 0o755);
      await expect(install("hooks")).rejects.toThrow(/keeps an earlier one/);
    });
  },
);

const newGit = pathWith("git", 2, 54);
const isNew = newGit === process.env["PATH"];

(newGit === null ? describe.skip : describe)("install --via config [needs git 2.54, or SIGNPOLICY_TEST_NEWER]", () => {
  beforeEach(() => {
    clone.environment["PATH"] = newGit ?? "";
  });

  it("runs beside a hooks directory of others, in linked work trees too, and leaves nothing behind", async () => {
    clone.git("config", "core.hooksPath", "/nowhere");
    const before = clone.read(".git/config");
    await install("config");
    expect(commitAndPush()).toEqual(EVERY);
    expect(clone.refsSeen()).toHaveLength(2);
    expect(await look()).toEqual({ problems: [], warnings: [] });
    clone.git("worktree", "add", "-q", "../tree");
    // Without node_modules of its own it is served by the copy that installed: signpolicy itself, and nothing here is signed.
    const inTree = clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"], {
      cwd: join(dirname(clone.top), "tree"),
    });
    expect(inTree).toMatchObject({ status: 0, output: expect.stringContaining("ref-unmatched") });
    clone.git("switch", "-q", "-c", "aside");
    clone.run("git", ["switch", "-q", "main"], { cwd: join(dirname(clone.top), "tree") });
    const onMain = clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"], {
      cwd: join(dirname(clone.top), "tree"),
    });
    expect(onMain).toMatchObject({ status: 1, output: expect.stringContaining("unsigned") });
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]).status).not.toBe(0);
    clone.git("config", "hook.signpolicy-pre-commit.enabled", "false");
    const [problem = ""] = (await look()).problems;
    expect(problem).toContain("--unset-all hook.signpolicy-pre-commit.enabled");
    // What it says is what git does.
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]).status).toBe(0);
    clone.run("sh", ["-c", problem.split(" | ")[1] ?? "false"]);
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]).status).not.toBe(0);
    await uninstall();
    expect(clone.read(".git/config")).toBe(before);
  });

  it("runs beside the hooks of husky, and both see every ref of a push", async () => {
    clone.addHusky();
    clone.write("package.json", '{ "name": "app", "devDependencies": { "husky": "^9" } }\n');
    clone.write(".husky/pre-push", 'cat >"$PROBE_FOLDER/husky-saw"\n');
    expect(clone.run("node_modules/.bin/husky", []).status).toBe(0);
    await install("config");
    expect(commitAndPush()).toEqual(EVERY);
    expect(clone.refsSeen()).toHaveLength(2);
    expect(clone.run("cat", ["../husky-saw"]).output.trimEnd().split("\n")).toHaveLength(2);
    expect((await look()).problems).toEqual([]);
  });

  it("is installed by the guarded prepare of a teammate, whose older git gets files instead", async () => {
    await install("config");
    expect(clone.read("package.json")).toMatch(/"prepare": "signpolicy install --via config \|\| exit 0"/);
  });
});

describe("install --via config with an older git", () => {
  (isNew ? it.skip : it)(
    "is refused with the version; prepare puts hooks into git's folder instead, and says so",
    async () => {
      await expect(install("config")).rejects.toThrow(/needs git 2\.54 or newer; this is git 2\./);
      const environment = { ...clone.environment, npm_lifecycle_event: "prepare" };
      const { warnings } = await installClient({ directory: clone.top, environment, via: "config" });
      expect(warnings.join()).toContain("older than 2.54");
      expect(clone.has(".git/hooks/pre-commit")).toBe(true);
    },
  );

  (isNew ? it.skip : it)("is told where the configuration names hooks that this git never runs", async () => {
    for (const hook of ["pre-commit", "pre-merge-commit", "pre-push", "post-commit"]) {
      clone.git("config", `hook.signpolicy-${hook}.event`, hook);
      clone.git("config", `hook.signpolicy-${hook}.command`, "x");
    }
    const { problems } = await look();
    expect(problems.join("\n")).toMatch(/runs no hook of its configuration \(2\.54 does\)/);
    expect(problems.join("\n")).toMatch(/is missing: git cannot run pre-push/);
  });
});
