import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { lstat, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Seconds } from "../model.ts";
import { cannotWrite } from "./write-problem.ts";

/** Where `pre-receive` leaves its verdict for the `post-receive` of the same push. */
const folderIn = (gitDir: string): string => join(gitDir, "signpolicy", "pending");

/** A verdict that no `post-receive` picked up belongs to a push that never landed. */
const PENDING_LIFE: Seconds = 24 * 60 * 60;

/** Our clock when it was written comes first: a file's own times are the file system's. */
const NAME = /^(\d+)-[\w-]+\.json$/;

/** Fewer are not counted: that many pushes may be under way at once. */
const FEW = 64;

/** Verdicts that lie here at most, and their bytes: git may refuse what we allowed, as often as somebody pushes it again. */
const MOST = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Leaves a verdict for the `post-receive` of the same push, and removes the oldest where too many lie there. What landed without
 * its verdict is recorded as judged by no rule, and judged again.
 *
 * @throws SignpolicyError ERR_IO
 */
export function writePending(gitDir: string, text: string, now: Seconds): void {
  const folder = folderIn(gitDir);
  const path = join(folder, `${now}-${process.pid}-${process.hrtime.bigint()}.json`);
  try {
    if (!makeRoom(folder, text.length)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    removeIfAny(path);
    throw cannotWrite(folder, cause);
  }
}

/**
 * False where there is no folder yet. What cannot be looked at or removed another hook has taken, and else the disk says so when the
 * verdict is written.
 */
function makeRoom(folder: string, bytes: number): boolean {
  const names = namesIn(folder);
  if (names === null || names.length < FEW) return names !== null;
  const files = names.flatMap((name) => {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, at: found.mtimeMs, size: found.size }];
  });
  let count = 1;
  let size = bytes;
  for (const file of files.sort((a, b) => b.at - a.at)) {
    count += 1;
    size += file.size;
    if (count > MOST || (count > FEW && size > MOST_BYTES)) removeIfAny(file.path);
  }
  return true;
}

function namesIn(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function removeIfAny(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is none, or is not ours to write.
  }
}

export interface PendingFile {
  readonly path: string;
  readonly text: string;
}

interface Named {
  readonly path: string;
  readonly at: Seconds;
  /** Of those of one second. */
  readonly writtenMs: number;
}

/**
 * The verdicts left by `pre-receive`, newest first; those of pushes long gone are removed. One from a time that is still to come
 * was written before the clock was set back: which push came last it does not tell, so it is none.
 */
export async function readPending(gitDir: string, now: Seconds): Promise<readonly PendingFile[]> {
  const folder = folderIn(gitDir);
  const names = await readdir(folder).catch(() => []);
  const found: Named[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const at = Number(NAME.exec(name)?.[1] ?? Infinity);
    const status = at > now ? null : await lstat(path).catch(() => null);
    if (status?.isFile() !== true) continue;
    if (now - at > PENDING_LIFE) await rm(path, { force: true });
    else found.push({ path, at, writtenMs: status.mtimeMs });
  }
  found.sort((a, b) => b.at - a.at || b.writtenMs - a.writtenMs);
  return Promise.all(found.map(async ({ path }) => ({ path, text: await readFile(path, "utf8").catch(() => "") })));
}

export async function removePending(file: PendingFile): Promise<void> {
  await rm(file.path, { force: true });
}
