import type { Bytes, HashAlgorithm, ObjectId } from "../model.ts";
import { ObjectError, ParseError } from "../errors.ts";
import type { ObjectReader } from "../io/objects.ts";
import { parseTree, type TreeEntry } from "../subject/tree.ts";

/** How many parsed trees are kept: consecutive commits share nearly all of theirs. */
const CACHED = 512;

/** Bytes of stored trees whose entries are kept; parsed they take about ten times as much. */
const CACHED_BYTES = 8 * 1024 * 1024;

/** A larger tree, of some 200,000 entries, is not read: nobody has one where a policy or a protected path would stand. */
const MOST_BYTES = 8 * 1024 * 1024;

type Entries = ReadonlyMap<string, TreeEntry>;

/** Looks up paths in the trees of commits, straight from the object store; nothing is checked out, no link is followed. */
export class TreeWalker {
  readonly #reader: ObjectReader;
  readonly #algorithm: HashAlgorithm;
  readonly #trees = new Map<ObjectId, Promise<Entries>>();
  /** Of the trees that are kept. */
  #bytes = 0;
  #most = MOST_BYTES;

  constructor(reader: ObjectReader, algorithm: HashAlgorithm) {
    this.#reader = reader;
    this.#algorithm = algorithm;
  }

  /** Reads trees of this many bytes, should that be less than the usual. */
  readUpTo(bytes: number): void {
    this.#most = Math.min(MOST_BYTES, bytes);
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

  /** @throws ParseError for what is no blob, ObjectError for one that is missing or too large */
  async blob(entry: TreeEntry): Promise<Bytes> {
    const object = await this.#reader.object(entry.oid);
    if (object.found === "too-large") {
      throw new ObjectError("blob", `${entry.oid} holds ${object.size} bytes, more than is read`, "resource-limit");
    }
    if (object.found === "no") throw new ObjectError("blob", `${entry.oid} cannot be read`);
    if (object.kind !== "blob") throw new ParseError("blob", `${entry.oid} is a ${object.kind}`);
    return object.bytes;
  }

  /**
   * The entries of a tree by name.
   *
   * @throws ParseError for one that is missing, broken or too large
   */
  tree(oid: ObjectId): Promise<Entries> {
    const known = this.#trees.get(oid);
    if (known !== undefined) return known;
    if (this.#trees.size >= CACHED) this.#forget();
    const read: Promise<Entries> = this.#read(oid, (bytes) => {
      if (this.#bytes + bytes > CACHED_BYTES) this.#forget();
      this.#bytes += bytes;
      this.#trees.set(oid, read);
    });
    this.#trees.set(oid, read);
    return read;
  }

  async #read(oid: ObjectId, keep: (bytes: number) => void): Promise<Entries> {
    const object = await this.#reader.object(oid);
    const size = object.found === "yes" ? object.bytes.length : object.found === "too-large" ? object.size : 0;
    if (size > this.#most) {
      throw new ObjectError("tree", `${oid} holds ${size} bytes; at most ${this.#most} are read`, "resource-limit");
    }
    if (object.found !== "yes" || object.kind !== "tree") throw new ObjectError("tree", `${oid} cannot be read`);
    keep(size);
    return parseTree(object.bytes, this.#algorithm);
  }

  #forget(): void {
    this.#trees.clear();
    this.#bytes = 0;
  }
}

export const isFolder = ({ mode }: TreeEntry): boolean => mode === "40000";

/** A plain file: neither symbolic link nor submodule nor folder. */
export const isPlainFile = (entry: TreeEntry | null): entry is TreeEntry =>
  entry !== null && (entry.mode === "100644" || entry.mode === "100755");
