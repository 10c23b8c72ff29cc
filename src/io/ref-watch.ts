/**
 * Tells without starting git that refs did not move, by the files in which git keeps them (gitrepository-layout(5)). A
 * loose ref is its content, and packed refs are replaced as a whole, by a new file. It never says so of what it cannot
 * see: symbolic refs, refs of one work tree alone, another ref storage.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { GitConfig } from "./config.ts";
import type { HookPlace } from "./repository.ts";
import type { RefName } from "../model.ts";

export interface RefWatch {
  /** HEAD and these refs are what they were when the watch began; false too where that cannot be told. */
  stoodStill(config: GitConfig, names: readonly RefName[]): boolean;
}

/** Begins before the refs are read, so that what moves in between is seen. */
export function watchRefs(place: HookPlace, names: readonly RefName[]): RefWatch {
  const head = textOf(join(place.gitDir, "HEAD"));
  const named = /^ref: (.*)\n$/.exec(head ?? "")?.[1];
  const watched = new Set([...names, ...(named === undefined ? [] : [named as RefName])]);
  const before = look(place, watched);
  return {
    stoodStill(config, asked) {
      // Reftable keeps nothing where we look, and leaves a HEAD that names no branch.
      if ((config.get("extensions.refstorage") ?? "files") !== "files" || before === null) return false;
      return asked.every((name) => watched.has(name)) && look(place, watched) === before;
    },
  };
}

/** All that tells the values of the refs; null where it cannot be had. */
function look({ gitDir, commonDir }: HookPlace, names: ReadonlySet<RefName>): string | null {
  const seen = [textOf(join(gitDir, "HEAD")), stampOf(join(commonDir, "packed-refs"))];
  for (const name of names) {
    const text = isShared(name) ? textOf(join(commonDir, pathOf(name))) : null;
    if (text === null || !/^(?:[0-9a-f]{40}(?:[0-9a-f]{24})?\n|)$/.test(text)) return null;
    seen.push(name, text);
  }
  return seen.includes(null) ? null : seen.join("\0");
}

const isShared = (name: RefName): boolean => /^refs\/(?!bisect\/|worktree\/|rewritten\/)/.test(name);

const pathOf = (name: RefName): string => Buffer.from(name, "latin1").toString();

/** A file's content, empty where there is none; null where something else stands there or it cannot be read. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    return isAbsent(error) ? "" : null;
  }
}

function stampOf(path: string): string | null {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return isAbsent(error) ? "" : null;
  }
}

const isAbsent = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
