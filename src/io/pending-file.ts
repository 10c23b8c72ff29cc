import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { lstat, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cannotWrite } from "./write-problem.ts";

/** Where `pre-receive` leaves its verdict for the `post-receive` of the same push. */
const folderIn = (gitDir: string): string => join(gitDir, "signpolicy", "pending");

/** A verdict that no `post-receive` picked up belongs to a push that never landed. */
const PENDING_LIFE_MS = 24 * 60 * 60 * 1000;

/**
 * Leaves a verdict for the `post-receive` of the same push.
 *
 * @throws SignpolicyError ERR_IO
 */
export function writePending(gitDir: string, text: string): void {
  const folder = folderIn(gitDir);
  const path = join(folder, `${randomUUID()}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    removeIfAny(path);
    throw cannotWrite(folder, cause);
  }
}

function removeIfAny(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing of it can be there: its folder is none.
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
