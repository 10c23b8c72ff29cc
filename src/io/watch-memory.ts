/** What a clone remembers of its remotes: `<git dir>/signpolicy/watched.json`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isObjectId } from "../encoding/identifiers.ts";
import type { ObjectId } from "../model.ts";
import { makeFolder, writeWhole } from "./files.ts";

export interface RememberedRemote {
  /** By their names on the remote: the last values that were verified. */
  readonly refs: Readonly<Record<string, ObjectId>>;
  /** The highest serial that its policy had; null where it had none. */
  readonly serial: number | null;
}

export type WatchMemory = Readonly<Record<string, RememberedRemote>>;

const pathIn = (gitDir: string): string => join(gitDir, "signpolicy", "watched.json");

/** Empty where nothing was remembered yet; null for what cannot be read as a memory: it may have been tampered with. */
export async function readWatchMemory(gitDir: string): Promise<WatchMemory | null> {
  try {
    const value: unknown = JSON.parse(await readFile(pathIn(gitDir), "utf8"));
    return isMemory(value) ? value : null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? {} : null;
  }
}

/** @throws SignpolicyError ERR_IO */
export async function writeWatchMemory(gitDir: string, memory: WatchMemory): Promise<void> {
  const path = pathIn(gitDir);
  await makeFolder(join(gitDir, "signpolicy"));
  await writeWhole(path, Buffer.from(`${JSON.stringify(memory, null, 2)}\n`));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isMemory = (value: unknown): value is WatchMemory =>
  isObject(value) &&
  Object.values(value).every(
    (remote) =>
      isObject(remote) &&
      isObject(remote["refs"]) &&
      Object.values(remote["refs"]).every((oid) => typeof oid === "string" && isObjectId(oid)) &&
      (remote["serial"] === null || Number.isSafeInteger(remote["serial"])),
  );
