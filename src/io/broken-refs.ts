import { lstat, readdir, readFile } from "node:fs/promises";
import { parseRefName } from "../encoding/identifiers.ts";
import { ParseError } from "../errors.ts";
import type { RefName } from "../model.ts";
import type { GitConfig } from "./config.ts";
import type { Repository } from "./git.ts";
import { readRefs, refPath } from "./refs.ts";

/**
 * Refs at or below these names that are there and name nothing: their files are empty, as a crash may leave them, or hold
 * something else than an id. git lists everything but those, warns, and exits with 0: whoever judges every ref would take it
 * for all there is.
 *
 * Not told: what only packed-refs or a reftable holds, without which git lists nothing at all; a symbolic ref that leads
 * nowhere, which is a branch without a commit; names that no ref may have.
 *
 * @param listed - what git listed there
 */
export async function brokenRefs(
  repository: Repository,
  config: GitConfig,
  names: readonly string[],
  listed: ReadonlySet<string>,
): Promise<readonly RefName[]> {
  if ((config.get("extensions.refstorage") ?? "files") !== "files") return [];
  const files = (await Promise.all(names.map((name) => looseRefs(repository, name)))).flat();
  const unlisted = files.filter((name) => !listed.has(name));
  if (unlisted.length === 0) return [];
  // Somebody may have made one since.
  const present = await readRefs(repository, unlisted);
  const absent = unlisted.filter((name) => !present.has(name));
  const held = await Promise.all(absent.map((name) => heldBy(repository, name)));
  return absent.filter((_, index) => held[index] != null && !/^ref:\s/.test(held[index])).sort();
}

async function looseRefs(repository: Repository, name: string): Promise<readonly RefName[]> {
  const path = refPath(repository.commonDir, name as RefName);
  const entries = await readdir(path, { encoding: "latin1", withFileTypes: true }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") return null;
    if (code === "ENOENT") return [];
    throw error;
  });
  if (entries === null) return refNamed(name);
  return (await Promise.all(entries.map((entry) => looseRefs(repository, `${name}/${entry.name}`)))).flat();
}

/** Null where nothing stands by now, and where a link stands, which is a symbolic ref of long ago. */
async function heldBy(repository: Repository, name: RefName): Promise<string | null> {
  const path = refPath(repository.commonDir, name);
  try {
    return (await lstat(path)).isFile() ? await readFile(path, "latin1") : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Other files may lie there: locks, what file managers leave. git passes them over, too. */
function refNamed(name: string): readonly RefName[] {
  try {
    return [parseRefName(name)];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return [];
  }
}
