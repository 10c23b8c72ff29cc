import { describe, expect, it } from "@jest/globals";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { readHead } from "../../../src/io/refs.ts";
import { findHookPlace } from "../../../src/io/repository.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

/** What the files tell, which must be what git tells who has only the environment to go by. */
const headOf = (prepare: (repo: Repo, tip: string) => void) =>
  withRepo({ bare: true }, async (repo) => {
    prepare(repo, repo.git(["commit-tree", "-m", "a", repo.emptyTree()]));
    const { cwd, environment, gitDir, commonDir } = findHookPlace(repo.gitDir, process.env);
    const head = await readHead({ cwd, environment, gitDir, commonDir });
    expect(head).toBe(await readHead({ cwd, environment }));
    return head;
  });

describe("readHead", () => {
  it("names the branch, whether it is loose, packed or does not exist yet", async () => {
    expect(await headOf(() => undefined)).toBe("refs/heads/main");
    expect(await headOf((repo, tip) => repo.updateRef("refs/heads/main", tip))).toBe("refs/heads/main");
    const packed = (repo: Repo, tip: string): void => {
      repo.updateRef("refs/heads/main", tip);
      repo.git(["pack-refs", "--all", "--prune"]);
    };
    expect(await headOf(packed)).toBe("refs/heads/main");
  });

  it("names none where HEAD is detached", async () => {
    expect(await headOf((repo, tip) => void repo.git(["update-ref", "--no-deref", "HEAD", tip]))).toBeNull();
  });

  it("follows a symbolic branch, and a link of long ago", async () => {
    const chained = (repo: Repo) => void repo.git(["symbolic-ref", "refs/heads/main", "refs/heads/trunk"]);
    expect(await headOf(chained)).toBe("refs/heads/trunk");
    const linked = (repo: Repo): void => {
      rmSync(join(repo.gitDir, "HEAD"));
      symlinkSync("refs/heads/old", join(repo.gitDir, "HEAD"));
    };
    expect(await headOf(linked)).toBe("refs/heads/old");
  });
});
