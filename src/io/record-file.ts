import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { writing } from "./write-problem.ts";

/**
 * Files of the receive record under a repository's common git directory: `signpolicy/record.jsonl`, to which is
 * appended, the full ones before it (`signpolicy/record.000001.jsonl`, …), and, in another folder so that one of the
 * two alone cannot be put back from a backup, `info/signpolicy-record`, which names the last line written.
 */
const FOLDER = "signpolicy";
/** An index of the newest file, derived from it (record-index-file.ts). */
export const recordIndexPath = (gitDir: string): string => join(gitDir, FOLDER, "record.index");
const ARCHIVE = /^record\.\d{6,}\.jsonl$/;

export const recordPath = (gitDir: string): string => join(gitDir, FOLDER, "record.jsonl");
export const recordEndPath = (gitDir: string): string => join(gitDir, "info", "signpolicy-record");
export const archivePath = (gitDir: string, number: number): string =>
  join(gitDir, FOLDER, `record.${String(number).padStart(6, "0")}.jsonl`);

/** Runs `body` while no other process writes to this repository's record. */
export async function withRecordLock<T>(gitDir: string, body: () => Promise<T>): Promise<T> {
  const { withLock } = await import("./record-lock.ts");
  return withLock(join(gitDir, FOLDER, "record.lock"), body);
}

/**
 * Read at once: a thread of node's pool takes longer to start than such a file to read.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when it is there but cannot be read
 */
function readIfAny(path: string): Promise<Buffer | null> {
  try {
    return Promise.resolve(readFileSync(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return Promise.resolve(null);
    return Promise.reject(new SignpolicyError("ERR_RECORD_BROKEN", `${path} cannot be read`, { cause }));
  }
}

/** The file that is appended to; null where there is none. */
export const readRecord = (gitDir: string): Promise<Buffer | null> => readIfAny(recordPath(gitDir));

export const readArchive = (gitDir: string, number: number): Promise<Buffer | null> =>
  readIfAny(archivePath(gitDir, number));

/** What was written down of the last line; null where nothing was. */
export const readRecordEnd = (gitDir: string): Promise<Buffer | null> => readIfAny(recordEndPath(gitDir));

async function listArchives(gitDir: string): Promise<readonly string[]> {
  const names = await readdir(join(gitDir, FOLDER)).catch(() => []);
  return names.filter((name) => ARCHIVE.test(name)).map((name) => join(gitDir, FOLDER, name));
}

/**
 * Appends whole lines behind the first `whole` bytes, and waits until they are on the disk. What stood behind those was
 * cut off while it was written. Fails as a whole, or leaves a beginning of the lines that a reader can tell.
 */
export const appendRecord = (gitDir: string, whole: number, lines: string): Promise<void> =>
  writing(recordPath(gitDir), () => append(recordPath(gitDir), whole, lines));

async function append(path: string, whole: number, lines: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(whole);
    const bytes = Buffer.from(lines);
    for (let at = 0; at < bytes.length;) {
      at += (await file.write(bytes, at, bytes.length - at, whole + at)).bytesWritten;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Keeps the present file under its number and begins the next with this text, without a moment in which there is none. */
export async function rotateRecord(gitDir: string, number: number, text: string): Promise<void> {
  const present = recordPath(gitDir);
  const aside = `${present}.${randomUUID()}`;
  await writing(archivePath(gitDir, number), async () => {
    try {
      await copyFile(present, aside);
      await flush(aside);
      await rename(aside, archivePath(gitDir, number));
    } finally {
      await rm(aside, { force: true });
    }
  });
  await replaceFile(present, text);
}

/** Writes a record's first file in place of what is there. */
export const replaceRecord = (gitDir: string, text: string): Promise<void> => replaceFile(recordPath(gitDir), text);

export const writeRecordEnd = (gitDir: string, text: string): Promise<void> => replaceFile(recordEndPath(gitDir), text);

/**
 * Moves every file of a record into a folder of its own, so that nothing is lost which tells what happened. Null where
 * there was none.
 */
export async function setRecordAside(gitDir: string, name: string): Promise<string | null> {
  const files = [recordPath(gitDir), recordEndPath(gitDir), ...(await listArchives(gitDir))].filter(existsSync);
  await rm(recordIndexPath(gitDir), { force: true });
  if (files.length === 0) return null;
  const folder = join(gitDir, FOLDER, name);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const path of files) await rename(path, join(folder, basename(path)));
  return folder;
}

/** Deletes a record that holds nothing which anybody could miss. */
export async function removeRecord(gitDir: string): Promise<void> {
  await rm(recordPath(gitDir), { force: true });
  await rm(recordEndPath(gitDir), { force: true });
  await rm(recordIndexPath(gitDir), { force: true });
}

/** What arrived before a moment that is past, once it was read from a record of several files; null where it was not. */
export const readArrivals = (gitDir: string, name: string): Promise<string | null> =>
  readFile(arrivalsPath(gitDir, name), "latin1").catch(() => null);

/**
 * For the next push; who cannot write it reads the record again. So does who looks at another user's repository: its owner
 * would choose, by a link, what is written over.
 */
export async function writeArrivals(gitDir: string, name: string, text: string): Promise<void> {
  const owner = await stat(join(gitDir, FOLDER)).catch(() => null);
  if (owner === null || owner.uid !== (process.geteuid?.() ?? owner.uid)) return;
  await replaceFile(arrivalsPath(gitDir, name), text).catch(() => undefined);
}

/** The name holds what the record says that it is called. */
const arrivalsPath = (gitDir: string, name: string): string => join(gitDir, FOLDER, "arrived", basename(name));

/** The bytes of a push certificate, by their own digest; they lie there before a line of the record names them. */
export const readCertificate = (gitDir: string, sha256: string): Promise<Buffer | null> =>
  readIfAny(join(gitDir, FOLDER, "certificates", basename(sha256)));

export const writeCertificate = (gitDir: string, sha256: string, bytes: Buffer): Promise<void> =>
  replaceFile(join(gitDir, FOLDER, "certificates", basename(sha256)), bytes);

export const replaceFile = (path: string, content: string | Buffer): Promise<void> =>
  writing(path, () => replace(path, content));

async function replace(path: string, content: string | Buffer): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const aside = `${path}.${randomUUID()}`;
  try {
    await writeFile(aside, content, { mode: 0o644, flag: "wx", flush: true });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await flush(folder);
}

/** A new name is on the disk once its folder is (fsync(2)). Windows cannot open a folder, and need not. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r").catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // A file system that cannot is no reason to lose what was written.
  } finally {
    await handle.close();
  }
}
