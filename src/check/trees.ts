import type { Bytes, HashAlgorithm, ObjectId } from "../model.ts";
import { ObjectError } from "../errors.ts";
import type { ObjectReader } from "../io/objects.ts";
import { parseTree, type TreeEntry } from "../subject/tree.ts";

/** How many parsed trees are kept: consecutive commits share nearly all of theirs. */
const CACHED = 512;

/** Looks up paths in the trees of commits, straight from the object store; nothing is checked out, no link is followed. */
export class TreeWalker {
  readonly #reader: ObjectReader;
  readonly #algorithm: HashAlgorithm;
  readonly #trees = new Map<ObjectId, Promise<ReadonlyMap<string, TreeEntry>>>();

  constructor(reader: ObjectReader, algorithm: HashAlgorithm) {
    this.#reader = reader;
    this.#algorithm = algorithm;
  }

  /**
   * The entry at `path` below a tree; null where nothing stands there, or where a folder on the way is none.
   *
   * @throws ParseError for a tree that is missing, broken or too large
   */
  entry(tree: ObjectId, path: string): Promise<TreeEntry | null> {
    return this.entryAt(tree, path.split("/"));
  }

  /** The same for a path in components: a hostile name may hold a slash. */
  async entryAt(tree: ObjectId, names: readonly string[]): Promise<TreeEntry | null> {
    let entry: TreeEntry = { mode: "40000", oid: tree };
    for (const name of names) {
      if (!isFolder(entry)) return null;
      const next: TreeEntry | undefined = (await this.tree(entry.oid)).get(name);
      if (next === undefined) return null;
      entry = next;
    }
    return entry;
  }

  /** @throws ParseError for a blob that is missing or too large */
  async blob(entry: TreeEntry): Promise<Bytes> {
    const object = await this.#reader.object(entry.oid);
    if (object.found !== "yes" || object.kind !== "blob") throw new ObjectError("blob", `${entry.oid} cannot be read`);
    return object.bytes;
  }

  /**
   * The entries of a tree by name.
   *
   * @throws ParseError for one that is missing, broken or too large
   */
  tree(oid: ObjectId): Promise<ReadonlyMap<string, TreeEntry>> {
    const known = this.#trees.get(oid);
    if (known !== undefined) return known;
    if (this.#trees.size >= CACHED) this.#trees.clear();
    const read = this.#read(oid);
    this.#trees.set(oid, read);
    return read;
  }

  async #read(oid: ObjectId): Promise<ReadonlyMap<string, TreeEntry>> {
    const object = await this.#reader.object(oid);
    if (object.found !== "yes" || object.kind !== "tree") throw new ObjectError("tree", `${oid} cannot be read`);
    return parseTree(object.bytes, this.#algorithm);
  }
}

export const isFolder = ({ mode }: TreeEntry): boolean => mode === "40000";

/** A plain file: neither symbolic link nor submodule nor folder. */
export const isPlainFile = (entry: TreeEntry | null): entry is TreeEntry =>
  entry !== null && (entry.mode === "100644" || entry.mode === "100755");
