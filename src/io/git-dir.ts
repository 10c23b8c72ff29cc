/** The git directory around a folder, by what stands on the disk; git itself is not asked. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export interface FoundGitDir {
  /** The folder that holds `.git`. */
  readonly top: string;
  readonly gitDir: string;
}

/** Null where no folder on the way up is a work tree (gitrepository-layout(5)). */
export function findGitDir(cwd: string): FoundGitDir | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const gitDir = gitDirIn(folder);
    if (gitDir !== null) return { top: folder, gitDir };
    if (folder === dirname(folder)) return null;
  }
}

function gitDirIn(folder: string): string | null {
  const path = join(folder, ".git");
  try {
    const pointer = /^gitdir: ([^]+?)[\r\n]*$/.exec(readFileSync(path, "utf8"))?.[1];
    return pointer === undefined ? null : resolve(folder, pointer);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EISDIR" ? path : null;
  }
}

/** Where what all linked work trees share lies: the git directory itself where it is no linked work tree's. */
export function commonDirOf(gitDir: string): string {
  try {
    return resolve(gitDir, readFileSync(join(gitDir, "commondir"), "utf8").trim());
  } catch {
    return gitDir;
  }
}

/** Where `verify` keeps what it allowed (`frontier-file.ts`). */
export const frontierPath = (commonDir: string): string => join(commonDir, "signpolicy", "frontier");
