/** Files that an installation writes, moves and checks. Text is latin-1 of the bytes, so that what is not ours survives. */
import { createHash, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const isAbsent = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

async function attempt<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new SignpolicyError("ERR_IO", `cannot ${what} ${path}: ${reason}`, { cause });
  }
}

async function unlessAbsent<T>(what: string, path: string, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (cause) {
    if (isAbsent(cause)) return null;
    return attempt(what, path, () => Promise.reject(cause as Error));
  }
}

export const readTextIfAny = (path: string): Promise<string | null> =>
  unlessAbsent("read", path, () => readFile(path, "latin1"));

export const readBytes = (path: string): Promise<Bytes> => attempt("read", path, () => readFile(path));

/** What stands at a path, a symbolic link itself included; null where nothing does. */
export const entryIfAny = (path: string): Promise<Stats | null> => unlessAbsent("look at", path, () => lstat(path));

/** What a path leads to; null where nothing does, a dangling link included. */
export const targetIfAny = (path: string): Promise<Stats | null> => unlessAbsent("look at", path, () => stat(path));

export const realPathIfAny = (path: string): Promise<string | null> =>
  unlessAbsent("resolve", path, () => realpath(path));

/** What a symbolic link says, as it says it; null where there is none. */
export const linkIfAny = async (path: string): Promise<string | null> =>
  (await entryIfAny(path))?.isSymbolicLink() === true ? unlessAbsent("read", path, () => readlink(path)) : null;

export const isFolder = async (path: string): Promise<boolean> => (await targetIfAny(path))?.isDirectory() ?? false;

export const makeFolder = (path: string): Promise<string | undefined> =>
  attempt("create", path, () => mkdir(path, { recursive: true }));

export const movePath = (from: string, to: string): Promise<void> => attempt("move", from, () => rename(from, to));

export const removePath = (path: string): Promise<void> =>
  attempt("remove", path, () => rm(path, { recursive: true, force: true }));

/** Removes a folder that is there and empty. */
export async function removeFolderIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    if (!isAbsent(error) && !["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw new SignpolicyError("ERR_IO", `cannot remove ${path}`, { cause: error });
    }
  });
}

export interface WriteOptions {
  /** Default: the mode of the file that is replaced, or 0644. */
  readonly mode?: number;
  readonly owner?: Owner;
  /** A symbolic link stays one and what it leads to is replaced; without it the link itself is replaced. */
  readonly follow?: boolean;
  /** Waits until the bytes are on the disk, so that no crash leaves half a file. The default; many files are slow. */
  readonly flush?: boolean;
}

/** Replaces a file's content as a whole or not at all. */
export async function writeWhole(path: string, content: string | Bytes, options: WriteOptions = {}): Promise<void> {
  const target = (options.follow === true ? await realPathIfAny(path) : null) ?? path;
  const present = await entryIfAny(target);
  const mode = options.mode ?? (present?.isFile() === true ? present.mode & 0o7777 : 0o644);
  const aside = join(dirname(target), `.signpolicy-${randomUUID()}`);
  await attempt("write", path, async () => {
    try {
      await mkdir(dirname(target), { recursive: true });
      const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
      await writeFile(aside, bytes, { flag: "wx", flush: options.flush ?? true });
      await chmod(aside, mode);
      if (options.owner !== undefined) await giveTo(aside, options.owner);
      await rename(aside, target);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  });
}

export const changeMode = (path: string, mode: number): Promise<void> =>
  attempt("change the mode of", path, () => chmod(path, mode));

/** Gives a path to an owner, which only root can do where it differs. A symbolic link itself, never what it leads to. */
export async function giveTo(path: string, owner: Owner): Promise<void> {
  const present = await lstat(path);
  if (present.uid !== owner.uid || present.gid !== owner.gid) await lchown(path, owner.uid, owner.gid);
}

/** Paths of all that lies under a folder and is no folder, relative to it, with `/`, sorted. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await attempt("list", folder, () => readdir(folder, { withFileTypes: true, recursive: true }));
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

export const digestOf = (content: string | Bytes): string =>
  createHash("sha256")
    .update(typeof content === "string" ? Buffer.from(content, "latin1") : content)
    .digest("hex");
