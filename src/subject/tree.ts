import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm, ObjectId } from "../model.ts";

export interface TreeEntry {
  /** As git reads it, which knows no other: `100644`, `100755` plain file, `120000` symbolic link, `40000` folder, `160000` submodule. */
  readonly mode: string;
  readonly oid: ObjectId;
}

const SPACE = 0x20;
const FOLDER = "40000";

/**
 * The entries of a tree object by name (latin-1 text of the name's bytes), from its stored bytes: `mode SP name NUL id`.
 *
 * A tree that two readers could read differently is refused: a name that stands twice, a name that is a path, entries out of
 * git's order. The order matters most. git looks paths up by walking a tree until what stands there sorts behind them
 * (tree-walk.c, `tree_entry_interesting`), so in an unsorted tree it does not see what we would; of a tree that passes here
 * both see the same, and what git calls unchanged is.
 *
 * @throws ParseError
 */
export function parseTree(raw: Bytes, algorithm: HashAlgorithm): ReadonlyMap<string, TreeEntry> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const idLength = algorithm === "sha1" ? 20 : 32;
  const entries = new Map<string, TreeEntry>();
  let at = 0;
  let last = "";
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const nul = bytes.indexOf(0, at);
    if (space === -1 || nul < space || nul + 1 + idLength > bytes.length) {
      throw new ParseError("tree", "an entry is cut off", at);
    }
    const mode = modeOf(bytes.toString("latin1", at, space));
    const name = bytes.toString("latin1", space + 1, nul);
    if (mode === null) throw new ParseError("tree", "an entry is malformed", at);
    if (name === "" || name.includes("/") || (name.startsWith(".") && NEVER_NAMES.has(name.toLowerCase()))) {
      throw new ParseError("tree", "an entry has a name that no file may have", at);
    }
    // A file and a folder of one name stand apart in git's order.
    if (entries.has(name)) throw new ParseError("tree", "a name stands twice", at);
    // git's order is that of bytes, as if a folder's name ended in a slash (`base_name_compare`).
    const key = mode === FOLDER ? `${name}/` : name;
    if (key <= last) throw new ParseError("tree", "its entries are not in git's order", at);
    last = key;
    at = nul + 1 + idLength;
    entries.set(name, { mode, oid: bytes.toString("hex", nul + 1, at) as ObjectId });
  }
  return entries;
}

/** git checks none of them out (`verify_path`). */
const NEVER_NAMES: ReadonlySet<string> = new Set([".", "..", ".git"]);

/** The mode as git reads it (`canon_mode`): a number, of which the kind and, for files, whether the owner may execute it count. Kinds that git does not know, and takes for submodules, are refused. */
function modeOf(digits: string): string | null {
  if (digits === "100644" || digits === FOLDER || digits === "100755") return digits;
  if (!/^[0-7]{5,6}$/.test(digits)) return null;
  const mode = parseInt(digits, 8);
  switch (mode & 0o170000) {
    case 0o100000:
      return (mode & 0o100) === 0 ? "100644" : "100755";
    case 0o120000:
      return "120000";
    case 0o040000:
      return FOLDER;
    case 0o160000:
      return "160000";
    default:
      return null;
  }
}
