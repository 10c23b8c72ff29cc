/** The server's hook files: what stands in them, and what one says when it is read again. */
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { readTextIfAny } from "../io/files.ts";
import { packageRoot } from "../io/package-root.ts";
import { asLatin1, shellWord } from "./hook-lines.ts";
import { isOurHook } from "./install-hooks.ts";
import type { ServerHook } from "./server-place.ts";

export interface ServerHookParts {
  /** Absolute path of the interpreter: a pusher's PATH must not choose it. */
  readonly node: string;
  /** Absolute path of the program. */
  readonly entry: string;
  /** Absolute path of the hook that was there before, which runs once ours has allowed; null without one. */
  readonly then: string | null;
}

/** @throws SignpolicyError ERR_INSTALL when a path cannot stand in a script */
export async function renderServerHook(hook: ServerHook, parts: ServerHookParts): Promise<string> {
  if (Object.values(parts).some((path: string | null) => path !== null && /[\r\n\0]/.test(path))) {
    throw new SignpolicyError("ERR_INSTALL", "a path of the installation holds a line end");
  }
  const template = await readTextIfAny(join(packageRoot(), "hooks", "server"));
  if (template === null)
    throw new SignpolicyError("ERR_INSTALL", "hooks/server is missing from the signpolicy package");
  const word = (path: string) => shellWord(asLatin1(path));
  return template
    .replace("@NODE@", () => word(parts.node))
    .replace("@ENTRY@", () => word(parts.entry))
    .replace("@HOOK@", hook)
    .replace(" @THEN@", () => (parts.then === null ? "" : ` --then ${word(parts.then)}`));
}

/** Reads a hook file of ours; null for one that is not, or that somebody changed beyond recognition. */
export function parseServerHook(text: string): Pick<ServerHookParts, "node" | "entry"> | null {
  const node = /^node=(.+)$/m.exec(text)?.[1];
  const entry = /^entry=(.+)$/m.exec(text)?.[1];
  if (!isOurHook(text) || node === undefined || entry === undefined) return null;
  return { node: fromWord(node), entry: fromWord(entry) };
}

const fromWord = (word: string): string =>
  Buffer.from(word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word, "latin1").toString();
