/** What git tells, as it lists commits, of the files they touch, where it breaks down, is cut short or says something else. */
import { describe, expect, it, jest } from "@jest/globals";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { listTexts, type ListedCommit } from "../../../src/io/commit-texts.ts";
import { findRepository } from "../../../src/io/repository.ts";
import type { Repository } from "../../../src/io/git.ts";
import type { ObjectId } from "../../../src/model.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

jest.setTimeout(120_000);

const WATCHED = [".signpolicy.yaml", "keys"];

const placeOf = (repo: Repo): Promise<Repository> => findRepository(repo.dir, { ...repo.env });

async function all(listed: AsyncIterable<readonly ListedCommit[]>): Promise<readonly ListedCommit[]> {
  const commits: ListedCommit[] = [];
  for await (const some of listed) commits.push(...some);
  return commits;
}

const entry = (mode: string, name: string, oid: string): Buffer =>
  Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex")]);

const who = "A <a@example.org> 1700000000 +0000";

function commit(repo: Repo, tree: string, parents: readonly string[], behind = "\none\n"): ObjectId {
  const head = [`tree ${tree}`, ...parents.map((oid) => `parent ${oid}`), `author ${who}`, `committer ${who}`];
  return repo.write("commit", Buffer.from(`${head.join("\n")}\n${behind}`, "latin1"));
}

interface Story {
  readonly oids: readonly ObjectId[];
  /** Whether each of them touches a watched file, as we made it. */
  readonly touches: readonly boolean[];
}

/** Commits in a line; every third, and the last, writes both watched files. */
function story(repo: Repo, count: number, behind: (n: number) => string = (n) => `\n${String(n)}\n`): Story {
  const oids: ObjectId[] = [];
  const touches: boolean[] = [];
  let policy = repo.write("blob", Buffer.from("policy"));
  for (let n = 0; n < count; n += 1) {
    const writes = n % 3 === 0 || n === count - 1;
    if (writes) policy = repo.write("blob", Buffer.from(`policy ${String(n)}`));
    const watched = WATCHED.map((name) => entry("100644", name, policy));
    const rows = [...watched, entry("100644", "other", repo.write("blob", Buffer.from(String(n))))];
    oids.push(commit(repo, repo.write("tree", Buffer.concat(rows)), oids.slice(-1), behind(n)));
    touches.push(writes);
  }
  return { oids, touches };
}

const range = ({ oids }: Story) => ({ include: oids.slice(-1), exclude: [] });

/** A git whose answers to `git log` go through a program; whatever else it is asked it does. */
async function withLog(repo: Repo, program: string): Promise<Repository> {
  const place = await placeOf(repo);
  const folder = join(repo.root, "other-git");
  mkdirSync(folder, { recursive: true });
  const path = place.environment["PATH"] ?? "";
  const script = `#!/bin/sh\nPATH='${path}'\nfor word; do case $word in log) LOG=1;; esac; done
if [ -z "$LOG" ]; then exec git "$@"; fi\ngit "$@" >'${folder}/out'\n${program}\n`;
  writeFileSync(join(folder, "git"), script, { mode: 0o755 });
  const own = { PATH: `${folder}${delimiter}${path}`, OUT: join(folder, "out") };
  return { ...place, environment: { ...place.environment, ...own } };
}

/** No commit is lost, and none that touches a file is taken for one that does not. */
function expectNoneLost(listed: readonly ListedCommit[], { oids, touches }: Story): void {
  expect(listed.map((one) => one.oid)).toEqual(oids);
  for (const [at, one] of listed.entries()) if (touches[at] === true) expect(one.touches).not.toBe(false);
}

