import { lstat, readFile, readlink } from "node:fs/promises";
import type { RefName } from "../model.ts";
import type { GitConfig } from "./config.ts";
import { readSymbolic, refPath } from "./refs.ts";
import type { Repository } from "./git.ts";

/** Refs looked at in one go. */
const AT_ONCE = 64;

/**
 * Of refs that git lists not, those that are there all the same, each with what it holds: a symbolic one that names a ref
 * which does not exist, or a broken one. A push to the first creates the ref behind it, so it is no new ref of its name.
 */
export async function danglingRefs(
  repository: Repository,
  config: GitConfig,
  absent: readonly RefName[],
): Promise<ReadonlyMap<RefName, string>> {
  const inFiles = (config.get("extensions.refstorage") ?? "files") === "files";
  const found = new Map<RefName, string>();
  for (let at = 0; at < absent.length; at += AT_ONCE) {
    const names = absent.slice(at, at + AT_ONCE);
    const held = await Promise.all(
      names.map((name) => (inFiles ? heldByFile(repository, name) : readSymbolic(repository, name))),
    );
    held.forEach((text, index) => {
      const name = names[index];
      if (text !== null && name !== undefined) found.set(name, text);
    });
  }
  return found;
}

/** What stands where git keeps a loose ref (gitrepository-layout(5)); null for nothing, or for a folder of refs. */
async function heldByFile({ gitDir, commonDir }: Repository, name: RefName): Promise<string | null> {
  for (const folder of new Set([commonDir, gitDir])) {
    const path = refPath(folder, name);
    const kind = await lstat(path).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return null;
      throw error;
    });
    if (kind?.isSymbolicLink() === true) return readlink(path);
    if (kind?.isFile() === true) return (await readFile(path, "latin1")).slice(0, 200).replace(/^ref: |\n$/g, "");
  }
  return null;
}
