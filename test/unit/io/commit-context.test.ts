import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findWorkTree, parseIdentity, readCommitContext } from "../../../src/io/commit-context.ts";
import { Clone } from "../../support/clone.ts";

let clone: Clone;
beforeEach(() => {
  clone = new Clone();
});
afterEach(() => clone.remove());

const read = (extra: Record<string, string> = {}) =>
  readCommitContext(clone.top, join(clone.top, ".git"), { ...clone.environment, ...extra });

describe("the commit to be", () => {
  it("is by the identities and on the branch that git would use", async () => {
    const { committer, author, branch, config } = await read({ GIT_AUTHOR_EMAIL: "a@example.org" });
    expect(committer).toMatchObject({ name: "N", email: "n@example.org" });
    expect(author).toMatchObject({ email: "a@example.org" });
    expect(branch).toBe("refs/heads/main");
    expect(config.get("user.name")).toBe("N");
  });

  it("heeds `git -c` and GIT_CONFIG_COUNT, which hooks inherit", async () => {
    const count = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "user.email", GIT_CONFIG_VALUE_0: "x@example.org" };
    expect((await read(count)).committer.email).toBe("x@example.org");
    const parameters = { GIT_CONFIG_PARAMETERS: "'commit.gpgsign'='false'" };
    expect((await read(parameters)).config.get("commit.gpgsign")).toBe("false");
  });

  it("is on the branch being rebased while HEAD is detached, and on none otherwise", async () => {
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    clone.git("checkout", "-q", "--detach");
    expect((await read()).branch).toBeNull();
    mkdirSync(join(clone.top, ".git/rebase-merge"));
    writeFileSync(join(clone.top, ".git/rebase-merge/head-name"), "refs/heads/topic\n");
    expect((await read()).branch).toBe("refs/heads/topic");
    writeFileSync(join(clone.top, ".git/rebase-merge/head-name"), "detached HEAD\n");
    expect((await read()).branch).toBeNull();
  });
});

describe("the work tree", () => {
  it("is found from a folder inside, through a .git file, and by GIT_DIR", async () => {
    mkdirSync(join(clone.top, "deep/er"), { recursive: true });
    expect(await findWorkTree(join(clone.top, "deep/er"), {})).toEqual({
      top: clone.top,
      gitDir: join(clone.top, ".git"),
    });
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    clone.git("worktree", "add", "-q", "../tree");
    const tree = join(clone.root, "tree");
    const gitDir = join(clone.top, ".git/worktrees/tree");
    expect(await findWorkTree(tree, {})).toEqual({ top: tree, gitDir });
    expect(await findWorkTree(tree, { GIT_DIR: gitDir })).toEqual({ top: tree, gitDir });
  });

  it("is refused where there is none", async () => {
    await expect(findWorkTree("/", {})).rejects.toMatchObject({ code: "ERR_NOT_A_REPOSITORY" });
  });
});

describe("git's identity line", () => {
  it.each([
    ["A B <a@b> 1700000000 +0000", { name: "A B", email: "a@b", at: 1700000000 }],
    [" <a@b> 1 -1200", { name: "", email: "a@b", at: 1 }],
    ["A <> 1 +0000", { name: "A", email: "", at: 1 }],
    ["\xff <\xfe> 1 +0000", { name: "\xff", email: "\xfe", at: 1 }],
  ])("%j", (line, identity) => {
    expect(parseIdentity(line)).toEqual(identity);
  });

  it.each(["", "A a@b 1 +0000", "A <a@b>", "A <a<b> 1 +0000"])("is refused: %j", (line) => {
    expect(() => parseIdentity(line)).toThrowCode("ERR_GIT_FAILED");
  });
});
