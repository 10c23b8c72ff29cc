/** Compiles the program, all of it, into what `compiled-code.ts` reads. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { FORMAT, HEAD_BYTES, openCompiled, secondsOf, wrapped, type Head, type Part } from "./compiled-code.ts";
import type { Owners } from "./trusted-file.ts";

/** What node itself reads. */
const START = "signpolicy.cjs";

/**
 * The code of every file in a folder of the program, for this node. The files must lie where they will be run: they are
 * told by their size and time.
 */
export function compileCode(folder: string): Buffer {
  const compiled = filesIn(folder).map(compileFile);
  const parts: Record<string, Part> = {};
  let at = HEAD_BYTES;
  for (const { name, path, code } of compiled) {
    const file = statSync(path);
    parts[name] = { at, length: code.length, crc: crc32(code), size: file.size, changed: secondsOf(file) };
    at += code.length;
  }
  const head: Head = { format: FORMAT, node: process.version, arch: process.arch, parts };
  const text = JSON.stringify(head).padEnd(HEAD_BYTES);
  if (text.length > HEAD_BYTES) throw new Error("the head of the compiled code is too long");
  return Buffer.concat([Buffer.from(text, "latin1"), ...compiled.map(({ code }) => code)]);
}

/** Whether a hook that this node runs, started from a folder of the program, would use what stands at a path. */
export function isCurrent(path: string, folder: string, owners: Owners): boolean {
  const code = openCompiled(path, owners);
  if (code === null) return false;
  try {
    return filesIn(folder).every((file) => code.part(file.name, statSync(file.path)) !== null);
  } finally {
    code.close();
  }
}

interface File {
  /** As other files of the program ask for it. */
  readonly name: string;
  readonly path: string;
}

const filesIn = (folder: string): readonly File[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".cjs") && name !== START)
    .map((name) => ({ name: `./${name}`, path: join(folder, name) }));

function compileFile({ name, path }: File): File & { readonly code: Buffer } {
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
  return { name, path, code: script.createCachedData() };
}
