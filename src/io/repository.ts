import { readFile, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { GitError } from "../errors.ts";
import type { HashAlgorithm } from "../model.ts";
import { discoveryEnvironment, judgingEnvironment } from "./environment.ts";
import type { Repository } from "./git.ts";
import { tryGit } from "./git.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const QUESTIONS = ["--absolute-git-dir", "--git-common-dir", "--show-object-format", "--is-bare-repository"];

/**
 * Finds the repository that a user means by `cwd` and his environment (GIT_DIR and GIT_WORK_TREE count, as in git).
 *
 * @throws GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function findRepository(cwd: string, caller: Variables): Promise<Repository> {
  const place = { cwd, environment: discoveryEnvironment(caller) };
  const [answers, top] = await Promise.all([
    tryGit(place, ["rev-parse", ...QUESTIONS]),
    tryGit(place, ["rev-parse", "--show-toplevel"]),
  ]);
  const [gitDir, commonDir, algorithm] = lines(answers.stdout);
  if (answers.status !== 0 || gitDir === undefined || commonDir === undefined || algorithm === undefined) {
    const said = answers.stderr.replace(/^fatal: /, "");
    throw new GitError("ERR_NOT_A_REPOSITORY", said === "" ? "this is not a git repository" : said, {
      hint: "run it inside a repository, or name one with -C DIR",
    });
  }
  const workTree = top.status === 0 ? (lines(top.stdout)[0] ?? null) : null;
  return {
    gitDir,
    commonDir: resolve(cwd, commonDir),
    workTree,
    algorithm: asAlgorithm(algorithm),
    cwd,
    environment: judgingEnvironment(caller, gitDir),
  };
}

/**
 * The repository that a server's hook was started in. git-receive-pack runs hooks in the repository's own directory with
 * GIT_DIR set, usually to `.`; nothing is searched for. `oidLength` comes from the ids git wrote to the hook.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY
 */
export async function hookRepository(cwd: string, caller: Variables, algorithm: HashAlgorithm): Promise<Repository> {
  const gitDir = resolve(cwd, caller["GIT_DIR"] ?? ".");
  const real = await realpath(gitDir).catch((cause: unknown) => {
    throw new GitError("ERR_NOT_A_REPOSITORY", "the hook was not started in a repository", { cause });
  });
  const named = await readFile(resolve(real, "commondir"), "utf8").catch(() => null);
  return {
    gitDir: real,
    commonDir: named === null ? real : resolve(real, named.trim()),
    workTree: null,
    algorithm,
    cwd,
    environment: judgingEnvironment(caller, real),
  };
}

/**
 * Whether the repository is a shallow clone: its commits' parents end somewhere. We never let git pretend that the
 * history is complete there (GIT_SHALLOW_FILE), so walking past the edge fails.
 */
export async function isShallow(repository: Pick<Repository, "commonDir">): Promise<boolean> {
  const edge = await readFile(resolve(repository.commonDir, "shallow"), "latin1").catch(() => "");
  return edge.trim() !== "";
}

function lines(output: Buffer): readonly string[] {
  return output
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function asAlgorithm(name: string): HashAlgorithm {
  if (name === "sha1" || name === "sha256") return name;
  throw new GitError(
    "ERR_GIT_UNSAFE",
    `this repository names its objects with ${name}, which signpolicy does not know`,
  );
}
