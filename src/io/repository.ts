import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { shellWord } from "../encoding/text.ts";
import { GitError } from "../errors.ts";
import type { HashAlgorithm } from "../model.ts";
import { answerLines } from "./answer-lines.ts";
import { discoveryEnvironment, judgingEnvironment } from "./environment.ts";
import { commonDirOf, findGitDir } from "./git-dir.ts";
import type { Repository } from "./git.ts";
import { tryGit } from "./git.ts";

export const NO_REPOSITORY = "this is not a git repository";
const NAME_REPOSITORY = "run it inside a repository, or name one with -C DIR";

type Variables = Readonly<Record<string, string | undefined>>;

/** The last one git refuses where there is no work tree, after it has answered the others. */
const QUESTIONS = ["--absolute-git-dir", "--git-common-dir", "--show-object-format", "--show-toplevel"];

/**
 * Finds the repository that a user means by `cwd` and his environment (GIT_DIR and GIT_WORK_TREE count, as in git).
 *
 * @throws GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING, ERR_GIT_FAILED, ERR_GIT_UNSAFE
 */
export async function findRepository(cwd: string, caller: Variables): Promise<Repository> {
  const place = { cwd, environment: discoveryEnvironment(caller) };
  const { status, stdout, stderr } = await tryGit(place, ["rev-parse", ...QUESTIONS]);
  if (status !== 0 && stdout.length === 0) {
    // What git says besides is advice, which the hint gives in our own words.
    const [said = ""] = stderr.replace(/^fatal: /, "").split("\n");
    throw notARepository(cwd, said === "" ? {} : { said });
  }
  const answered = status === 0 ? QUESTIONS.length : QUESTIONS.length - 1;
  const [gitDir = "", commonDir = "", algorithm = "", workTree = null] = answerLines(stdout.toString(), answered);
  return {
    gitDir,
    commonDir: resolve(cwd, commonDir),
    workTree,
    algorithm: asAlgorithm(algorithm),
    cwd,
    environment: judgingEnvironment(caller, gitDir),
  };
}

/** That git finds no repository here, or refuses the one that it finds. */
export function notARepository(cwd: string, { said, cause }: { said?: string; cause?: unknown } = {}): GitError {
  const trusting = trustingCommand(cwd);
  const message = said ?? (trusting === null ? NO_REPOSITORY : "this is a repository of another user");
  return new GitError("ERR_NOT_A_REPOSITORY", message, { hint: trusting ?? NAME_REPOSITORY, cause });
}

/** git refuses a repository that another user owns, as containers of CI mount them, until it is told that it is safe. */
function trustingCommand(cwd: string): string | null {
  const isBare = existsSync(join(cwd, "objects")) && existsSync(join(cwd, "HEAD"));
  const found = findGitDir(cwd) ?? (isBare ? { top: cwd, gitDir: cwd } : null);
  const isOwn = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.uid === process.geteuid?.();
  if (found === null || process.geteuid === undefined || [found.top, found.gitDir].every(isOwn)) return null;
  return `if you trust whoever owns it: git config --global --add safe.directory ${shellWord(found.top) ?? "FOLDER"}`;
}

/** A repository before its ids were seen. */
export type HookPlace = Omit<Repository, "algorithm">;

/**
 * The repository that a server's hook was started in. git-receive-pack runs hooks in the repository's own directory with
 * GIT_DIR set, usually to `.`; nothing is searched for. What names its objects, the ids tell that git wrote to the hook.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY
 */
export function findHookPlace(cwd: string, caller: Variables): HookPlace {
  let gitDir: string;
  try {
    gitDir = realpathSync.native(resolve(cwd, caller["GIT_DIR"] ?? "."));
  } catch (cause) {
    throw new GitError("ERR_NOT_A_REPOSITORY", "the hook was not started in a repository", { cause });
  }
  const environment = judgingEnvironment(caller, gitDir);
  return { gitDir, commonDir: commonDirOf(gitDir), workTree: null, cwd, environment };
}

/** @throws GitError ERR_NOT_A_REPOSITORY */
export const hookRepository = (cwd: string, caller: Variables, algorithm: HashAlgorithm): Repository => ({
  ...findHookPlace(cwd, caller),
  algorithm,
});

/**
 * Whether the repository is a shallow clone: its commits' parents end somewhere. We never let git pretend that the
 * history is complete there (GIT_SHALLOW_FILE), so walking past the edge fails.
 */
export function isShallow(repository: Pick<Repository, "commonDir">): boolean {
  try {
    return readFileSync(resolve(repository.commonDir, "shallow"), "latin1").trim() !== "";
  } catch {
    return false;
  }
}

function asAlgorithm(name: string): HashAlgorithm {
  if (name === "sha1" || name === "sha256") return name;
  throw new GitError(
    "ERR_GIT_UNSAFE",
    `this repository names its objects with ${name}, which signpolicy does not know`,
  );
}
