import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { findClient } from "../../../src/check/client-place.ts";
import { findRepository } from "../../../src/io/repository.ts";
import { withRepo } from "../../support/repo.ts";

const WHERE = "run it inside a repository, or name one with -C DIR";
const asRoot = process.geteuid?.() === 0 ? it : it.skip;

/** Everything that git looks at there. */
function giveAway(...paths: readonly string[]): void {
  for (const path of paths) chownSync(path, 65_534, 65_534);
}

describe("a repository that git does not give", () => {
  it("is none where no folder on the way up is one (ERR_NOT_A_REPOSITORY)", () =>
    withRepo({}, async (repo) => {
      const environment = { ...repo.env, GIT_CEILING_DIRECTORIES: repo.root };
      await expect(findRepository(repo.home, environment)).rejects.toMatchObject({
        code: "ERR_NOT_A_REPOSITORY",
        hint: WHERE,
      });
      await expect(findRepository(repo.dir, environment)).resolves.toMatchObject({ workTree: repo.dir });
    }));

  asRoot.each([{ bare: false }, { bare: true }])(
    "is another user's, and the hint says how git is told that it is safe ($bare)",
    (options) =>
      withRepo(options, async (repo) => {
        const below = join(repo.dir, "it's below");
        mkdirSync(below);
        const trusting = `git config --global --add safe.directory ${repo.dir}`;
        giveAway(repo.dir, repo.gitDir);
        for (const folder of options.bare ? [repo.dir] : [repo.dir, below]) {
          const failure: unknown = await findRepository(folder, repo.env).catch((error: unknown) => error);
          expect(failure).toMatchObject({ code: "ERR_NOT_A_REPOSITORY" });
          expect((failure as Error).message).not.toContain("\n");
          expect((failure as { hint?: string }).hint).toContain(trusting);
        }
        await expect(findClient({ directory: repo.dir, environment: repo.env })).rejects.toMatchObject({
          code: "ERR_NOT_A_REPOSITORY",
        });
      }),
  );
});
