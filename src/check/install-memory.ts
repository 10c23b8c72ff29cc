/**
 * What an installation found and did in one clone, kept in `<git dir>/signpolicy/install.json`, so that removing it
 * gives back the very bytes. Where it is missing (a teammate's clone), our own lines are recognised and taken out.
 */
import { dirname, join } from "node:path";
import { z } from "zod/mini";
import { SignpolicyError } from "../errors.ts";
import { digestOf, readTextIfAny, removeFolderIfEmpty, removePath, writeWhole } from "../io/files.ts";

const Edited = z.strictObject({
  /** Latin-1 text of what stood there, null for a file that we created. */
  before: z.nullable(z.string()),
  /** SHA-256 of what we wrote. */
  after: z.string(),
});

const Memory = z.strictObject({
  version: z.literal(1),
  /** By path from the top of the work tree, or absolute outside of it. */
  edited: z.record(z.string(), Edited),
  /** Own `core.hooksPath` before and after husky ran; null where we changed nothing. */
  hooksPath: z.nullable(z.strictObject({ before: z.nullable(z.string()), after: z.string() })),
});

export type InstallMemory = z.infer<typeof Memory>;

const pathOf = (commonDir: string): string => join(commonDir, "signpolicy", "install.json");

const EMPTY: InstallMemory = { version: 1, edited: {}, hooksPath: null };

/** @throws SignpolicyError ERR_INSTALL when it is there and cannot be understood */
export async function readMemory(commonDir: string): Promise<InstallMemory> {
  const text = await readTextIfAny(pathOf(commonDir));
  if (text === null) return EMPTY;
  try {
    return Memory.parse(JSON.parse(text));
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", `${pathOf(commonDir)} is damaged`, {
      hint: "delete it: our lines will be recognised without it",
      cause,
    });
  }
}

export async function writeMemory(commonDir: string, memory: InstallMemory): Promise<void> {
  const text = `${JSON.stringify(memory, null, 1)}\n`;
  if (text !== (await readTextIfAny(pathOf(commonDir)))) await writeWhole(pathOf(commonDir), text);
}

export async function forget(commonDir: string): Promise<void> {
  await removePath(pathOf(commonDir));
  await removeFolderIfEmpty(dirname(pathOf(commonDir)));
}

/** Remembers an edit. `before` is what stood there without anything of ours, whoever had put that in. */
export function rememberEdit(memory: InstallMemory, key: string, before: string | null, after: string): InstallMemory {
  return { ...memory, edited: { ...memory.edited, [key]: { before, after: digestOf(after) } } };
}

/** What stood there, if nobody touched the file since; `undefined` where that is not known. */
export function recall(memory: InstallMemory, key: string, present: string): string | null | undefined {
  const edit = memory.edited[key];
  return edit !== undefined && edit.after === digestOf(present) ? edit.before : undefined;
}
