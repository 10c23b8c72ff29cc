import { asBuffer, fromLatin1 } from "../encoding/bytes.ts";
import type { ObjectId } from "../model.ts";
import { type GitPlace } from "../io/git.ts";
import { collectCommits, commitsTouching, type Range } from "../io/revisions.ts";
import { foldPath, mayBeShortFor } from "../policy/path-folding.ts";
import { isFolder, type TreeWalker } from "./trees.ts";
import type { TreeEntry } from "../subject/tree.ts";

/** What stands where a file system that folds names would keep another file: who writes the one writes the other there. */
export interface LookAlike {
  /** Latin-1 text of the path's bytes. */
  readonly path: string;
  /** The path that it is taken for. */
  readonly of: string;
  readonly entry: TreeEntry;
}

/** A path that is looked for, in components as they are and folded. */
interface Wanted {
  readonly path: string;
  readonly names: readonly string[];
  readonly folded: readonly string[];
}

/** A folder on the way to what is looked for; `exact`: under its own name until here. */
interface Place {
  readonly tree: ObjectId;
  readonly above: readonly string[];
  readonly wanted: readonly { readonly wanted: Wanted; readonly depth: number; readonly exact: boolean }[];
}

/**
 * Entries of a tree that are none of these paths, and that some file system would put in the place of one: by case, Unicode form,
 * invisible characters, trailing dots, streams or short names, as `foldPath` has them. What is no folder in the place of a folder
 * on the way counts, too.
 *
 * @param paths - latin-1 text
 * @throws ParseError for a tree that is missing, broken or too large
 */
export async function lookAlikes(
  trees: TreeWalker,
  tree: ObjectId,
  paths: readonly string[],
): Promise<readonly LookAlike[]> {
  const all = [...new Set(paths)].map((path) => ({ path, names: path.split("/"), folded: foldPath(path) }));
  const found: LookAlike[] = [];
  const places: Place[] = [{ tree, above: [], wanted: all.map((wanted) => ({ wanted, depth: 0, exact: true })) }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const heads = new Set(place.wanted.map(({ wanted, depth }) => wanted.names[depth]?.toLowerCase()));
    for (const [name, entry] of await trees.tree(place.tree)) {
      if (!heads.has(name.toLowerCase()) && !MAY_FOLD.test(name)) continue;
      const parts = foldPath(name);
      const above = [...place.above, name];
      const below = place.wanted.flatMap(({ wanted, depth, exact }) => {
        const end = depth + parts.length;
        if (end > wanted.names.length || !parts.every((part, at) => isTakenFor(part, wanted.folded[depth + at] ?? "")))
          return [];
        const isExact = exact && wanted.names[depth] === name;
        if (end < wanted.names.length && isFolder(entry)) return [{ wanted, depth: end, exact: isExact }];
        if (!isExact) found.push({ path: above.join("/"), of: wanted.path, entry });
        return [];
      });
      if (below.length > 0) places.push({ tree: entry.oid, above, wanted: below });
    }
  }
  return found;
}

/** Whatever may fold to something else than its lower case. */
const MAY_FOLD = /[^\x20-\x7e]|[~:\\]|[. ]$/;

const isTakenFor = (name: string, wanted: string): boolean => name === wanted || mayBeShortFor(name, wanted);

/** The same among these files, as an index or a work tree lists them: of a folder in a file's place what lies in it shows it. */
export function lookAlikesAmong(
  files: readonly string[],
  paths: readonly string[],
): readonly Pick<LookAlike, "path" | "of">[] {
  const all = [...new Set(paths)].map((path) => ({ path, names: path.split("/"), folded: foldPath(path) }));
  const heads = new Set(all.map(({ names: [head = ""] }) => head.toLowerCase()));
  const found = new Map<string, Pick<LookAlike, "path" | "of">>();
  for (const file of files) {
    const names = file.split("/");
    const [head = ""] = names;
    if (!heads.has(head.toLowerCase()) && !MAY_FOLD.test(head)) continue;
    for (const wanted of all) {
      let depth = 0;
      let end = 0;
      for (; end < names.length && depth < wanted.folded.length; end += 1) {
        const parts = foldPath(names[end] ?? "");
        if (!parts.every((part, at) => isTakenFor(part, wanted.folded[depth + at] ?? ""))) break;
        depth += parts.length;
      }
      const path = names.slice(0, end).join("/");
      const isAll = depth === wanted.folded.length || end === names.length;
      if (end === 0 || !isAll || depth > wanted.folded.length) continue;
      if (!`${wanted.path}/`.startsWith(`${path}/`)) found.set(`${path}\0${wanted.path}`, { path, of: wanted.path });
    }
  }
  return [...found.values()];
}

/** Commits of a range that may change one of these paths, or what looks like one of them at its ends. */
export async function commitsChanging(
  place: GitPlace,
  range: Range,
  paths: readonly string[],
  alike: readonly LookAlike[],
): Promise<readonly ObjectId[]> {
  const names = [...new Set(alike.map(({ path }) => path))].map((path) => ({ path, words: asText(path) }));
  // Words of a command line are text.
  if (names.some(({ path, words }) => Buffer.from(words).compare(fromLatin1(path)) !== 0))
    return collectCommits(place, range);
  return commitsTouching(place, range, [...paths, ...names.map(({ words }) => words)]);
}

const asText = (path: string): string => asBuffer(fromLatin1(path)).toString("utf8");

/** Why a policy could not govern with what stands beside it, and stood beside none of those before it. */
export const lookAlikeFaults = (
  now: readonly LookAlike[],
  before: readonly { readonly lookAlikes?: readonly LookAlike[] }[],
): readonly string[] => {
  if (now.length === 0) return [];
  const known = new Set(before.flatMap(({ lookAlikes: there = [] }) => there.map(wordsOf)));
  const brought = now.filter((one) => !known.has(wordsOf(one)));
  return brought.map(lookAlikeWords);
};

export const lookAlikeWords = ({ path, of }: Pick<LookAlike, "path" | "of">): string =>
  `${asText(path)} stands in the place of ${asText(of)} where a file system folds names: name it otherwise`;

const wordsOf = ({ path, of, entry }: LookAlike): string => `${entry.mode} ${entry.oid} ${of} ${path}`;
