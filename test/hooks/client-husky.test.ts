import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installClient, uninstallClient } from "../../src/check/install-client.ts";
import { Clone } from "../support/clone.ts";

const PACKAGE = '{\n  "name": "app",\n  "private": true,\n  "devDependencies": { "husky": "^9" }\n}\n';

jest.setTimeout(60_000);

let clone: Clone;

beforeEach(() => {
  clone = new Clone("my app's");
  clone.addPackages();
  clone.write("package.json", PACKAGE);
  clone.write(".gitignore", "node_modules\n");
});
afterEach(() => clone.remove());

const install = (directory = clone.top, environment: Record<string, string> = clone.environment) =>
  installClient({ directory, environment });
const uninstall = () => uninstallClient({ directory: clone.top, environment: clone.environment });

describe("install through husky", () => {
  it("makes git run signpolicy on commit, merge and push, in a folder with a space and a quote", async () => {
    await install();
    expect(clone.git("config", "core.hooksPath")).toBe(".husky/_");
    clone.git("add", "-A");
    clone.git("commit", "-qm", "one");
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    clone.git("checkout", "-qb", "side");
    clone.git("commit", "-q", "--allow-empty", "-m", "two");
    clone.git("checkout", "-q", "main");
    clone.calls();
    clone.git("merge", "-q", "--no-ff", "-m", "merge", "side");
    expect(clone.calls()).toEqual(["hook pre-merge-commit"]);
    clone.git("init", "-q", "--bare", "../server.git");
    clone.git("push", "-q", "../server.git", "main");
    expect(clone.calls()).toEqual(["hook pre-push ../server.git ../server.git"]);
  });

  it("stops the commit and the push when signpolicy says no, and only then", async () => {
    await install();
    clone.git("add", "-A");
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-qm", "one"]).status).not.toBe(0);
    clone.git("commit", "-q", "--no-verify", "-m", "one");
    clone.git("init", "-q", "--bare", "../server.git");
    expect(clone.run("git", ["push", "-q", "../server.git", "main"]).status).not.toBe(0);
    expect(clone.git("-C", "../server.git", "for-each-ref")).toBe("");
  });

  it("denies with one clear line when the program is gone, but never after the commit is made", async () => {
    await install();
    clone.git("add", "-A");
    clone.run("rm", ["-r", "node_modules/.bin/signpolicy"]);
    const { status, output } = clone.run("git", ["commit", "-qm", "one"]);
    expect(status).not.toBe(0);
    expect(output).toContain("error: signpolicy: node_modules/.bin/signpolicy is missing");
    expect(output).toContain("npm install");
    clone.git("commit", "-q", "--no-verify", "-m", "one");
  });

  it("gives the next reader of pre-push all of what git wrote, and git-lfs behind it nothing less", async () => {
    clone.write(".husky/pre-push", 'cat >"$PROBE_FOLDER/next"\n');
    await install();
    clone.git("add", "-A");
    clone.git("commit", "-qm", "one");
    clone.git("branch", "two");
    clone.git("init", "-q", "--bare", "../server.git");
    clone.git("push", "-q", "../server.git", "main", "two");
    const lines = clone.run("cat", ["../next"]).output;
    expect(lines.trimEnd().split("\n")).toHaveLength(2);
    expect(clone.run("cat", ["../stdin"]).output).toBe(lines);
    // Nothing to push: both read nothing, not an empty line.
    clone.git("push", "-q", "../server.git", "main", "two");
    expect(clone.run("cat", ["../next"]).output).toBe("");
    expect(clone.run("cat", ["../stdin"]).output).toBe("");
  });

  it("runs twice without changing anything", async () => {
    await install();
    const once = clone.snapshot();
    const { steps } = await install();
    expect(clone.snapshot()).toEqual(once);
    expect(steps.filter((step) => step.changed)).toEqual([]);
  });

  it("gives back every byte, git's configuration included", async () => {
    const before = clone.snapshot();
    await install();
    expect(clone.snapshot()).not.toEqual(before);
    await uninstall();
    expect(clone.snapshot()).toEqual(before);
  });

  it("gives back foreign hooks, CR LF included, and leaves husky to them", async () => {
    clone.write(".husky/pre-commit", "echo one\r\necho two\r\n", 0o755);
    clone.write(".husky/commit-msg", "echo three >&2\n");
    clone.run(process.execPath, ["node_modules/husky/bin.js"]);
    const before = clone.snapshot();
    await install();
    expect(clone.read(".husky/pre-commit")).toMatch(/^# >>> signpolicy >>>\r\n[^]*\r\necho one\r\necho two\r\n$/);
    await uninstall();
    expect(clone.snapshot()).toEqual(before);
    clone.git("add", "-A");
    expect(clone.run("git", ["commit", "-qm", "x"]).output).toContain("three");
  });

  it("gives back what others wrote after it", async () => {
    await install();
    clone.write(".husky/pre-commit", `${clone.read(".husky/pre-commit")}npm test\n`);
    clone.write("package.json", clone.read("package.json").replace('"private"', '"license": "MIT",\n  "private"'));
    await uninstall();
    expect(clone.read(".husky/pre-commit")).toBe("npm test\n");
    // husky itself lives on for it.
    expect(clone.git("config", "core.hooksPath")).toBe(".husky/_");
    expect(JSON.parse(clone.read("package.json"))).toMatchObject({ license: "MIT", scripts: {} });
  });

  it("goes in a clone that nobody installed in, where there is no memory", async () => {
    await install();
    clone.run("rm", ["-r", ".git/signpolicy"]);
    await uninstall();
    expect(clone.has(".husky/pre-commit")).toBe(false);
    expect(clone.read("package.json")).toBe(PACKAGE);
  });

  it("runs with a hook file whose line ends git turned into CR LF", async () => {
    await install();
    for (const hook of ["pre-commit", "pre-push", "post-commit"]) {
      clone.write(`.husky/${hook}`, clone.read(`.husky/${hook}`).replaceAll("\n", "\r\n"));
    }
    clone.git("add", "package.json");
    clone.git("commit", "-qm", "one");
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    clone.git("init", "-q", "--bare", "../server.git");
    clone.git("push", "-q", "../server.git", "main");
    expect(clone.calls()).toEqual(["hook pre-push ../server.git ../server.git"]);
    writeFileSync(join(clone.root, "exit-code"), "1");
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "two"]).status).not.toBe(0);
  });

  it("works for a package in a folder of the repository", async () => {
    const folder = new Clone();
    try {
      folder.write("web/package.json", PACKAGE);
      folder.addPackages("web");
      await installClient({ directory: join(folder.top, "web"), environment: folder.environment });
      expect(folder.git("config", "core.hooksPath")).toBe("web/.husky/_");
      folder.git("commit", "-q", "--allow-empty", "-m", "x");
      expect(folder.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
      // What `npm install` runs in another clone.
      const prepare = (JSON.parse(folder.read("web/package.json")) as { scripts: { prepare: string } }).scripts.prepare;
      folder.git("config", "--unset", "core.hooksPath");
      const ran = folder.run("sh", ["-c", prepare], { cwd: join(folder.top, "web") });
      expect(ran).toEqual({ status: 0, output: "" });
      expect(folder.git("config", "core.hooksPath")).toBe("web/.husky/_");
    } finally {
      folder.remove();
    }
  });
});

