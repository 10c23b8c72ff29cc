/**
 * git's porcelain for installing and removing: configuration and paths of a repository that its own administrator or
 * user names. Nothing here judges anything. simple-git is loaded when first asked, since no hook needs it.
 */
import type { SimpleGit } from "simple-git";
import { GitError } from "../errors.ts";
import { answerLines } from "./answer-lines.ts";
import { GitConfig, parseConfigList } from "./config.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** simple-git keeps every other `GIT_*` variable from the child. */
const PASSED_ON = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_COMMON_DIR",
  "GIT_CEILING_DIRECTORIES",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM",
];

/** Reads and writes one repository's configuration. */
export class Porcelain {
  readonly #git: SimpleGit;
  constructor(git: SimpleGit) {
    this.#git = git;
  }

  async version(): Promise<{ readonly major: number; readonly minor: number }> {
    const { installed, major, minor } = await this.#git.version();
    if (!installed) throw new GitError("ERR_GIT_MISSING", "git was not found");
    return { major, minor };
  }

  /** Lines that `git rev-parse` answers, one for each question. */
  async revParse(...questions: string[]): Promise<readonly string[]> {
    const answer = await this.#run(["rev-parse", ...questions]);
    // Neither `--path-format` nor an argument is a question.
    const asked = questions.filter((word) => word.startsWith("--") && !word.startsWith("--path-format="));
    return answerLines(answer, asked.length);
  }

  /** Every value that git sees here, with its scope, in the order in which the last one wins. */
  async config(): Promise<GitConfig> {
    return parseConfigList(Buffer.from(await this.#run(["config", "--list", "--show-scope", "-z"])));
  }

  /** Sets one value in the repository's own configuration, in place of all that stood there. */
  async setConfig(key: string, value: string): Promise<void> {
    await this.#run(["config", "--local", "--replace-all", key, value]);
  }

  /** Takes every value of a key out of the repository's own configuration, and its section when that is empty then. */
  async unsetConfig(key: string): Promise<void> {
    await this.#run(["config", "--local", "--unset-all", key]);
  }

  /** Adds a value beside those that stand there. */
  async addConfig(key: string, value: string): Promise<void> {
    await this.#run(["config", "--local", "--add", key, value]);
  }

  /** Takes this very value of a key out. */
  async unsetConfigValue(key: string, value: string): Promise<void> {
    await this.#run(["config", "--local", "--fixed-value", "--unset-all", key, value]);
  }

  /** Those of these files, as paths from the top, that are there and differ from the last commit. */
  async changedFiles(files: readonly string[]): Promise<readonly string[]> {
    if (files.length === 0) return [];
    const literal = files.map((file) => `:(top,literal)${file}`);
    const listing = await this.#run(["status", "--porcelain", "-z", "--no-renames", "--", ...literal]);
    return listing.split("\0").flatMap((line) => (line === "" || line.startsWith(" D") ? [] : [line.slice(3)]));
  }

  /** Whether a file, by its absolute path, is in the index. */
  async isTracked(path: string): Promise<boolean> {
    return (await this.#run(["ls-files", "-z", "--", `:(literal)${path}`])) !== "";
  }

  /** Top folders of the main and the linked work trees. */
  async workTrees(): Promise<readonly string[]> {
    const listing = await this.#run(["worktree", "list", "--porcelain"]).catch(() => "");
    return listing
      .split("\n")
      .filter((line) => line.startsWith("worktree "))
      .map((line) => line.slice("worktree ".length));
  }

  async #run(argv: string[]): Promise<string> {
    try {
      return await this.#git.raw(argv);
    } catch (cause) {
      const said = cause instanceof Error ? cause.message.trim() : String(cause);
      throw new GitError("ERR_GIT_FAILED", `git ${argv[0] ?? ""} failed: ${said}`, { argv, stderr: said, cause });
    }
  }
}

/**
 * Porcelain for the folder `directory`. With `gitDir`, for that repository alone: an administrator may own neither it nor
 * its configuration, and a repository named outright is not searched for (git-config(1), safe.directory).
 *
 * @throws GitError ERR_GIT_MISSING
 */
export async function openPorcelain(directory: string, environment: Variables, gitDir?: string): Promise<Porcelain> {
  const { simpleGit } = await import("simple-git");
  const git = simpleGit({
    baseDir: directory,
    allowEnvironment: PASSED_ON,
    // The checks of simple-git are for arguments that a stranger chose; here the keys are fixed ones.
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeConfigPaths: true },
  }).env({ ...childEnvironment(environment), ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }), LC_ALL: "C" });
  const porcelain = new Porcelain(git);
  await porcelain.version();
  return porcelain;
}

/** simple-git refuses a guarded variable that it is given outright, so they are taken out first. */
function childEnvironment(environment: Variables): Record<string, string> {
  const guarded = /^(?:git_|(?:visual|editor|pager|prefix|ssh_askpass)$)/i;
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (PASSED_ON.includes(entry[0]) || !guarded.test(entry[0])),
  );
  return Object.fromEntries(kept);
}
