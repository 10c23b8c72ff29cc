import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkClient } from "../../src/check/check-install.ts";
import { installClient } from "../../src/check/install-client.ts";
import { Clone } from "../support/clone.ts";

jest.setTimeout(60_000);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const POLICY = JSON.stringify({
  version: 1,
  principals: { alice: { name: "A", emails: ["n@example.org"], keys: [{ ssh: KEY }] } },
  rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
});

let clone: Clone;
afterEach(() => clone.remove());

async function look(environment: Record<string, string> = {}, directory = clone.top) {
  const { problems, warnings, passed } = await checkClient({
    directory,
    environment: { ...clone.environment, ...environment },
  });
  return {
    problems: problems.map(({ message, fix }) => `${message} | ${fix}`).join("\n"),
    warnings: warnings.map(({ message }) => message),
    passed,
  };
}

async function start(husky: boolean): Promise<void> {
  clone = new Clone();
  clone.addPackages(".", husky);
  clone.write("package.json", husky ? '{ "devDependencies": { "husky": "^9" } }\n' : "{}\n");
  clone.write(".gitignore", "node_modules\n");
  clone.write(".signpolicy.json", POLICY);
  await installClient({ directory: clone.top, environment: clone.environment });
}

describe("check-install with husky", () => {
  beforeEach(() => start(true));

  it("finds nothing wrong after install, and runs none of the hooks", async () => {
    expect(await look()).toMatchObject({ problems: "", warnings: [] });
    expect(clone.calls()).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ["a hook without our lines", () => clone.write(".husky/pre-push", "npm test\n"), /\.husky\/pre-push does not call/],
    ["a missing hook", () => rmSync(join(clone.top, ".husky/pre-commit")), /\.husky\/pre-commit does not call/],
    [
      "lines that were changed",
      () => clone.write(".husky/pre-push", "# >>> signpolicy >>>\nexit 0\n# <<< signpolicy <<<\n"),
      /were changed \| signpolicy install$/,
    ],
    [
      "a script that ends before our lines",
      () => clone.write(".husky/pre-commit", `exit 0\n${clone.read(".husky/pre-commit")}`),
      /ends before it comes to signpolicy \| signpolicy install$/,
    ],
    ["a lost run bit", () => chmodSync(join(clone.top, ".husky/_/pre-push"), 0o644), /lost its run bit/],
    [
      "husky's stubs gone",
      () => rmSync(join(clone.top, ".husky/_"), { recursive: true }),
      /_ is missing.*\| npm install/,
    ],
    ["the hooks path taken away", () => clone.git("config", "--unset", "core.hooksPath"), /not set \| npm run prepare/],
    [
      "no program",
      () => rmSync(join(clone.top, "node_modules/.bin/signpolicy")),
      /signpolicy is missing \| npm install/,
    ],
    ["no policy", () => rmSync(join(clone.top, ".signpolicy.json")), /policy/],
    ["a broken policy", () => clone.write(".signpolicy.json", "{"), /\.signpolicy\.json/],
  ])("names %s, with one fix", async (_, spoil, expected) => {
    spoil();
    expect((await look()).problems).toMatch(expected);
  });

  it("names HUSKY=0, in the environment and in husky's start file", async () => {
    expect((await look({ HUSKY: "0" })).problems).toMatch(/HUSKY=0 is set: .*\| unset HUSKY/);
    mkdirSync(join(clone.root, "home/.config/husky"), { recursive: true });
    writeFileSync(join(clone.root, "home/.config/husky/init.sh"), "# x\nexport HUSKY=0\n");
    const fix = /init\.sh sets HUSKY=0.* \| (sed .*)/.exec((await look()).problems)?.[1] ?? "";
    expect(clone.run("sh", ["-c", fix]).status).toBe(0);
    expect(readFileSync(join(clone.root, "home/.config/husky/init.sh"), "utf8")).toBe("# x\n");
    expect((await look()).problems).toBe("");
  });

  it("is content with a script that ended before our lines once they were installed again", async () => {
    clone.write(".husky/pre-commit", `exit 0\n${clone.read(".husky/pre-commit")}`);
    expect((await look()).problems).toMatch(/ends before/);
    await installClient({ directory: clone.top, environment: clone.environment });
    expect((await look()).problems).toBe("");
    expect(clone.read(".husky/pre-commit")).toMatch(/<<< signpolicy <<<\nexit 0\n$/);
  });

  it("names a new work tree, in which git runs no hook and says nothing", async () => {
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "x");
    clone.git("worktree", "add", "-q", "../tree");
    expect((await look()).warnings.join()).toMatch(/no hook runs in the work tree .*tree: run `npm install` there/);
    expect((await look({}, join(clone.root, "tree"))).problems).toMatch(/is missing in this work tree/);
  });

  it("reports a core.hooksPath for all repositories beside this clone's own", async () => {
    clone.git("config", "--global", "core.hooksPath", "/company/hooks");
    const { problems, warnings } = await look();
    expect([problems, warnings.join()]).toEqual(["", expect.stringMatching(/\/company\/hooks \(global.*\.husky\/_/)]);
  });
});

describe("check-install with git's hooks directory", () => {
  beforeEach(() => start(false));

  it("finds nothing wrong after install", async () => {
    expect(await look()).toMatchObject({ problems: "", warnings: [] });
  });

  it.each<[string, () => void, RegExp]>([
    [
      "a lost run bit",
      () => chmodSync(join(clone.top, ".git/hooks/pre-push"), 0o644),
      /pre-push has lost.*\| chmod \+x/,
    ],
    ["a missing hook", () => rmSync(join(clone.top, ".git/hooks/pre-commit")), /pre-commit is missing/],
    ["another hook", () => clone.write(".git/hooks/pre-commit", "#!/bin/sh\n", 0o755), /pre-commit is not ours/],
    [
      "another hooks path",
      () => clone.git("config", "core.hooksPath", "elsewhere"),
      /elsewhere\/pre-commit is missing/,
    ],
  ])("names %s, with one fix", async (_, spoil, expected) => {
    spoil();
    expect((await look()).problems).toMatch(expected);
  });
});
