/**
 * The program's own code as V8 compiled it. An installation makes it for hooks (`compile-code.ts`), and `verify` for its next run
 * (`cli/kept-code.ts`); they run it instead of compiling the same text each time, which takes longer than all that a hook has to do.
 *
 * It is code: it is only read where nobody could write it who could not change the program itself. What was made of other
 * files or by another node is not used, nor is what is damaged, and the text is then compiled as ever: nothing but speed
 * depends on it.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { sep } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { openTrusted, type Owners } from "./trusted-file.ts";

export const COMPILED = "compiled-code";
/** Beside the program: the code of what `verify` ran. */
export const COMPILED_VERIFY = "compiled-verify";

/** Lines, filled up with spaces: what it is and for which node, then a part each. A hook looks for a few of a hundred parts. */
export const HEAD_BYTES = 16_384;
export const headLine = (): string => `signpolicy compiled code, version 2, ${process.version} ${process.arch}\n`;
export const partLine = (name: string, { at, length, crc, size, changed }: Part): string =>
  `${name} ${at} ${length} ${crc} ${size} ${changed}\n`;

/** Of code, that a damaged head may ask for. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface Part {
  readonly at: number;
  readonly length: number;
  /** V8 takes damaged code as it is, whatever that does then. */
  readonly crc: number;
  /** Of the file it was made of. Its name holds a digest of its text, and of the names of all it loads. */
  readonly size: number;
  /** Whole seconds: a repository that is copied or restored keeps no more, and may have them rounded. */
  readonly changed: number;
}

export const secondsOf = (file: Pick<Stats, "mtimeMs">): number => Math.floor(file.mtimeMs / 1000);

/** Null for a file that a head does not name, and where it is damaged. */
export function partIn(head: Buffer, name: string): Part | null {
  const start = head.indexOf(`\n${name} `, 0, "latin1") + 1;
  if (start === 0) return null;
  const words = head.toString("latin1", start + name.length + 1, head.indexOf(10, start));
  const numbers = words.split(" ").map(Number);
  const [at = 0, length = 0, crc = 0, size = 0, changed = 0] = numbers;
  return numbers.every((number) => number >= 0 && Number.isSafeInteger(number)) && length <= MOST_BYTES
    ? { at, length, crc, size, changed }
    : null;
}

/**
 * The text as node would compile it (`Module.wrap`, which a hook would ask a module of node's for): a script, since only of a script
 * V8 gives out the code.
 */
const WRAPPER = ["(function (exports, require, module, __filename, __dirname) { ", "\n});"] as const;
export const wrapped = (source: string): string => WRAPPER[0] + source + WRAPPER[1];

export interface CompiledCode {
  /** Null for a file it does not hold, and where it is damaged. Good until the next is asked for. */
  part(name: string, file: Pick<Stats, "size" | "mtimeMs">): Buffer | null;
  close(): void;
}

/**
 * Opens compiled code that belongs to one of these users and that nobody else can write; null where there is none such.
 * `owners` null: a system without users.
 */
export function openCompiled(path: string, owners: Owners): CompiledCode | null {
  const file = openTrusted(path, owners)?.file;
  if (file === undefined) return null;
  const close = () => closeSync(file);
  try {
    const head = Buffer.allocUnsafeSlow(HEAD_BYTES);
    const own = headLine();
    if (readSync(file, head, 0, HEAD_BYTES, 0) === HEAD_BYTES && head.toString("latin1", 0, own.length) === own) {
      return { close, part: (name, of) => readPart(file, partIn(head, name), of.size, secondsOf(of)) };
    }
  } catch {
    // No file to read.
  }
  close();
  return null;
}

function readPart(file: number, part: Part | null, size: number, changed: number): Buffer | null {
  if (part?.size !== size || Math.abs(part.changed - changed) > 1) return null;
  const bytes = room(part.length);
  return readSync(file, bytes, 0, part.length, part.at) === part.length && crc32(bytes) === part.crc ? bytes : null;
}

/** Of the code of a file that hooks load, or of its text. */
const USUAL_BYTES = 512 * 1024;

let used: Buffer | null = null;

/** What is read is needed for a moment; memory that was used before is there at once. */
function room(length: number): Buffer {
  if (used === null || used.length < length) used = Buffer.allocUnsafeSlow(Math.max(USUAL_BYTES, length));
  return used.subarray(0, length);
}

/** A file of the program as V8 has it; null for one that is left to node. */
export type ScriptOf = (path: string, name: string) => Script | null;

/** From compiled code, where there is some. */
export const compiledScripts =
  (code: CompiledCode): ScriptOf =>
  (path, name) => {
    const file = openSync(path, constants.O_RDONLY);
    try {
      const status = fstatSync(file);
      const text = readWrapped(file, status.size);
      const compiled = code.part(name, status);
      // Code that this V8 does not take is compiled anew from the text.
      return compiled === null ? null : new Script(text, { filename: path, cachedData: compiled });
    } finally {
      closeSync(file);
    }
  };

/**
 * `require` for the program's files in one folder, which runs these scripts. They are the same modules to node, loaded once,
 * whoever asks for them.
 */
export function compiledRequire(
  folder: string,
  scriptOf: ScriptOf,
  load: NodeJS.Require,
  ModuleOfNode: new (path: string) => NodeJS.Module,
): NodeJS.Require {
  const own = ((name: string): unknown => {
    if (!name.startsWith("./")) return load(name);
    const path = folder + sep + name.slice(2);
    const known = load.cache[path];
    if (known !== undefined) return known.exports;
    const script = scriptOf(path, name);
    if (script === null) return load(path);
    const module = new ModuleOfNode(path);
    // An object with a prototype gets another shape with each of its first properties, and there are hundreds.
    module.exports = Object.create(null) as object;
    module.filename = path;
    load.cache[path] = module;
    const run = script.runInThisContext() as (...names: unknown[]) => void;
    run.call(module.exports, module.exports, own, module, path, folder);
    module.loaded = true;
    return module.exports;
  }) as NodeJS.Require;
  return Object.assign(own, { cache: load.cache });
}

/** The text as `wrapped` gives it, and put together before it is one: two long strings more fill the room for young objects. */
function readWrapped(file: number, size: number): string {
  const [before, after] = WRAPPER;
  const bytes = room(before.length + size + after.length);
  const length = before.length + readSync(file, bytes, bytes.write(before), size, 0);
  // The bundle is ASCII, and of that this makes the same text in less time.
  return bytes.toString("latin1", 0, length + bytes.write(after, length));
}
