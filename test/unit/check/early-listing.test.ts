import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { EarlyListing } from "../../../src/check/early-listing.ts";
import type { ListedCommit } from "../../../src/io/commit-texts.ts";
import { judgingEnvironment } from "../../../src/io/environment.ts";
import type { Repository } from "../../../src/io/git.ts";
import type { ObjectId } from "../../../src/model.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

const place = ({ dir, gitDir, algorithm }: Repo): Repository => ({
  cwd: dir,
  gitDir,
  commonDir: gitDir,
  workTree: dir,
  algorithm,
  environment: judgingEnvironment({ PATH: process.env["PATH"] }, gitDir),
});

/** A `git` that waits before it does its work, and leaves a file when it has. */
async function slowGit(repo: Repo): Promise<Record<string, string>> {
  const folder = join(repo.dir, "slow");
  await mkdir(folder);
  await writeFile(join(folder, "git"), `#!/bin/sh\nsleep 0.3\nPATH=\${PATH#*:} git "$@" && : >'${folder}/done'\n`, {
    mode: 0o755,
  });
  const { environment } = place(repo);
  return { ...environment, PATH: `${folder}${delimiter}${environment["PATH"] ?? ""}` };
}

async function all(listed: AsyncIterable<readonly ListedCommit[]> | null): Promise<readonly ObjectId[] | null> {
  if (listed === null) return null;
  const commits: ObjectId[] = [];
  for await (const some of listed) commits.push(...some.map(({ oid }) => oid));
  return commits;
}

describe("a listing that was begun early", () => {
  it("is handed out once, for the range it was begun for alone", () =>
    withRepo({}, async (repo) => {
      const first = repo.commit("one");
      const second = repo.commit("two", [first]);
      const early = new EarlyListing(place(repo));
      early.begin({ include: [second], exclude: [] });
      expect(early.take({ include: [second], exclude: [first] })).toBeNull();
      expect(early.take({ include: [first], exclude: [] })).toBeNull();
      expect(await all(early.take({ include: [second], exclude: [] }))).toEqual([first, second]);
      expect(early.take({ include: [second], exclude: [] })).toBeNull();
    }));

  it("goes on where it is asked for the same range again, and gives up another", () =>
    withRepo({}, async (repo) => {
      const first = repo.commit("one");
      const second = repo.commit("two", [first]);
      const range = { include: [second], exclude: [] };
      const early = new EarlyListing({ ...place(repo), environment: await slowGit(repo) });
      early.begin(range);
      const seen = new Promise<number>((resolve) => early.begin(range, resolve));
      expect(await seen).toBe(1000);
      // Told already.
      expect(await new Promise<number>((resolve) => early.begin(range, resolve))).toBe(1000);
      early.begin({ include: [first], exclude: [] });
      expect(early.isBegun(range)).toBe(false);
      expect(early.take(range)).toBeNull();
      expect(await all(early.take({ include: [first], exclude: [] }))).toEqual([first]);
    }));

  it("gives ids alone where objects may lie elsewhere, or an earlier run may know most of them", () =>
    withRepo({}, async (repo) => {
      const range = { include: [repo.commit("one")], exclude: [] };
      const texts = async (): Promise<readonly boolean[]> => {
        const early = new EarlyListing(place(repo));
        early.begin(range);
        const listed: ListedCommit[] = [];
        for await (const some of early.take(range) ?? []) listed.push(...some);
        return listed.map(({ text }) => text !== null);
      };
      expect(await texts()).toEqual([true]);
      await mkdir(join(repo.gitDir, "signpolicy"));
      await writeFile(join(repo.gitDir, "signpolicy", "frontier"), "");
      expect(await texts()).toEqual([false]);
      await rm(join(repo.gitDir, "signpolicy"), { recursive: true });
      expect(await texts()).toEqual([true]);
      await mkdir(join(repo.gitDir, "objects", "info"), { recursive: true });
      await writeFile(join(repo.gitDir, "objects", "info", "alternates"), join(repo.root, "elsewhere\n"));
      expect(await texts()).toEqual([false]);
    }));

  it("tells how many commits came at first, and of a failing git nothing", () =>
    withRepo({}, async (repo) => {
      const first = repo.commit("one");
      const second = repo.commit("two", [first]);
      const seen: number[] = [];
      const failing: number[] = [];
      const early = new EarlyListing(place(repo));
      const tell = (commits: number) => void seen.push(commits);
      early.begin({ include: [second], exclude: [] }, tell);
      expect(await all(early.take({ include: [second], exclude: [] }))).toHaveLength(2);
      // How much git has written when it is first heard of is its own affair; one that is slow to print is guessed at.
      expect([[1], [2], [1000]]).toContainEqual(seen);
      early.begin({ include: ["1".repeat(40) as ObjectId], exclude: [] }, (commits) => void failing.push(commits));
      await all(early.take({ include: ["1".repeat(40) as ObjectId], exclude: [] })).catch(() => null);
      expect([[], [1000]]).toContainEqual(failing);
    }));

  it("expects no more than was printed while we did something else", () =>
    withRepo({}, async (repo) => {
      const first = repo.commit("one");
      const range = { include: [repo.commit("two", [first])], exclude: [] };
      const done = join(repo.dir, "slow", "done");
      const early = new EarlyListing({ ...place(repo), environment: await slowGit(repo) });
      const seen: number[] = [];
      early.begin(range, (commits) => void seen.push(commits));
      // What git is asked goes out first.
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
      while (!existsSync(done));
      expect(await all(early.take(range))).toHaveLength(2);
      // The last is known to be whole when git has ended.
      expect(seen).toEqual([1]);
    }));

  it("expects many of a git that is long in listing, and of that range alone", () =>
    withRepo({}, async (repo) => {
      const range = { include: [repo.commit("one")], exclude: [] };
      const early = new EarlyListing({ ...place(repo), environment: await slowGit(repo) });
      const seen = new Promise<number>((resolve) => early.begin(range, resolve));
      expect(early.expected(range)).toBe(0);
      expect(await seen).toBe(1000);
      expect(early.expected(range)).toBe(1000);
      expect(early.expected({ ...range, exclude: range.include })).toBe(0);
      expect(await all(early.take(range))).toEqual(range.include);
      expect(early.expected(range)).toBe(0);
    }));

  it("throws what git's failure is, and never ends as if there were no commits (ERR_GIT_FAILED)", () =>
    withRepo({}, async (repo) => {
      const whole = repo.raw("commit", repo.commit("its parent is not here")).toString("latin1");
      const broken = repo.write("commit", Buffer.from(whole.replace("\n", `\nparent ${"1".repeat(40)}\n`), "latin1"));
      const early = new EarlyListing(place(repo));
      early.begin({ include: [broken], exclude: [] });
      await expect(all(early.take({ include: [broken], exclude: [] }))).rejects.toMatchObject({
        code: "ERR_GIT_FAILED",
      });
    }));

  it("stops git where nobody asks for it", () =>
    withRepo({}, async (repo) => {
      const commit = repo.commit("one");
      const early = new EarlyListing(place(repo));
      early.begin({ include: [commit], exclude: [] });
      early.close();
      await expect(all(early.take({ include: [commit], exclude: [] }))).rejects.toMatchObject({
        code: "ERR_GIT_FAILED",
      });
    }));
});
