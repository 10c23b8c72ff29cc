/** Compiles the program into what `compiled-code.ts` reads. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { HEAD_BYTES, headLine, openCompiled, partLine, secondsOf, wrapped } from "./compiled-code.ts";
import type { Owners } from "./trusted-file.ts";

/** What node itself reads. */
const START = "signpolicy.cjs";

/** By the name of a file, as the others ask for it. */
export type CodeOf = ReadonlyMap<string, Buffer>;

/**
 * The code of every file in a folder of the program, for this node: what is given of one, and all of any other. The files
 * must lie where they will be run: they are told by their size and time.
 */
export const compileCode = (folder: string, given: CodeOf = new Map()): Buffer =>
  packCode(filesIn(folder).map((file) => ({ ...file, code: given.get(file.name) ?? compileFile(file) })));

/** The code of these files of a folder. */
export const collectCode = (folder: string, given: CodeOf): Buffer =>
  packCode([...given].map(([name, code]) => ({ name, path: join(folder, name), code })));

function packCode(files: readonly Compiled[]): Buffer {
  let head = headLine();
  let at = HEAD_BYTES;
  for (const { name, path, code } of files) {
    const { length } = code;
    const file = statSync(path);
    head += partLine(name, { at, length, crc: crc32(code), size: file.size, changed: secondsOf(file) });
    at += length;
  }
  const text = head.padEnd(HEAD_BYTES);
  if (text.length > HEAD_BYTES) throw new Error("the head of the compiled code is too long");
  return Buffer.concat([Buffer.from(text, "latin1"), ...files.map(({ code }) => code)]);
}

/** What there is at a path of the code of a folder's files, for this node. */
export function readCode(path: string, folder: string, owners: Owners): CodeOf {
  const found = new Map<string, Buffer>();
  const code = openCompiled(path, owners);
  for (const file of code === null ? [] : filesIn(folder)) {
    const bytes = code?.part(file.name, statSync(file.path)) ?? null;
    if (bytes !== null) found.set(file.name, Buffer.from(bytes));
  }
  code?.close();
  return found;
}

/** Whether a hook that this node runs, started from a folder of the program, would use what stands at a path. */
export const isCurrent = (path: string, folder: string, owners: Owners): boolean =>
  existsSync(folder) && readCode(path, folder, owners).size === filesIn(folder).length;

interface File {
  /** As other files of the program ask for it. */
  readonly name: string;
  readonly path: string;
}

interface Compiled extends File {
  readonly code: Buffer;
}

const filesIn = (folder: string): readonly File[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".cjs") && name !== START)
    .map((name) => ({ name: `./${name}`, path: join(folder, name) }));

function compileFile({ path }: File): Buffer {
  const source = wrapped(readFileSync(path, "utf8"));
  // V8 compiles a function when it is first called, and nothing here is called. The code names the flags it was written
  // under and is not taken under others, so they are as always again when it is written.
  setFlagsFromString("--no-lazy");
  let script: Script;
  try {
    script = new Script(source, { filename: path });
  } finally {
    setFlagsFromString("--lazy");
  }
  return script.createCachedData();
}
