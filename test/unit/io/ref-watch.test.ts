import { describe, expect, it } from "@jest/globals";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RefName } from "../../../src/model.ts";
import { readConfig } from "../../../src/io/config.ts";
import { watchRefs } from "../../../src/io/ref-watch.ts";
import { readRefs } from "../../../src/io/refs.ts";
import { findHookPlace } from "../../../src/io/repository.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

const MAIN = "refs/heads/main" as RefName;
const OTHER = "refs/heads/other" as RefName;

/** Whether these refs, of which main is one, are said to have stood still over `meanwhile`. */
const watched = (names: readonly RefName[], meanwhile: (repo: Repo, tips: readonly string[]) => void, asked = names) =>
  withRepo({ bare: true }, async (repo) => {
    const tips = ["a", "b"].map((message) => repo.git(["commit-tree", "-m", message, repo.emptyTree()]));
    repo.updateRef(MAIN, tips[0] ?? "");
    const place = findHookPlace(repo.gitDir, process.env);
    const watch = watchRefs(place, names);
    meanwhile(repo, tips);
    return watch.stoodStill(await readConfig(place), asked);
  });

describe("watchRefs", () => {
  it("sees that nothing moved, and does not mind other refs", async () => {
    expect(await watched([MAIN, OTHER], () => undefined)).toBe(true);
    expect(await watched([MAIN], (repo, [, tip = ""]) => repo.updateRef(OTHER, tip))).toBe(true);
  });

  it("sees a ref that moves, comes or goes", async () => {
    expect(await watched([MAIN], (repo, [, tip = ""]) => repo.updateRef(MAIN, tip))).toBe(false);
    expect(await watched([MAIN, OTHER], (repo, [, tip = ""]) => repo.updateRef(OTHER, tip))).toBe(false);
    expect(await watched([MAIN], (repo) => void repo.git(["update-ref", "-d", MAIN]))).toBe(false);
  });

  it("sees packed refs that were written anew, and HEAD that names another branch", async () => {
    expect(await watched([OTHER], (repo) => void repo.git(["pack-refs", "--all"]))).toBe(false);
    expect(await watched([OTHER], (repo) => void repo.git(["symbolic-ref", "HEAD", OTHER]))).toBe(false);
  });

  it("does not vouch for what it cannot see", async () => {
    const nothing = () => undefined;
    expect(await watched([OTHER], nothing, ["refs/heads/third" as RefName])).toBe(false);
    expect(await watched(["refs/worktree/a" as RefName], nothing)).toBe(false);
    expect(await watched(["HEAD" as RefName], nothing)).toBe(false);
    // Another storage leaves nothing where the files would be.
    const reftable = (repo: Repo) =>
      writeFileSync(join(repo.gitDir, "config"), "[extensions]\n\trefStorage = reftable\n", { flag: "a" });
    expect(await watched([OTHER], reftable)).toBe(false);
  });

  it("reads loose refs, packed ones and none, as git does", () =>
    withRepo({ bare: true }, async (repo) => {
      const place = findHookPlace(repo.gitDir, process.env);
      const [one = "", two = ""] = ["a", "b"].map((text) => repo.git(["commit-tree", "-m", text, repo.emptyTree()]));
      const tag = repo.git(["mktag"], {
        input: `object ${one}\ntype commit\ntag v1\ntagger A <a@example.org> 1 +0000\n\nv1\n`,
      });
      const names = ["refs/tags/v1", MAIN, OTHER, "refs/heads/other/deep", "refs/heads/ma"] as RefName[];
      repo.updateRef("refs/tags/v1", tag);
      repo.updateRef(MAIN, one);
      repo.updateRef("refs/heads/other/deep", one);
      repo.git(["pack-refs", "--all", "--prune"]);
      repo.updateRef(MAIN, two);
      const config = await readConfig(place);
      expect(watchRefs(place, names).values(config)).toEqual(await readRefs(place, names));
      expect(watchRefs(place, names).values(config)?.get(MAIN)?.oid).toBe(two);
      const damaged = readFileSync(join(repo.gitDir, "packed-refs"), "utf8").replace(tag, tag.slice(1));
      writeFileSync(join(repo.gitDir, "packed-refs"), damaged);
      expect(watchRefs(place, names).values(config)).toBeNull();
    }));

  it("leaves to git what it cannot read: symbolic refs, links, names in several cases, values that moved", () =>
    withRepo({ bare: true }, async (repo) => {
      const place = findHookPlace(repo.gitDir, process.env);
      const tip = repo.git(["commit-tree", "-m", "a", repo.emptyTree()]);
      repo.updateRef(MAIN, tip);
      const values = async (name: RefName) => watchRefs(place, [name]).values(await readConfig(place));
      expect((await values(MAIN))?.get(MAIN)).toEqual({ oid: tip, symbolic: null });
      repo.git(["symbolic-ref", OTHER, MAIN]);
      expect(await values(OTHER)).toBeNull();
      symlinkSync("main", join(repo.gitDir, "refs/heads/link"));
      expect(await values("refs/heads/link" as RefName)).toBeNull();
      const watch = watchRefs(place, [MAIN]);
      repo.git(["update-ref", "-d", MAIN]);
      expect(watch.values(await readConfig(place))).toBeNull();
      repo.git(["config", "core.ignoreCase", "true"]);
      repo.updateRef(MAIN, tip);
      expect(await values(MAIN)).toBeNull();
    }));

  it("does not vouch for a symbolic ref, whose value is another's", () =>
    withRepo({ bare: true }, async (repo) => {
      repo.updateRef(MAIN, repo.git(["commit-tree", "-m", "a", repo.emptyTree()]));
      repo.git(["symbolic-ref", OTHER, MAIN]);
      const place = findHookPlace(repo.gitDir, process.env);
      expect(watchRefs(place, [OTHER]).stoodStill(await readConfig(place), [OTHER])).toBe(false);
    }));
});
