/** Which history git begins to list before the words of `verify` are understood. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { openHistory } from "../../../src/check/open-history.ts";
import type { ObjectId } from "../../../src/model.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

/** Which of these tips' histories was begun; null for none. */
async function begun(repo: Repo, words: readonly string[], tips: readonly ObjectId[], cwd = repo.dir) {
  const { early, reading } = await openHistory(cwd, repo.env, words);
  const ranges = tips.map((tip) => ({ include: [tip], exclude: [] }));
  const range = ranges.find((one) => early.isBegun(one)) ?? null;
  const listed: ObjectId[] = [];
  if (range !== null) for await (const some of early.take(range) ?? []) listed.push(...some.map(({ oid }) => oid));
  early.close();
  reading.reader.close();
  await reading.config().catch(() => null);
  return range === null ? null : { tip: range.include[0], listed };
}

const withBranches = (body: (repo: Repo, main: ObjectId, topic: ObjectId) => Promise<void>) =>
  withRepo({}, async (repo) => {
    const main = repo.commit("main");
    const topic = repo.commit("topic", [main]);
    repo.updateRef("refs/heads/main", main);
    repo.updateRef("refs/heads/topic/a", topic);
    repo.updateRef("refs/tags/v1", topic);
    await body(repo, main, topic);
  });

describe("openHistory", () => {
  it.each([[], ["HEAD"], ["main"], ["refs/heads/main"], ["-q"], ["--format", "json"], ["--as=refs/heads/topic/a"]])(
    "begins with the branch that is checked out, or named: %j",
    (...words) =>
      withBranches(async (repo, main, topic) => {
        expect(await begun(repo, words, [main, topic])).toEqual({ tip: main, listed: [main] });
      }),
  );

  it.each([["topic/a"], ["refs/heads/topic/a"], ["--format", "json", "topic/a"], ["topic/a", "--as", "main"]])(
    "begins with the one branch that is named: %j",
    (...words) =>
      withBranches(async (repo, main, topic) => {
        expect(await begun(repo, words, [main, topic])).toEqual({ tip: topic, listed: [main, topic] });
      }),
  );

  it.each([
    ["main", "topic/a"],
    ["main..topic/a"],
    ["^main"],
    ["main~1"],
    ["nowhere"],
    ["../../HEAD"],
    ["refs/../HEAD"],
    ["--all"],
    ["--tags"],
    ["--no-walk"],
    ["--trust-root", "1".repeat(40)],
    ["--via=main", "main"],
  ])("begins with nothing where the words ask for more than one branch, or for something else: %j", (...words) =>
    withBranches(async (repo, main, topic) => {
      expect(await begun(repo, words, [main, topic])).toBeNull();
    }),
  );

  it("finds packed refs, a detached HEAD and the HEAD of another work tree; of an unborn branch nothing", () =>
    withBranches(async (repo, main, topic) => {
      repo.git(["pack-refs", "--all"]);
      expect(await begun(repo, ["topic/a"], [main, topic])).toMatchObject({ tip: topic });
      const beside = join(repo.root, "beside");
      repo.git(["worktree", "add", "-q", beside, "topic/a"]);
      expect(await begun(repo, [], [main, topic], beside)).toMatchObject({ tip: topic });
      repo.git(["update-ref", "--no-deref", "HEAD", topic]);
      repo.git(["symbolic-ref", "HEAD", "refs/heads/main"]);
      repo.git(["checkout", "-q", "--detach", topic]);
      expect(await begun(repo, [], [main, topic])).toMatchObject({ tip: topic });
      repo.git(["symbolic-ref", "HEAD", "refs/heads/unborn"]);
      expect(await begun(repo, [], [main, topic])).toBeNull();
    }));

  it.each([
    '[remote "origin"]\n\tPromisor = true\n',
    "[extensions]\n\tpartialClone = origin\n",
    "[include]\n\tpath = more\n",
    "[extensions]\n\tworktreeConfig = true\n",
  ])("starts no git that lists where it may fetch, before that is looked at: %j", (config) =>
    withBranches(async (repo, main, topic) => {
      appendFileSync(join(repo.gitDir, "config"), config);
      expect(await begun(repo, [], [main, topic])).toBeNull();
    }),
  );

  it("says of a folder in no repository what git says (ERR_NOT_A_REPOSITORY)", () =>
    withRepo({}, async (repo) => {
      const folder = join(repo.root, "empty");
      mkdirSync(folder);
      const env = { ...repo.env, GIT_CEILING_DIRECTORIES: repo.root };
      await expect(openHistory(folder, env, [])).rejects.toMatchObject({ code: "ERR_NOT_A_REPOSITORY" });
    }));
});
