import { randomUUID } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { lstat, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cannotWrite } from "./write-problem.ts";

/** Where `pre-receive` leaves its verdict for the `post-receive` of the same push. */
const folderIn = (gitDir: string): string => join(gitDir, "signpolicy", "pending");

/** A verdict that no `post-receive` picked up belongs to a push that never landed. */
const PENDING_LIFE_MS = 24 * 60 * 60 * 1000;

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
export function writePending(gitDir: string, text: string): void {
  const folder = folderIn(gitDir);
  const path = join(folder, `${randomUUID()}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    makeRoom(folder, text.length);
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    removeIfAny(path);
    throw cannotWrite(folder, cause);
  }
}

/** What cannot be looked at or removed another hook has taken, and else the disk says so when the verdict is written. */
function makeRoom(folder: string, bytes: number): void {
  const names = readdirSync(folder);
  if (names.length < FEW) return;
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
  readonly writtenAt: number;
}

/** The verdicts left by `pre-receive`, newest first; those of pushes long gone are removed. */
export async function readPending(gitDir: string, nowMs: number): Promise<readonly PendingFile[]> {
  const folder = folderIn(gitDir);
  const names = await readdir(folder).catch(() => []);
  const files: PendingFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const status = await lstat(path).catch(() => null);
    if (status?.isFile() !== true) continue;
    const { mtimeMs: writtenAt } = status;
    if (nowMs - writtenAt > PENDING_LIFE_MS) await rm(path, { force: true });
    else files.push({ path, text: await readFile(path, "utf8").catch(() => ""), writtenAt });
  }
  return files.sort((a, b) => b.writtenAt - a.writtenAt);
}

export async function removePending(file: PendingFile): Promise<void> {
  await rm(file.path, { force: true });
}
