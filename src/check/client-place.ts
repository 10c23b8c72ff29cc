/** Where a clone keeps its hooks and its package, before anything is installed or checked. */
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { GitError, SignpolicyError } from "../errors.ts";
import type { ConfigValue } from "../io/config.ts";
import { entryIfAny, isFolder, readTextIfAny } from "../io/files.ts";
import type { Porcelain } from "../io/porcelain.ts";
import { openPorcelain } from "../io/porcelain.ts";
import type { ClientOptions } from "./installation.ts";
import { dependenciesOf, readPrepare } from "./package-json.ts";
import { notARepository } from "../io/repository.ts";

export interface ClientPlace {
  readonly porcelain: Porcelain;
  /** Top of the work tree, absolute. */
  readonly top: string;
  readonly gitDir: string;
  readonly commonDir: string;
  /** Where git looks for hooks, absolute. */
  readonly hooksDir: string;
  /** Every `core.hooksPath` there is; the last one counts. */
  readonly hooksPaths: readonly ConfigValue[];
  /** Every value of git's configuration under `hook.`, in the order in which the last one wins. */
  readonly hookConfig: readonly ConfigValue[];
  /** Folder of the project's outermost package.json between the top and where we were called; null without one. */
  readonly packageDir: string | null;
  readonly packageText: string | null;
  /** The folder of the user's husky files, and whether the project uses husky at all. */
  readonly huskyDir: string;
  readonly usesHusky: boolean;
}

/**
 * Looks at the work tree that `directory` lies in.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING; SignpolicyError ERR_INSTALL in a bare repository
 */
export async function findClient(options: ClientOptions): Promise<ClientPlace> {
  const here = resolve(options.directory);
  if (!(await isFolder(here))) throw new SignpolicyError("ERR_INSTALL", `there is no folder ${here}`);
  const finder = await openPorcelain(here, options.environment);
  const [bare, gitDir] = await finder
    .revParse("--is-bare-repository", "--absolute-git-dir")
    .catch((cause: unknown): never => {
      if (cause instanceof GitError && cause.code === "ERR_GIT_UNSAFE") throw cause;
      throw notARepository(here, { cause });
    });
  const [top, commonDir] =
    bare === "true" ? [] : await finder.revParse("--path-format=absolute", "--show-toplevel", "--git-common-dir");
  if (gitDir === undefined || top === undefined || commonDir === undefined) {
    throw new SignpolicyError("ERR_INSTALL", "this repository has no work tree, so nobody commits in it", {
      hint: `for a server: signpolicy install --server ${shown(gitDir ?? here)}`,
    });
  }
  const porcelain = await openPorcelain(top, options.environment);
  // core.hooksPath may be relative: it then starts where hooks run, at the top (git-config(1)).
  const [hooksDir = join(commonDir, "hooks")] = await porcelain.revParse(
    "--path-format=absolute",
    "--git-path",
    "hooks",
  );
  const config = await porcelain.config();
  const hooksPaths = config.values.filter((value) => value.key === "core.hookspath");
  const hookConfig = config.values.filter((value) => value.key.startsWith("hook."));
  const packageDir = await findPackage(top, here);
  const packageText = packageDir === null ? null : await readTextIfAny(join(packageDir, "package.json"));
  const huskyDir = huskyFolder(hooksDir, top) ?? join(packageDir ?? top, ".husky");
  const usesHusky = huskyFolder(hooksDir, top) !== null || (await isFolder(huskyDir)) || mentionsHusky(packageText);
  return {
    porcelain,
    top,
    gitDir,
    commonDir,
    hooksDir,
    hooksPaths,
    hookConfig,
    packageDir,
    packageText,
    huskyDir,
    usesHusky,
  };
}

/** The value of core.hooksPath that this clone set for itself, null where it has none. */
export function ownHooksPath(place: ClientPlace): string | null {
  const own = place.hooksPaths.filter((value) => value.scope === "local" || value.scope === "worktree");
  return own.at(-1)?.value ?? null;
}

/** Values of core.hooksPath that hold for more than this clone. */
export function sharedHooksPaths(place: ClientPlace): readonly ConfigValue[] {
  return place.hooksPaths.filter((value) => value.scope === "global" || value.scope === "system");
}

/** Whether a path lies in a folder or is it. */
export function liesIn(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** A path as a person standing at the top would write it. */
export const fromTop = (place: Pick<ClientPlace, "top">, path: string): string =>
  liesIn(path, place.top) ? relative(place.top, path).split(sep).join("/") : path;

/** `<folder>` where git runs the stubs in `<folder>/_`, which are husky's. */
function huskyFolder(hooksDir: string, top: string): string | null {
  const folder = dirname(hooksDir);
  return hooksDir.endsWith(`${sep}_`) && liesIn(folder, top) && /(^|[\\/])\.husky$/.test(folder) ? folder : null;
}

async function findPackage(top: string, here: string): Promise<string | null> {
  let found: string | null = null;
  for (let folder = here; liesIn(folder, top); folder = dirname(folder)) {
    if ((await entryIfAny(join(folder, "package.json"))) !== null) found = folder;
    if (folder === dirname(folder)) break;
  }
  return found;
}

function mentionsHusky(packageText: string | null): boolean {
  if (packageText === null) return false;
  return dependenciesOf(packageText).has("husky") || /\bhusky\b/.test(readPrepare(packageText) ?? "");
}

const shown = (path: string): string => (/^[\w./-]+$/.test(path) ? path : JSON.stringify(path));
