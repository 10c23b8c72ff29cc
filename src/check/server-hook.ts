/** The server's hook files: what stands in them, and what one says when it is read again. */
import { SignpolicyError } from "../errors.ts";
import { shimText } from "../io/package-root.ts";
import { asLatin1, shellWord } from "./hook-lines.ts";
import { isOurHook } from "./install-hooks.ts";
import type { ServerHook } from "./server-place.ts";

export interface ServerHookParts {
  /** Absolute path of the interpreter: a pusher's PATH must not choose it. Null for a program that needs none. */
  readonly node: string | null;
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
  const template = await shimText("server");
  const word = (path: string) => shellWord(asLatin1(path));
  return template
    .replace("@NODE@", () => (parts.node === null ? "" : word(parts.node)))
    .replace("@ENTRY@", () => word(parts.entry))
    .replace("@HOOK@", hook)
    .replace(" @THEN@", () => (parts.then === null ? "" : ` --then ${word(parts.then)}`));
}

/** Reads a hook file of ours; null for one that is not, or that somebody changed beyond recognition. */
export function parseServerHook(text: string): ServerHookParts | null {
  const node = /^node=(.*)$/m.exec(text)?.[1];
  const entry = /^entry=(.+)$/m.exec(text)?.[1];
  const then = / --then (.+) "\$@"; fi$/m.exec(text)?.[1];
  if (!isOurHook(text) || node === undefined || entry === undefined) return null;
  return {
    node: node === "" ? null : fromWord(node),
    entry: fromWord(entry),
    then: then === undefined ? null : fromWord(then),
  };
}

const fromWord = (word: string): string =>
  Buffer.from(word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word, "latin1").toString();
