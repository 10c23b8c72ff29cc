import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind } from "../model.ts";

/**
 * The name git gives these bytes (gitformat-loose(5)). `cat-file` does not check loose objects, so whoever judges
 * content compares this with the id he asked for. Node's SHA-1 does not detect collisions; git's own does when the
 * object arrives.
 */
export function hashObject(kind: ObjectKind, raw: Bytes, algorithm: HashAlgorithm): ObjectId {
  return toHex(digestBytes(algorithm, Buffer.from(`${kind} ${raw.length}\0`, "latin1"), raw)) as ObjectId;
}
