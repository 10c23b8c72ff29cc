/** Where the preflight of a commit keeps its last good answer: `<git dir>/signpolicy/preflight.json`. */
import { closeSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openTrusted, ownOwners } from "./trusted-file.ts";

const MOST_BYTES = 4 * 1024 * 1024;

const pathIn = (gitDir: string): string => join(gitDir, "signpolicy", "preflight.json");

/** Null where there is none that can be read, or that another user could have written: the answer is then worked out. */
export function readMemo(gitDir: string): unknown {
  const opened = openTrusted(pathIn(gitDir), ownOwners());
  if (opened === null) return null;
  try {
    return opened.status.size > MOST_BYTES ? null : JSON.parse(readFileSync(opened.file, "utf8"));
  } catch {
    return null;
  } finally {
    closeSync(opened.file);
  }
}

/** Where it cannot be written, the next commit takes a little longer. */
export function writeMemo(gitDir: string, memo: unknown): void {
  const aside = `${pathIn(gitDir)}.${String(process.pid)}`;
  try {
    mkdirSync(dirname(aside), { recursive: true });
    writeFileSync(aside, JSON.stringify(memo), { flag: "wx", mode: 0o600 });
    renameSync(aside, pathIn(gitDir));
  } catch {
    remove(aside);
  }
}

export const forgetMemo = (gitDir: string): void => remove(pathIn(gitDir));

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is a memory and no more: what cannot be removed is stale within the hour.
  }
}

/** Content of plain files as latin-1 text, null for what is not there; `undefined` when one is something else, or too much. */
export function readSmallFiles(
  folder: string,
  paths: readonly string[],
  cap: number,
): Readonly<Record<string, string | null>> | undefined {
  const found: Record<string, string | null> = {};
  let total = 0;
  try {
    for (const path of paths) {
      const file = join(folder, path);
      const stats = lstatSync(file, { throwIfNoEntry: false });
      total += stats?.size ?? 0;
      if ((stats !== undefined && !stats.isFile()) || total > cap) return undefined;
      found[path] = stats === undefined ? null : readFileSync(file, "latin1");
    }
  } catch {
    return undefined;
  }
  return found;
}
