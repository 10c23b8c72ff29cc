import { digestBytes, digestHex } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind } from "../model.ts";

/** Most objects are; they are joined with their head and hashed at once. */
const SHORT = 64 * 1024;

/**
 * The name git gives these bytes (gitformat-loose(5)). `cat-file` does not check loose objects, so whoever judges
 * content compares this with the id he asked for. Node's SHA-1 does not detect collisions; git's own does when the
 * object arrives.
 */
export function hashObject(kind: ObjectKind, raw: Bytes, algorithm: HashAlgorithm): ObjectId {
  const head = `${kind} ${raw.length}\0`;
  if (raw.length > SHORT) return toHex(digestBytes(algorithm, Buffer.from(head, "latin1"), raw)) as ObjectId;
  const whole = Buffer.allocUnsafe(head.length + raw.length);
  whole.write(head, "latin1");
  whole.set(raw, head.length);
  return digestHex(algorithm, whole) as ObjectId;
}
