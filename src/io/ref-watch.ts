/**
 * Reads refs without starting git, from the files in which git keeps them (gitrepository-layout(5)), and tells whether they
 * moved since: a loose ref is its content, and packed refs are replaced as a whole, by a new file. It says nothing of what
 * it cannot see, and git is asked: symbolic refs, refs of one work tree alone, another ref storage.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isObjectId } from "../encoding/identifiers.ts";
import type { ObjectId, RefName } from "../model.ts";
import type { GitConfig } from "./config.ts";
import type { HookPlace } from "./repository.ts";
import { readPackedRefs } from "./packed-refs.ts";
import { readRefs, refPath, type RefValues } from "./refs.ts";

export interface RefWatch {
  /** The refs' values as the watch began; null where they cannot be told. */
  values(config: GitConfig): RefValues | null;
  /** HEAD and these refs are what they were when the watch began; false too where that cannot be told. */
  stoodStill(config: GitConfig, names: readonly RefName[]): boolean;
}

export function watchRefs(place: HookPlace, names: readonly RefName[]): RefWatch {
  const head = textOf(join(place.gitDir, "HEAD"));
  const named = namedBy(head);
  const watched = new Set([...names, ...(named === undefined ? [] : [named])]);
  const before = look(place, watched);
  const isSame = (): boolean => before !== null && look(place, watched)?.stamp === before.stamp;
  return {
    values(config) {
      if (before === null || !keepsFiles(config)) return null;
      const values = read(place, names, before);
      // What was packed meanwhile may be missing from both.
      return isSame() ? values : null;
    },
    stoodStill: (config, asked) => keepsFiles(config) && asked.every((name) => watched.has(name)) && isSame(),
  };
}

/** Values of a few refs, for which git is asked where the files do not tell. */
export async function readFewRefs(place: HookPlace, config: GitConfig, names: readonly RefName[]): Promise<RefValues> {
  return watchRefs(place, names).values(config) ?? readRefs(place, names);
}

/**
 * What a ref's file says, wherever refs are kept: for whoever looks again. HEAD may be one, and is followed.
 */
export function guessRef(place: HookPlace, name: RefName | "HEAD"): ObjectId | null {
  const head = name === "HEAD" ? textOf(join(place.gitDir, name)) : null;
  if (head !== null && isObjectId(head.trimEnd())) return head.trimEnd() as ObjectId;
  const ref = name === "HEAD" ? namedBy(head) : name;
  const before = ref === undefined ? null : look(place, new Set([ref]));
  return ref === undefined || before === null ? null : (read(place, [ref], before)?.get(ref)?.oid ?? null);
}

/** What a symbolic ref names in its one line. */
function namedBy(text: string | null): RefName | undefined {
  const isOne = text?.startsWith("ref: ") === true && text.indexOf("\n") === text.length - 1 && !text.includes("\r");
  return isOne ? (text.slice("ref: ".length, -1) as RefName) : undefined;
}

/** Reftable keeps nothing where we look, and where a file has several names, so would a ref. */
const keepsFiles = (config: GitConfig): boolean => inFiles(config) && !foldsRefs(config);

const inFiles = (config: GitConfig): boolean => (config.get("extensions.refstorage") ?? "files") === "files";

/** Whether refs are files on a file system that takes several names for one, as git found when it made the repository. */
export const foldsRefs = (config: GitConfig): boolean =>
  inFiles(config) &&
  ((config.get("core.ignorecase") ?? "false") !== "false" || ["darwin", "win32"].includes(process.platform));

interface Look {
  /** All that tells whether refs moved. */
  readonly stamp: string;
  /** By ref; null where it is not loose. */
  readonly loose: ReadonlyMap<RefName, ObjectId | null>;
}

/** Null where it cannot be told. */
function look({ gitDir, commonDir }: HookPlace, names: ReadonlySet<RefName>): Look | null {
  const seen = [textOf(join(gitDir, "HEAD")), stampOf(join(commonDir, "packed-refs"))];
  const loose = new Map<RefName, ObjectId | null>();
  for (const name of names) {
    const text = isShared(name) ? textOf(refPath(commonDir, name)) : null;
    if (text === null || !(text === "" || (text.endsWith("\n") && isObjectId(text.slice(0, -1))))) return null;
    loose.set(name, text === "" ? null : (text.slice(0, -1) as ObjectId));
    seen.push(name, text);
  }
  return seen.includes(null) ? null : { stamp: seen.join("\0"), loose };
}

function read({ commonDir }: HookPlace, names: readonly RefName[], { loose }: Look): RefValues | null {
  const others = names.filter((name) => loose.get(name) == null);
  const oids = others.length === 0 ? [] : readPackedRefs(join(commonDir, "packed-refs"), others);
  if (oids?.every((oid) => oid === "" || isObjectId(oid)) !== true) return null;
  const packed = new Map(others.map((name, at) => [name, oids[at]]));
  return new Map(
    names.flatMap((name) => {
      const oid = loose.get(name) ?? packed.get(name) ?? "";
      return oid === "" ? [] : [[name, { oid: oid, symbolic: null }] as const];
    }),
  );
}

const OF_ONE_WORK_TREE = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"];
const isShared = (name: RefName): boolean =>
  name.startsWith("refs/") && !OF_ONE_WORK_TREE.some((folder) => name.startsWith(folder));

/** A file's content, empty where there is none; null where something else stands there, or more than is read. */
function textOf(path: string | Buffer, cap = 4096): string | null {
  try {
    // A link is a symbolic ref of long ago.
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      if (status.isDirectory()) return "";
      return status.isFile() && status.size <= cap ? readFileSync(file, "latin1") : null;
    } finally {
      closeSync(file);
    }
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
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
