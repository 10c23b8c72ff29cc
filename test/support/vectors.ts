/**
 * Vectors are files: a head of `key: value` lines, an empty line, then the bytes under test. A head key that the reader
 * does not know fails, so that no condition is ever written down and not checked.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Vector {
  /** File name without its suffix. */
  readonly name: string;
  /** Values of each head key, in order; several where the key may repeat. */
  readonly head: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** Every vector has these, exactly once: what must come out, where it is from, what it shows. */
const REQUIRED = ["expect", "source", "comment"] as const;

/** Reads one vector; `keys` are the head keys it may have besides the required ones, each as often as it likes. */
export function parseVector(name: string, file: Buffer, keys: readonly string[]): Vector {
  const end = file.indexOf("\n\n");
  if (end === -1) throw new Error(`${name}: no empty line after the head`);
  const head = new Map<string, string[]>();
  for (const line of file.subarray(0, end).toString("utf8").split("\n")) {
    const colon = line.indexOf(": ");
    const key = line.slice(0, colon);
    if (colon < 1 || ![...REQUIRED, ...keys].includes(key)) throw new Error(`${name}: unknown head line: ${line}`);
    head.set(key, [...(head.get(key) ?? []), line.slice(colon + 2)]);
  }
  for (const key of REQUIRED) {
    if (head.get(key)?.length !== 1) throw new Error(`${name}: needs exactly one ${key}`);
  }
  return { name, head, body: file.subarray(end + 2) };
}

/** All `*.txt` vectors of a folder, sorted by name; an empty folder fails. */
export function readVectors(folder: string, keys: readonly string[]): readonly Vector[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  if (files.length === 0) throw new Error(`${folder}: no vectors`);
  return files.sort().map((file) => parseVector(file.slice(0, -4), readFileSync(join(folder, file)), keys));
}

/** The one value of a head key. */
export function headValue(vector: Vector, key: string): string {
  const [value, ...more] = vector.head.get(key) ?? [];
  if (value === undefined || more.length > 0) throw new Error(`${vector.name}: needs exactly one ${key}`);
  return value;
}
