/** Objects put into a repository as git would store them (gitformat-loose(5)), without a git started for each. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind } from "../../src/model.ts";
import { hashObject } from "../../src/subject/hash.ts";

/** Any bytes under the name that they hash to, those that git itself would never write included. */
export function storeLoose(gitDir: string, kind: ObjectKind, bytes: Bytes, algorithm: HashAlgorithm): ObjectId {
  const oid = hashObject(kind, bytes, algorithm);
  const folder = join(gitDir, "objects", oid.slice(0, 2));
  const path = join(folder, oid.slice(2));
  if (existsSync(path)) return oid;
  mkdirSync(folder, { recursive: true });
  const head = Buffer.from(`${kind} ${bytes.length}\0`, "latin1");
  writeFileSync(path, deflateSync(Buffer.concat([head, bytes]), { level: 1 }), { mode: 0o444 });
  return oid;
}
