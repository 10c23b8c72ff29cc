import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";

/** Files of the receive record under a repository's common git directory. */
const FOLDER = "signpolicy";
const RECORD = "record.jsonl";
const PENDING = "pending";

/** A verdict that no `post-receive` picked up belongs to a push that never landed. */
const PENDING_LIFE_MS = 24 * 60 * 60 * 1000;

export const recordPath = (gitDir: string): string => join(gitDir, FOLDER, RECORD);

/**
 * The record's text; null where there is no such file.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when it is there but cannot be read
 */
export async function readRecord(gitDir: string): Promise<string | null> {
  try {
    return await readFile(recordPath(gitDir), "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new SignpolicyError("ERR_RECORD_BROKEN", "the receive record cannot be read", { cause });
  }
}

/** Appends whole lines in one write, after mending a line that was cut off, and waits until they are on the disk. */
export async function appendRecord(gitDir: string, lines: string): Promise<void> {
  await mkdir(join(gitDir, FOLDER), { recursive: true, mode: 0o755 });
  const file = await open(recordPath(gitDir), "a+", 0o644);
  try {
    const { size } = await file.stat();
    const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a;
    if (torn) await file.truncate(await endOfLastLine(file, size));
    await file.appendFile(lines);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function endOfLastLine(file: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const step = 4096;
  for (let end = size; end > 0; end -= step) {
    const start = Math.max(0, end - step);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const at = buffer.lastIndexOf(0x0a);
    if (at !== -1) return start + at + 1;
  }
  return 0;
}

/** Writes a whole new record in place of what is there. */
export async function replaceRecord(gitDir: string, text: string): Promise<void> {
  await mkdir(join(gitDir, FOLDER), { recursive: true, mode: 0o755 });
  const aside = `${recordPath(gitDir)}.${randomUUID()}`;
  await writeFile(aside, text, { mode: 0o644, flush: true });
  await rename(aside, recordPath(gitDir));
}

/** Leaves a verdict for the `post-receive` of the same push. */
export async function writePending(gitDir: string, text: string): Promise<void> {
  const folder = join(gitDir, FOLDER, PENDING);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, `${randomUUID()}.json`), text, { mode: 0o600, flag: "wx" });
}

export interface PendingFile {
  readonly path: string;
  readonly text: string;
  readonly writtenAt: number;
}

/** The verdicts left by `pre-receive`, newest first; those of pushes long gone are removed. */
export async function readPending(gitDir: string, nowMs: number): Promise<readonly PendingFile[]> {
  const folder = join(gitDir, FOLDER, PENDING);
  const names = await readdir(folder).catch(() => []);
  const files: PendingFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const writtenAt = (await stat(path).catch(() => null))?.mtimeMs;
    if (writtenAt === undefined) continue;
    if (nowMs - writtenAt > PENDING_LIFE_MS) await rm(path, { force: true });
    else files.push({ path, text: await readFile(path, "utf8").catch(() => ""), writtenAt });
  }
  return files.sort((a, b) => b.writtenAt - a.writtenAt);
}

export async function removePending(file: PendingFile): Promise<void> {
  await rm(file.path, { force: true });
}
