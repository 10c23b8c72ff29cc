import { posix } from "node:path";
import { ObjectError, ParseError, PolicyError } from "../errors.ts";
import type { Bytes, ObjectId, RefName } from "../model.ts";
import { POLICY_PLACES } from "../policy/places.ts";
import type { Outlines } from "./outlines.ts";
import type { PolicySource } from "./policy-source.ts";
import { isPlainFile, type TreeWalker } from "./trees.ts";
import type { TreeEntry } from "../subject/tree.ts";
import { NOT_PLAIN, tooLarge } from "../io/plain-files.ts";
import { NO_KEY_FILE } from "../io/policy-file.ts";

const POLICY_CAP = 4 * 1024 * 1024;
const KEY_CAP = 2 * 1024 * 1024;

export const PACKAGE = "package.json";

/** The places of a policy, as paths in a tree. */
export const POLICY_PATHS: readonly string[] = POLICY_PLACES.map((place) => place.split("#")[0] ?? place);

/** A policy in the tree of a commit: read from the object store, plain files only, never checked out. */
export class TreePolicySource implements PolicySource {
  readonly #trees: TreeWalker;
  readonly #outlines: Outlines;
  readonly #ref: RefName;
  readonly #commit: ObjectId;
  #folder = "";
  /** What of the policy is not in the object store: other bytes might be a policy where these are none. */
  lost: ObjectError | null = null;

  constructor(trees: TreeWalker, outlines: Outlines, ref: RefName, commit: ObjectId) {
    this.#trees = trees;
    this.#outlines = outlines;
    this.#ref = ref;
    this.#commit = commit;
  }

  label(file: string): string {
    return `ref:${this.#ref}:${file}`;
  }

  async readPolicy(): Promise<{ bytes: Bytes; file: string; member?: "signpolicy" }> {
    const tree = await this.#tree();
    const found: { file: string; entry: TreeEntry; bytes: Bytes | null }[] = [];
    for (const file of POLICY_PATHS) {
      const entry = await this.#guard(file, () => this.#trees.entry(tree, file));
      if (entry === null) continue;
      if (file !== PACKAGE) found.push({ file, entry, bytes: null });
      else if (isPlainFile(entry)) {
        const bytes = await this.#read(file, entry, POLICY_CAP);
        if (holdsPolicy(bytes, found.length > 0)) found.push({ file, entry, bytes });
      }
    }
    const [only, second] = found;
    if (only === undefined) {
      throw new PolicyError("ERR_POLICY_MISSING", `there is no policy in ${this.#ref}`);
    }
    if (second !== undefined) {
      const places = found.map(({ file }) => file).join(", ");
      throw new PolicyError("ERR_POLICY_INVALID", `more than one policy in ${this.#ref}: ${places}`);
    }
    this.#folder = posix.dirname(only.file);
    const bytes = only.bytes ?? (await this.#read(only.file, only.entry, POLICY_CAP));
    return only.file === PACKAGE ? { bytes, file: only.file, member: "signpolicy" } : { bytes, file: only.file };
  }

  async readKey(path: string): Promise<Bytes> {
    const file = posix.join(this.#folder, path);
    const tree = await this.#tree();
    const entry = await this.#guard(file, () => this.#trees.entry(tree, file));
    if (entry === null) throw unreadable(file, NO_KEY_FILE);
    return this.#read(file, entry, KEY_CAP);
  }

  async #tree(): Promise<ObjectId> {
    const commit = await this.#outlines.outline(this.#commit);
    if (commit === null) throw unreadable(this.#ref, `the commit ${this.#commit} cannot be read`);
    return commit.tree;
  }

  async #read(file: string, entry: TreeEntry, cap: number): Promise<Bytes> {
    // A link could name anything, and a submodule's content is not in this repository.
    if (!isPlainFile(entry)) throw unreadable(file, NOT_PLAIN);
    const bytes = await this.#guard(file, () => this.#trees.blob(entry));
    if (bytes.length > cap) throw unreadable(file, tooLarge(cap), "ERR_POLICY_TOO_LARGE");
    return bytes;
  }

  async #guard<T>(file: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      if (!(error instanceof ObjectError)) throw unreadable(file, error.message);
      if (error.verdict === "missing-object") this.lost ??= error;
      const code = error.verdict === "resource-limit" ? "ERR_POLICY_TOO_LARGE" : "ERR_POLICY_UNREADABLE";
      throw unreadable(file, error.message, code);
    }
  }
}

const unreadable = (
  file: string,
  why: string,
  code: "ERR_POLICY_UNREADABLE" | "ERR_POLICY_TOO_LARGE" = "ERR_POLICY_UNREADABLE",
): PolicyError => new PolicyError(code, `${file} cannot be used: ${why}`);

/**
 * Whether a package.json holds a policy. One that does not parse, and has the word in it, may have held one: it counts, and
 * is refused when it is read, unless there is another policy to go by.
 */
export function holdsPolicy(bytes: Bytes, hasOther: boolean): boolean {
  const text = new TextDecoder().decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && Object.hasOwn(value, "signpolicy");
  } catch {
    return !hasOther && /signpolicy|\\u/.test(text);
  }
}