describe("the prepare script", () => {
  const prepare = () => (JSON.parse(clone.read("package.json")) as { scripts: { prepare: string } }).scripts.prepare;

  it("puts husky's hooks into a fresh clone, and does nothing in CI or without devDependencies", async () => {
    await install();
    clone.git("config", "--unset", "core.hooksPath");
    expect(clone.run("sh", ["-c", prepare()], { env: { CI: "true" } })).toEqual({ status: 0, output: "" });
    expect(clone.run("git", ["config", "core.hooksPath"]).status).toBe(1);
    expect(clone.run("sh", ["-c", prepare()]).status).toBe(0);
    expect(clone.git("config", "core.hooksPath")).toBe(".husky/_");
    clone.run("rm", ["-r", "node_modules"]);
    expect(clone.run("sh", ["-c", prepare()])).toEqual({ status: 0, output: "" });
  });

  it("is guarded where husky stood there bare, and given back", async () => {
    clone.write("package.json", PACKAGE.replace('"private"', '"scripts": { "prepare": "husky" },\n  "private"'));
    const before = clone.snapshot();
    await install();
    expect(prepare()).toBe("husky || exit 0");
    await uninstall();
    expect(clone.snapshot()).toEqual(before);
  });
});

describe("install through husky refuses, with nothing written,", () => {
  const refused = async (promise: Promise<unknown>, words: RegExp) => {
    const before = clone.snapshot();
    await expect(promise).rejects.toThrow(words);
    expect(clone.snapshot()).toEqual(before);
  };

  it("a project without signpolicy in it", async () => {
    clone.run("rm", ["node_modules/.bin/signpolicy"]);
    await refused(install(), /not among this project's packages/);
  });

  it("a project whose husky is not installed", async () => {
    clone.run("rm", ["node_modules/husky"]);
    await refused(install(), /husky is not installed/);
  });

  it("HUSKY=0, which keeps husky from setting anything", async () => {
    await refused(install(clone.top, { ...clone.environment, HUSKY: "0" }), /HUSKY=0/);
  });

  it("a hooks path of another kind", async () => {
    clone.git("config", "core.hooksPath", ".githooks");
    await refused(install(), /core\.hooksPath is \.githooks/);
  });

  it("a broken package.json", async () => {
    clone.write("package.json", "{");
    await refused(install(), /package\.json is not JSON/);
  });

  it("a folder that is no repository", async () => {
    mkdirSync(join(clone.root, "empty"));
    await refused(install(join(clone.root, "empty")), /not a git repository/);
  });
});

describe("a core.hooksPath for all repositories", () => {
  it("is reported and left as it is", async () => {
    clone.git("config", "--global", "core.hooksPath", "/company/hooks");
    const { warnings } = await install();
    expect(warnings.join("\n")).toContain("/company/hooks");
    expect(clone.git("config", "--global", "core.hooksPath")).toBe("/company/hooks");
    await uninstall();
    expect(clone.git("config", "core.hooksPath")).toBe("/company/hooks");
  });
});
