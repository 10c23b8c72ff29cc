/** Where a server's repository keeps its hooks, and whose it is. */
import { dirname, join, resolve, sep } from "node:path";
import { GitError, SignpolicyError } from "../errors.ts";
import type { Owner } from "../io/files.ts";
import { isFolder, readTextIfAny, realPathIfAny, targetIfAny } from "../io/files.ts";
import { environmentOf } from "../io/privileges.ts";
import type { Porcelain } from "../io/porcelain.ts";
import { openPorcelain } from "../io/porcelain.ts";
import { liesIn } from "./client-place.ts";
import { shellWord } from "./hook-lines.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export const SERVER_HOOKS = ["pre-receive", "post-receive"] as const;
export type ServerHook = (typeof SERVER_HOOKS)[number];

export interface ServerPlace {
  readonly porcelain: Porcelain;
  /** Absolute, symbolic links resolved. */
  readonly gitDir: string;
  readonly hooksDir: string;
  /** Scope of the `core.hooksPath` that counts here, null where the default does. */
  readonly hooksScope: string | null;
  /** core.sharedRepository lets several users of the machine push. */
  readonly shared: boolean;
  readonly owner: Owner;
}

/** What the caller's environment may tell git here: not which repository, that is named outright. */
const PASSED_ON = ["PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/** For what reads a repository that was named outright; as root we may not own it, and git then wants to be told. */
export const serverEnvironment = (gitDir: string, owner: Owner, caller: Variables): Variables => ({
  ...environmentOf(owner, Object.fromEntries(PASSED_ON.map((name) => [name, caller[name]]))),
  GIT_DIR: gitDir,
});

/**
 * Looks at a bare repository or the git directory of another.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING
 */
export async function findServer(repository: string, from: string, caller: Variables): Promise<ServerPlace> {
  const gitDir = await findGitDir(resolve(from, repository));
  if (gitDir === null) {
    throw new GitError("ERR_NOT_A_REPOSITORY", `${repository} is no git repository`, {
      hint: "name a bare repository, or the .git folder of another",
    });
  }
  const stats = await targetIfAny(gitDir);
  const owner = { uid: stats?.uid ?? 0, gid: stats?.gid ?? 0 };
  const environment = serverEnvironment(gitDir, owner, caller);
  const porcelain = await openPorcelain(gitDir, environment, gitDir);
  const [hooksDir = join(gitDir, "hooks")] = await porcelain.revParse("--path-format=absolute", "--git-path", "hooks");
  const config = await porcelain.config();
  return {
    porcelain,
    gitDir,
    hooksDir,
    hooksScope: config.values.filter((value) => value.key === "core.hookspath").at(-1)?.scope ?? null,
    shared: !/^(?:umask|false|no|off|0|)$/.test(config.get("core.sharedrepository") ?? ""),
    owner,
  };
}

/** @throws SignpolicyError ERR_INSTALL where the repository is somebody else's */
export function refuseForeignOwner({ gitDir, owner }: Pick<ServerPlace, "gitDir" | "owner">): void {
  const uid = process.getuid?.();
  if (uid === undefined || uid === 0 || uid === owner.uid) return;
  throw new SignpolicyError("ERR_INSTALL", `${gitDir} belongs to user ${String(owner.uid)}`, {
    hint: "run the command as that user, or as root",
  });
}

/** @throws SignpolicyError ERR_INSTALL where the hooks directory may serve other repositories, too */
export async function refuseSharedHooks(place: ServerPlace): Promise<void> {
  const real = (await realPathIfAny(place.hooksDir)) ?? place.hooksDir;
  if (liesIn(real, place.gitDir) || place.hooksScope === "local") return;
  const why = place.hooksScope === null ? "hooks is a symbolic link" : `core.hooksPath is set (${place.hooksScope})`;
  throw new SignpolicyError("ERR_INSTALL", `${why}: ${real} may serve other repositories, too`, {
    hint: `give this one its own: git -C ${place.gitDir} config core.hooksPath ${join(place.gitDir, "signpolicy", "hooks")}`,
  });
}

/** A way in which somebody else could change a file, and the command that closes it. */
interface Opening {
  readonly why: string;
  readonly fix: string;
}

/** Ways in which somebody other than root and the owner could change a file, a folder, or what leads to it. */
export async function otherWriters(path: string, owner: Owner): Promise<readonly Opening[]> {
  if (process.getuid === undefined) return [];
  const found: Opening[] = [];
  for (let at = path; ; at = dirname(at)) {
    const stats = await targetIfAny(at);
    if (stats !== null) {
      if (stats.uid !== 0 && stats.uid !== owner.uid) {
        const why = `${at} belongs to user ${String(stats.uid)}`;
        found.push({ why, fix: `chown ${String(owner.uid)} ${shellWord(at)}` });
      }
      // In a sticky folder nobody can move or replace what is not his own (chmod(1)).
      const sticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
      if ((stats.mode & 0o022) !== 0 && !sticky) {
        const why = `${at} can be written by ${(stats.mode & 0o002) === 0 ? "its group" : "everybody"}`;
        found.push({ why, fix: `chmod go-w ${shellWord(at)}` });
      }
    }
    if (at === dirname(at)) return found;
  }
}

/** The same as warnings about `what`. */
export const writers = async (what: string, path: string, whose: Owner): Promise<readonly string[]> =>
  (await otherWriters(path, whose)).map(({ why }) => `${what} is not safe: ${why}`);

/** The work tree that a file lies in: a push or a commit there may change it. Null where it lies in none. */
export async function workTreeAround(file: string): Promise<string | null> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((await targetIfAny(join(folder, ".git"))) !== null) return folder;
    if (folder === dirname(folder)) return null;
  }
}

async function findGitDir(path: string): Promise<string | null> {
  const real = await realPathIfAny(path);
  if (real === null) return null;
  if (await isGitDir(real)) return real;
  const inner = join(real, ".git");
  if (await isGitDir(inner)) return realPathIfAny(inner);
  const pointer = (await isFolder(inner)) ? null : await readTextIfAny(inner);
  const target = pointer === null ? null : /^gitdir: (.+?)\r?\n?$/.exec(pointer)?.[1];
  if (target === null || target === undefined) return null;
  const pointed = await realPathIfAny(resolve(real, Buffer.from(target, "latin1").toString()));
  return pointed !== null && (await isGitDir(pointed)) ? pointed : null;
}

/** As git tells it (gitrepository-layout(5)); a linked work tree's own directory has no objects. */
async function isGitDir(path: string): Promise<boolean> {
  const parts = ["objects", "refs"].map((name) => isFolder(path + sep + name));
  return (await Promise.all(parts)).every(Boolean) && (await targetIfAny(path + sep + "HEAD")) !== null;
}
