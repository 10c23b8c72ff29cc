/** A gitolite installation as one place: one hook file, linked into every repository that it has and will have. */
import { isAbsolute, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import type { Owner } from "../io/files.ts";
import { isFolder, realPathIfAny, targetIfAny } from "../io/files.ts";
import { runProgram } from "../io/programs.ts";
import { liesIn } from "./client-place.ts";
import type { ServerOptions } from "./installation.ts";
import type { ServerHook } from "./server-place.ts";

export interface GitolitePlace {
  /** The hosting user's home, which holds `.gitolite.rc`. */
  readonly home: string;
  readonly owner: Owner;
  /** `LOCAL_CODE/hooks/common`: gitolite links every file of it into every repository's hooks folder. */
  readonly hooksDir: string;
  readonly localCode: string;
  /** Absolute, in gitolite's order; `gitolite-admin` is one of them. */
  readonly repositories: readonly string[];
  /** Whoever may push `gitolite-admin` may change what lies in LOCAL_CODE. */
  readonly localCodeIsPushed: boolean;
}

/** Whether a folder is the home of gitolite's hosting user. */
export const isGitoliteHome = async (folder: string): Promise<boolean> =>
  (await targetIfAny(join(folder, ".gitolite.rc")))?.isFile() === true && isFolder(join(folder, ".gitolite"));

/**
 * Asks gitolite where it keeps things; its answer to `query-rc` is its settings file as run by itself, and nothing else is.
 *
 * @throws SignpolicyError ERR_INSTALL where it cannot be asked or has no LOCAL_CODE
 */
export async function findGitolite(folder: string, options: ServerOptions): Promise<GitolitePlace> {
  const home = (await realPathIfAny(folder)) ?? folder;
  const stats = await targetIfAny(home);
  const owner = { uid: stats?.uid ?? 0, gid: stats?.gid ?? 0 };
  const ask = (...words: string[]) => runGitolite({ home, owner }, options, words);
  const folderNamed = async (name: string): Promise<string> => {
    const answer = (await ask("query-rc", "-n", name)).trim();
    if (answer === "" || (isAbsolute(answer) && !answer.includes("\n"))) return answer;
    throw new SignpolicyError("ERR_INSTALL", `gitolite in ${home} names no folder for ${name}: ${answer}`);
  };
  const localCode = await folderNamed("LOCAL_CODE");
  const base = await folderNamed("GL_REPO_BASE");
  const admin = await folderNamed("GL_ADMIN_BASE");
  if (localCode === "") {
    throw new SignpolicyError(
      "ERR_INSTALL",
      `gitolite in ${home} has no LOCAL_CODE, where hooks for all repositories lie`,
      { hint: `set it in ${join(home, ".gitolite.rc")}: LOCAL_CODE => "$ENV{HOME}/local",` },
    );
  }
  const names = (await ask("list-phy-repos")).split("\n").filter((name) => name !== "");
  return {
    home,
    owner,
    localCode,
    hooksDir: join(localCode, "hooks", "common"),
    repositories: names.map((name) => join(base, `${name}.git`)),
    localCodeIsPushed: liesIn(localCode, admin),
  };
}

/** Has gitolite link the common hooks into every repository, as it does itself whenever it makes one. */
export async function linkCommonHooks(place: GitolitePlace, options: ServerOptions): Promise<void> {
  await runGitolite(place, options, ["setup", "--hooks-only"]);
}

/** A repository's link to a common hook. */
export const linkedHook = (repository: string, hook: ServerHook): string => join(repository, "hooks", hook);

async function runGitolite(
  { home, owner }: Pick<GitolitePlace, "home" | "owner">,
  { environment }: ServerOptions,
  words: readonly string[],
): Promise<string> {
  const path = [environment["PATH"] ?? "", join(home, "bin")].filter((part) => part !== "").join(":");
  const own = { PATH: path, HOME: home, LC_ALL: "C" };
  // As root we become the hosting user: what the settings file does, it does with that user's rights.
  const user = process.getuid?.() === 0 ? owner : {};
  const hint = "run the command where `gitolite` is on the PATH, as the hosting user or as root";
  const { status, output } = await runProgram("gitolite", words, { cwd: home, environment: own, ...user }).catch(
    (cause: unknown) => {
      throw new SignpolicyError("ERR_INSTALL", "gitolite was not found", { hint, cause });
    },
  );
  // `query-rc` of a setting that is not set prints nothing and ends with 1.
  if (status === 0 || (words[0] === "query-rc" && status === 1 && output.trim() === "")) return output;
  throw new SignpolicyError(
    "ERR_INSTALL",
    `gitolite ${words.join(" ")} failed: ${output.trim().split("\n").at(-1) ?? ""}`,
    {
      hint,
    },
  );
}
