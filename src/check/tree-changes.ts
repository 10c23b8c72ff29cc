import type { ObjectId } from "../model.ts";
import type { TreeEntry } from "../subject/tree.ts";
import { type Entry, mergeEntry } from "./merged-entry.ts";
import { isFolder, type TreeWalker } from "./trees.ts";

/** What a commit changes at one path; folders are told by what lies in them. */
export interface PathChange {
  /** Latin-1 text of the path's bytes. */
  readonly path: string;
  /** What each parent has there; empty for a commit without parents. */
  readonly before: readonly (TreeEntry | null)[];
  readonly after: TreeEntry | null;
}

export interface TreesToCompare {
  readonly after: ObjectId;
  /** Trees of the parents. */
  readonly before: readonly ObjectId[];
  /**
   * Trees of the commits where a parent, by its place from 1 on, parted from those before it; asked for only where the
   * parents differ. Null where that is not looked at: then every path in which they differ is changed.
   */
  readonly basesAt: ((step: number) => Promise<readonly ObjectId[]>) | null;
  /** Whether anybody asks for what lies below a folder; the top is `""`. */
  readonly wanted: (folder: string) => boolean;
  /** Whether anybody asks for a path that differs from a parent's. */
  readonly named: (change: PathChange) => boolean;
}

/** Entries looked at for one commit. A tree of ten entries that are one tree, ten deep, has more paths than atoms can list. */
const ENTRY_CAP = 1_000_000;

/** Thrown where trees hold more than is compared. */
export class TooManyEntries extends Error {}

/**
 * What a commit changes, path by path, from the tree objects themselves: no renames are guessed, and no configuration and
 * no attribute has a say. A commit without parents changes everything it holds. A merge changes a path unless its entry
 * is the file-level three-way result of its parents, one merged after the other, from whichever of several common ancestors.
 *
 * @throws ParseError for a tree that cannot be read, TooManyEntries
 */
export async function* changedPaths(trees: TreeWalker, compared: TreesToCompare): AsyncGenerator<PathChange> {
  const folders = [
    {
      names: [] as readonly string[],
      after: compared.after as ObjectId | null,
      before: compared.before as readonly (ObjectId | null)[],
    },
  ];
  let looked = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { names, after, before } = folder;
    const now = after === null ? EMPTY : await trees.tree(after);
    const then: ReadonlyMap<string, TreeEntry>[] = [];
    let held = now.size;
    // One after the other: a merge can have thousands of parents, each with a tree of its own that is as large as may be.
    for (const oid of before) {
      if (looked + held > ENTRY_CAP) throw new TooManyEntries();
      const tree = oid === null ? EMPTY : await trees.tree(oid);
      held += tree.size;
      then.push(tree);
    }
    for (const name of namesIn([now, ...then])) {
      looked += 1;
      if (looked > ENTRY_CAP) throw new TooManyEntries();
      const entry = now.get(name) ?? null;
      const entries = then.map((tree) => tree.get(name) ?? null);
      if (entries.length > 0 && entries.every((other) => other?.oid === entry?.oid && other?.mode === entry?.mode))
        continue;
      const path = [...names, name];
      const change = { path: path.join("/"), before: entries.map(fileOf), after: fileOf(entry) };
      if (compared.named(change) && (await isChanged(trees, change, path, compared.basesAt))) yield change;
      const below = { names: path, after: folderOf(entry), before: entries.map(folderOf) };
      const same = below.before.length > 0 && below.before.every((oid) => oid === below.after);
      if (!same && [below.after, ...below.before].some((oid) => oid !== null) && compared.wanted(change.path)) {
        folders.push(below);
      }
    }
  }
}

const EMPTY: ReadonlyMap<string, TreeEntry> = new Map();

function namesIn(folders: readonly ReadonlyMap<string, TreeEntry>[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const folder of folders) for (const name of folder.keys()) names.add(name);
  return names;
}

const fileOf = (entry: TreeEntry | null): TreeEntry | null => (entry !== null && !isFolder(entry) ? entry : null);
const folderOf = (entry: TreeEntry | null): ObjectId | null => (entry !== null && isFolder(entry) ? entry.oid : null);
const asText = (entry: TreeEntry | null): Entry => (entry === null ? null : `${entry.mode} ${entry.oid}`);

async function isChanged(
  trees: TreeWalker,
  { before, after }: PathChange,
  path: readonly string[],
  basesAt: TreesToCompare["basesAt"],
): Promise<boolean> {
  const now = asText(after);
  const [first = null, ...others] = before.map(asText);
  if (others.every((other) => other === first)) return now !== first;
  if (basesAt === null) return true;
  let merged: Entry | undefined = first;
  for (const [at, other] of others.entries()) {
    const parted = await Promise.all((await basesAt(at + 1)).map((tree) => trees.entryAt(tree, path)));
    merged = mergeEntry(
      merged,
      other,
      parted.map((entry) => asText(entry === null ? null : fileOf(entry))),
    );
    if (merged === undefined) return true;
  }
  return now !== merged;
}