describe("listTexts of a history of which git cannot tell all", () => {
  it("lists what is at a tree that is missing and behind it, and says nothing of what it touches", () =>
    withRepo({ bare: true }, async (repo) => {
      const told = story(repo, 4);
      const lost = commit(repo, "1".repeat(40), told.oids.slice(-1));
      const last = commit(repo, repo.emptyTree(), [lost]);
      const listed = await all(listTexts(await placeOf(repo), { include: [last], exclude: [] }, WATCHED));
      expect(listed.map(({ oid }) => oid)).toEqual([...told.oids, lost, last]);
      expect(listed.slice(-2).map(({ touches }) => touches)).toEqual([null, null]);
    }));

  it("does not follow folders within folders in a policy's place, of which a few objects make billions", () =>
    withRepo({ bare: true }, async (repo) => {
      let folder = repo.write("tree", entry("100644", "a", repo.write("blob", Buffer.from("x"))));
      for (let depth = 0; depth < 12; depth += 1)
        folder = repo.write("tree", Buffer.concat(Array.from("abcdefghij", (name) => entry("40000", name, folder))));
      const first = commit(repo, repo.emptyTree(), []);
      const second = commit(repo, repo.write("tree", entry("40000", "keys", folder)), [first]);
      const listed = await all(listTexts(await placeOf(repo), { include: [second], exclude: [] }, WATCHED));
      expect(listed.map(({ oid }) => oid)).toEqual([first, second]);
      expect(listed[1]?.touches).toBeNull();
    }));

  it("does not read on where more and more is told of what commits touch", () =>
    withRepo({ bare: true }, async (repo) => {
      const blob = repo.write("blob", Buffer.from("x"));
      const many = Array.from({ length: 20_000 }, (_, n) =>
        entry("100644", `${String(n).padStart(5, "0")}-${"x".repeat(90)}`, blob),
      );
      const keys = repo.write("tree", entry("40000", "keys", repo.write("tree", Buffer.concat(many))));
      const oids: ObjectId[] = [];
      for (let n = 0; n < 10; n += 1) oids.push(commit(repo, n % 2 === 0 ? repo.emptyTree() : keys, oids.slice(-1)));
      const listed = await all(listTexts(await placeOf(repo), { include: oids.slice(-1), exclude: [] }, WATCHED));
      expectNoneLost(listed, { oids, touches: oids.map((_, n) => n > 0) });
      expect(listed.at(-1)?.touches).toBeNull();
    }));

  it("goes on with ids where git breaks down, at any byte", () =>
    withRepo({ bare: true }, async (repo) => {
      const told = story(repo, 4);
      const whole = await withLog(repo, `cat "$OUT"`);
      await all(listTexts(whole, range(told), WATCHED));
      const { length } = repo.run("cat", [whole.environment["OUT"] ?? ""]).stdout;
      const place = await withLog(repo, `head -c "$BYTES" "$OUT"; exit 128`);
      for (let bytes = 0; bytes <= length; bytes += 53) {
        const environment = { ...place.environment, BYTES: String(bytes) };
        expectNoneLost(await all(listTexts({ ...place, environment }, range(told), WATCHED)), told);
      }
    }));

  it("goes on with ids where git says what is not understood, and where it is killed", () =>
    withRepo({ bare: true }, async (repo) => {
      const told = story(repo, 5);
      for (const program of [
        "echo surprise",
        `printf 'surprise\\0'; cat "$OUT"`,
        `sed 's/^commit /commit:/' "$OUT"`,
        `sed 's/^commit [0-9a-f]*/commit 1/' "$OUT"`,
        "kill -9 $$",
      ]) {
        expectNoneLost(await all(listTexts(await withLog(repo, program), range(told), WATCHED)), told);
      }
    }));

  it("refuses what the two lists do not agree about (ERR_GIT_FAILED)", () =>
    withRepo({ bare: true }, async (repo) => {
      const told = story(repo, 3);
      const other = commit(repo, repo.emptyTree(), [], "\nother\n");
      const place = await withLog(repo, `sed 's/^commit ${told.oids[0] ?? ""}/commit ${other}/' "$OUT"; exit 1`);
      await expect(all(listTexts(place, range(told), WATCHED))).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
    }));

  it("fails where the tip is missing, and lists nothing else instead (ERR_GIT_FAILED)", () =>
    withRepo({ bare: true }, async (repo) => {
      repo.updateRef("refs/heads/main", commit(repo, repo.emptyTree(), []));
      const seen: ListedCommit[] = [];
      const reading = async (): Promise<void> => {
        const gone = { include: ["1".repeat(40) as ObjectId], exclude: [] };
        for await (const some of listTexts(await placeOf(repo), gone, WATCHED)) seen.push(...some);
      };
      await expect(reading()).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
      expect(seen).toEqual([]);
    }));

  it("ends when it is stopped (ERR_GIT_FAILED)", () =>
    withRepo({ bare: true }, async (repo) => {
      const told = story(repo, 2);
      const ended = new AbortController();
      const listed = all(listTexts(await withLog(repo, "sleep 5"), range(told), WATCHED, ended.signal));
      ended.abort();
      await expect(listed).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
    }));
});
