/**
 * Attack: a folder whose name holds line ends, so that what git prints of the repository's path reads as several answers, the
 * second of which is another repository. Stopped by: io/answer-lines.ts; there is one answer for each question, or none is taken.
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { findGitDir } from "../../src/io/git-dir.ts";
import { answerLines } from "../../src/io/answer-lines.ts";
import { BIN } from "../support/push-server.ts";
import { type Repo, withRepo } from "../support/repo.ts";

const COMMANDS = ["verify", "install", "check-install", "keys list", "record show", "init --yes"];

/** The repository's copy in a folder of this name. */
function moved(repo: Repo, name: string): string {
  const folder = join(repo.root, name);
  mkdirSync(folder, { recursive: true });
  cpSync(repo.dir, folder, { recursive: true });
  return folder;
}

describe("a line end in the path of a repository", () => {
  it.each(COMMANDS)("stops %s with words that say so", (command) =>
    withRepo({}, (repo) => {
      const other = join(repo.root, "other", ".git");
      for (const name of ["a\nb", `evil\n${other}\nsha1\nfalse`]) {
        const { status, stderr } = repo.run(process.execPath, [BIN, ...command.split(" ")], { cwd: moved(repo, name) });
        expect(status).toBe(3);
        expect(stderr).toContain("the path of this repository holds a line end");
        expect(stderr).toContain("hint: rename the folder");
      }
      const { stderr } = repo.run(process.execPath, [BIN, ...command.split(" ")], { cwd: moved(repo, "a b") });
      expect(stderr).not.toContain("line end");
    }),
  );

  it("is one answer for each question, empty ones included, or an error", () => {
    expect(answerLines("/a\n/b\nsha1\n", 3)).toEqual(["/a", "/b", "sha1"]);
    expect(answerLines("\n", 1)).toEqual([""]);
    expect(() => answerLines("/a\nb\n/b\nsha1\n", 3)).toThrowCode("ERR_GIT_UNSAFE");
    expect(() => answerLines("/a\n", 2)).toThrowCode("ERR_GIT_UNSAFE");
  });

  it("in a file that names the git directory leads where git goes, not to the repository around it", () =>
    withRepo({}, (repo) => {
      const inner = join(repo.dir, "inner");
      mkdirSync(inner);
      writeFileSync(join(inner, ".git"), "gitdir: ../el\nse\n");
      expect(findGitDir(inner)).toEqual({ top: inner, gitDir: join(repo.dir, "el\nse") });
      writeFileSync(join(inner, ".git"), "gitdir: ../else\r\n");
      expect(findGitDir(inner)).toEqual({ top: inner, gitDir: join(repo.dir, "else") });
    }));
});
