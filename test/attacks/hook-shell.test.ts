/**
 * Attack 67: names with shell syntax in them. Everything that reaches a hook script does so as an argument, on standard
 * input, or quoted by us when the script is written; no shell ever reads it as code.
 */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { installClient } from "../../src/check/install-client.ts";
import { Clone } from "../support/clone.ts";

jest.setTimeout(60_000);

const NAMES = ["$(touch pwned)", "`touch pwned`", "a;touch pwned", "a'b\"c", "-n", "$HOME", "a\\b", "ü – ☃", "a b*"];

let clone: Clone;
afterEach(() => clone.remove());

function pwned(folder: string): boolean {
  return readdirSync(folder, { recursive: true }).some((name) => basename(String(name)) === "pwned");
}

function start(name: string, husky: boolean): void {
  clone = new Clone(`top ${name}`);
  clone.write(`${name}/package.json`, husky ? '{ "devDependencies": { "husky": "^9" } }\n' : "{}\n");
  clone.addPackages(name, husky);
}

describe("a folder name with shell syntax", () => {
  it.each(NAMES)("is a name and nothing else in the plain hook: %s", async (name) => {
    start(name, false);
    const { environment } = clone;
    await installClient({ directory: join(clone.top, name), environment });
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(clone.calls()).toEqual(["hook pre-commit", "hook post-commit"]);
    expect(pwned(clone.root)).toBe(false);
  });

  // husky's own stubs take a folder that starts with a dash for an option of dirname(1).
  it.each(NAMES.filter((name) => !name.startsWith("-")))("is a name, or refused, with husky: %s", async (name) => {
    start(name, true);
    const asked = installClient({ directory: join(clone.top, name), environment: clone.environment });
    const done = await asked.then(
      () => true,
      () => false,
    );
    clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]);
    expect(clone.calls()).toEqual(done ? ["hook pre-commit", "hook post-commit"] : []);
    expect(pwned(clone.root)).toBe(false);
  });
});

describe("a branch or remote name with shell syntax", () => {
  it.each(["husky", "hooks"] as const)("reaches pre-push as text through %s", async (via) => {
    clone = new Clone();
    clone.write("package.json", "{}\n");
    clone.addPackages();
    await installClient({ directory: clone.top, environment: clone.environment, via });
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    const server = join(clone.root, "$(touch pwned);`touch pwned`.git");
    clone.git("init", "-q", "--bare", server);
    const branches = ["a;touch${IFS}pwned", "$(touch${IFS}pwned)", "`touch${IFS}pwned`", "x'\"y"];
    for (const branch of branches) clone.git("branch", branch);
    clone.calls();
    clone.git("push", "-q", server, ...branches.map((branch) => `refs/heads/${branch}`));
    expect(clone.calls()).toEqual([`hook pre-push ${server} ${server}`]);
    for (const branch of branches) expect(clone.run("cat", ["../stdin"]).output).toContain(`refs/heads/${branch} `);
    expect(pwned(clone.root)).toBe(false);
  });
});

describe("a kept hook", () => {
  it("gets arguments with shell syntax as they are", async () => {
    clone = new Clone("$(touch pwned)");
    clone.write("package.json", "{}\n");
    clone.addPackages(".", false);
    clone.write(".git/hooks/pre-commit", "#!/bin/sh\n", 0o755);
    await installClient({ directory: clone.top, environment: clone.environment });
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(clone.calls()[0]).toBe("hook pre-commit --then .git/hooks/pre-commit.signpolicy-kept");
    expect(pwned(clone.root)).toBe(false);
  });
});
