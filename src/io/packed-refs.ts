/** Some refs among the packed ones, of which a server may have a hundred thousand. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { RefName } from "../model.ts";

/** A file that is not sorted is read as a whole, up to here. */
const WHOLE_BYTES = 256 * 1024;
/** As much of a sorted one is read at once. */
const WINDOW_BYTES = 16 * 1024;

type Read = (from: number, to: number) => string;

/**
 * What stands before each of these names in `packed-refs`, in their order, empty where it holds no such line; null where the
 * file does not tell. Other files are no matter: git replaces this one as a whole.
 */
export function readPackedRefs(path: string, names: readonly RefName[]): readonly string[] | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? names.map(() => "") : null;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) return null;
    const { size } = status;
    const read: Read = (from, to) => textOf(file, from, to);
    if (size > WINDOW_BYTES && isSorted(read(0, 256))) return allOf(names.map((name) => find(read, size, name)));
    if (size > WHOLE_BYTES) return null;
    const lines = read(0, size);
    return names.map((name) => valueIn(lines, name));
  } finally {
    closeSync(file);
  }
}

const allOf = (values: readonly (string | null)[]): readonly string[] | null =>
  values.every((value) => value !== null) ? values : null;

/** As git writes it: in the order of the names' bytes (`# pack-refs with: peeled fully-peeled sorted`). */
const isSorted = (head: string): boolean =>
  /^# pack-refs with:([^\n]*)\n/.exec(head)?.[1]?.split(" ").includes("sorted") === true;

/** Of `<id> SP <name> LF` the id. No name holds a space, and other lines start with `#` or `^`. */
function valueIn(lines: string, name: RefName): string {
  const at = lines.indexOf(` ${name}\n`);
  return at === -1 ? "" : lines.slice(lines.lastIndexOf("\n", at) + 1, at);
}

/** Halves the file, from a line's beginning to another's, until the rest is read at once. */
function find(read: Read, size: number, name: RefName): string | null {
  let [from, to] = [0, size];
  while (to - from > WINDOW_BYTES) {
    const middle = from + ((to - from) >>> 1);
    const window = read(middle, Math.min(to, middle + WINDOW_BYTES / 2));
    // The line that the middle cuts in two ends before this one.
    const line = /\n[0-9a-f]+ ([^\n]+)\n/.exec(window);
    if (line === null) return null;
    const at = middle + line.index + 1;
    // Text of one character a byte stands in the order of the bytes.
    if ((line[1] ?? "") <= name) from = at;
    else to = at;
  }
  return valueIn(read(from, to), name);
}

function textOf(file: number, from: number, to: number): string {
  const bytes = Buffer.allocUnsafe(to - from);
  let read = 0;
  while (read < bytes.length) {
    const more = readSync(file, bytes, read, bytes.length - read, from + read);
    if (more === 0) break;
    read += more;
  }
  return bytes.toString("latin1", 0, read);
}
