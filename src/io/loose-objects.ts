/**
 * Reads objects from the files in which git keeps loose ones (gitformat-loose(5)), as a push leaves them in its
 * quarantine: git takes longer to start than to read a few. Only what has the bytes of its name is told.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { digestHex } from "../encoding/digest.ts";
import type { Bytes, ObjectId, ObjectKind } from "../model.ts";
import type { GitPlace } from "./git.ts";

export interface LooseObject {
  readonly kind: ObjectKind;
  readonly bytes: Bytes;
}

/** What is larger comes by way of git, which streams it. */
const MOST_STORED = 64 * 1024;
const MOST_BYTES = 256 * 1024;
/** An object is asked for its kind, its parents and its signature: the first few need not be unpacked each time. */
const MOST_KEPT = 16;

const KINDS: readonly ObjectKind[] = ["commit", "tree", "blob", "tag"];
/** A kind and a length; NUL ends them. */
const HEAD_BYTES = 32;

export type LooseObjects = (oid: ObjectId) => LooseObject | null;

/**
 * The loose objects in the folder that receives a push. Null for whatever is not there, is too large, or is not to the byte
 * what git would have written under this name: git is asked then, and says what is wrong. Null altogether where objects
 * came as a pack, or nothing is kept apart.
 */
export function quarantinedObjects({ environment }: GitPlace): LooseObjects | null {
  const folder = environment["GIT_OBJECT_DIRECTORY"];
  if (folder?.startsWith("/") !== true) return null;
  const read = new Map<ObjectId, LooseObject>();
  return (oid) => {
    const known = read.get(oid);
    if (known !== undefined) return known;
    const stored = readStored(join(folder, oid.slice(0, 2), oid.slice(2)));
    const object = stored === null ? null : unpack(stored, oid);
    if (object !== null && read.size < MOST_KEPT) read.set(oid, object);
    return object;
  };
}

function readStored(path: string): Buffer | null {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(file);
    return status.isFile() && status.size <= MOST_STORED ? readFileSync(file) : null;
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

function unpack(stored: Buffer, oid: ObjectId): LooseObject | null {
  const whole = inflate(stored);
  if (whole === null || digestHex(oid.length === 40 ? "sha1" : "sha256", whole) !== oid) return null;
  const end = whole.subarray(0, HEAD_BYTES).indexOf(0);
  const head = whole.toString("latin1", 0, Math.max(end, 0));
  const bytes = whole.subarray(end + 1);
  const kind = KINDS.find((name) => head === `${name} ${bytes.length}`);
  return kind === undefined ? null : { kind, bytes };
}

/** Null for what is damaged, grows too large, or has something behind it. */
function inflate(stored: Buffer): Buffer | null {
  try {
    const { buffer, engine } = inflateSync(stored, { info: true, maxOutputLength: MOST_BYTES }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return engine.bytesWritten === stored.length ? buffer : null;
  } catch {
    return null;
  }
}
