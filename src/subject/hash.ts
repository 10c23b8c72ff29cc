import { createHash } from "node:crypto";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind } from "../model.ts";

/**
 * The name git gives these bytes (gitformat-loose(5)). `cat-file` does not check loose objects, so whoever judges
 * content compares this with the id he asked for. Node's SHA-1 does not detect collisions; git's own does when the
 * object arrives.
 */
export function hashObject(kind: ObjectKind, raw: Bytes, algorithm: HashAlgorithm): ObjectId {
  return createHash(algorithm).update(`${kind} ${raw.length}\0`).update(raw).digest("hex") as ObjectId;
}
