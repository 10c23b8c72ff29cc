import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SignpolicyError } from "../errors.ts";
import { cannotWrite, writing } from "./write-problem.ts";

/** How long one process waits for the others; each holds the lock for some milliseconds. */
const PATIENCE_MS = 30_000;
/**
 * A holder is given up when it has shown no sign of life for this long; one of this machine that has ended, at once. A slow
 * one keeps its lock: a second writer would cut off what it writes.
 */
const STALE_MS = 120_000;
const ALIVE_MS = STALE_MS / 8;
const UNWRITTEN_MS = 2_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Runs `body` while no other process that asks for the same lock does. A lock whose holder was killed is taken away from
 * it. Between processes of one machine, and through a shared file system only as far as that keeps O_EXCL.
 *
 * @throws SignpolicyError ERR_IO when the lock cannot be had in half a minute
 */
export async function withLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  await writing(path, () => mkdir(dirname(path), { recursive: true, mode: 0o755 }));
  const until = Date.now() + PATIENCE_MS;
  while (!(await take(path, own))) {
    if (await isAbandoned(path)) await breakLock(path);
    else if (Date.now() > until) {
      const hint = `if no push is running, delete it: rm ${path}`;
      throw new SignpolicyError("ERR_IO", `another process holds ${path}`, { hint });
    } else await pause(5 + Math.floor(Math.random() * 20));
  }
  const alive = setInterval(() => void touch(path), ALIVE_MS);
  try {
    return await body();
  } finally {
    clearInterval(alive);
    // Only what is ours: who was stopped for minutes may have lost it.
    if ((await holderOf(path))?.token === own.token) await rm(path, { force: true });
  }
}

async function take(path: string, own: Holder): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o644);
    try {
      await file.writeFile(JSON.stringify(own));
    } finally {
      await file.close();
    }
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cannotWrite(path, cause);
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function holderOf(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    return null;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => null,
  );
  if (age === null) return false;
  const holder = await holderOf(path);
  if (age > STALE_MS) return true;
  // Just made and not yet written: its maker is at work, or was killed in between.
  if (holder === null) return age > UNWRITTEN_MS;
  return holder.host === hostname() && !isRunning(holder.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Two may find the same lock abandoned: only one of them looks again and takes it away. */
async function breakLock(path: string): Promise<void> {
  const breaking = `${path}.breaking`;
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  if (!(await take(breaking, own))) {
    const age = await stat(breaking).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_MS) await rm(breaking, { force: true });
    await pause(20);
    return;
  }
  try {
    if (await isAbandoned(path)) await rename(path, `${breaking}.old`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    await rm(breaking, { force: true });
    await rm(`${breaking}.old`, { force: true });
  }
}
