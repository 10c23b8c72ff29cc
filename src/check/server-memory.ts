/** What an installation set up in a server's repository, kept in `<repository>/signpolicy/install-server.json`. */
import { join } from "node:path";
import { z } from "zod/mini";
import { SignpolicyError } from "../errors.ts";
import type { Owner } from "../io/files.ts";
import { readTextIfAny, removePath, writeWhole } from "../io/files.ts";

const ServerMemory = z.strictObject({
  version: z.literal(1),
  /** Folders that hold a copy of the program, the present one last. */
  programs: z.array(z.string()),
  /** Absent where nobody named one: then the folder tells. */
  layout: z.optional(z.enum(["bare", "gitolite", "gitea", "gitlab"])),
  /** The repository's own `signpolicy.policy` before we pinned one; absent where we pinned none. */
  policy: z.optional(z.strictObject({ before: z.nullable(z.string()), after: z.string() })),
});

export type ServerMemory = z.infer<typeof ServerMemory>;

const pathIn = (gitDir: string): string => join(gitDir, "signpolicy", "install-server.json");

/** @throws SignpolicyError ERR_INSTALL when it is there and cannot be understood */
export async function readServerMemory(gitDir: string): Promise<ServerMemory> {
  const text = await readTextIfAny(pathIn(gitDir));
  if (text === null) return { version: 1, programs: [] };
  try {
    return ServerMemory.parse(JSON.parse(Buffer.from(text, "latin1").toString()));
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", `${pathIn(gitDir)} is damaged`, {
      hint: "delete it, then install again",
      cause,
    });
  }
}

export async function writeServerMemory(gitDir: string, memory: ServerMemory, owner: Owner | null): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(memory, null, 1)}\n`);
  if (text.toString("latin1") === (await readTextIfAny(pathIn(gitDir)))) return;
  await writeWhole(pathIn(gitDir), text, owner === null ? {} : { owner });
}

export const forgetServer = (gitDir: string): Promise<void> => removePath(pathIn(gitDir));
