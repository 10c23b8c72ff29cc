import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm, ObjectId } from "../model.ts";

export interface TreeEntry {
  /** Octal digits as stored: `100644`, `100755` plain file, `120000` symbolic link, `40000` folder, `160000` submodule. */
  readonly mode: string;
  readonly oid: ObjectId;
}

const SPACE = 0x20;

/**
 * The entries of a tree object by name (latin-1 text of the name's bytes), from its stored bytes: `mode SP name NUL id`.
 * A name that stands twice is refused, since two readers could then see two trees.
 *
 * @throws ParseError
 */
export function parseTree(raw: Bytes, algorithm: HashAlgorithm): ReadonlyMap<string, TreeEntry> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const idLength = algorithm === "sha1" ? 20 : 32;
  const entries = new Map<string, TreeEntry>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const nul = bytes.indexOf(0, at);
    if (space === -1 || nul < space || nul + 1 + idLength > bytes.length) {
      throw new ParseError("tree", "an entry is cut off", at);
    }
    const mode = bytes.toString("latin1", at, space);
    const name = bytes.toString("latin1", space + 1, nul);
    if (!/^[0-7]{5,6}$/.test(mode) || name === "") throw new ParseError("tree", "an entry is malformed", at);
    if (entries.has(name)) throw new ParseError("tree", "a name stands twice", at);
    at = nul + 1 + idLength;
    entries.set(name, { mode, oid: bytes.toString("hex", nul + 1, at) as ObjectId });
  }
  return entries;
}
