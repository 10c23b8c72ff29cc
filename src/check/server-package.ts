/**
 * The program as a server runs it: a copy of this package and of `openpgp` under the repository, since whoever can write
 * where it lies owns the verdicts. Its manifest names every file and its digest.
 */
import { randomUUID } from "node:crypto";
import { chmod } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import type { Owner } from "../io/files.ts";
import {
  digestOf,
  entryIfAny,
  giveTreeTo,
  isFolder,
  listFiles,
  movePath,
  readBytes,
  readTextIfAny,
  removePath,
  writeWhole,
} from "../io/files.ts";
import { COMPILED } from "../io/compiled-code.ts";
import { packageRoot } from "../io/package-root.ts";
import type { Bytes } from "../model.ts";

const OWN = ["package.json", "LICENSE", "dist", "hooks", "config"];
const OPENPGP = ["package.json", "LICENSE", "README.md", "dist/node"];
const MANIFEST = "manifest.json";
export const ENTRY = "dist/signpolicy.cjs";

export interface ServerPackage {
  readonly version: string;
  /** By path with `/`. The manifest is one of them. */
  readonly files: ReadonlyMap<string, Bytes>;
}

/**
 * Collects the files of this package and its one dependency.
 *
 * @throws SignpolicyError ERR_INSTALL when either is not complete
 */
export async function collectPackage(): Promise<ServerPackage> {
  const root = packageRoot();
  const files = new Map<string, Bytes>();
  await collect(root, OWN, "", files);
  if (!files.has(ENTRY)) throw new SignpolicyError("ERR_INSTALL", `${join(root, ENTRY)} is missing: build the package`);
  await collect(openpgpRoot(root), OPENPGP, "node_modules/openpgp/", files);
  const { version } = JSON.parse((await readTextIfAny(join(root, "package.json"))) ?? "{}") as { version?: unknown };
  if (typeof version !== "string" || !/^[\w.+-]+$/.test(version)) {
    throw new SignpolicyError("ERR_INSTALL", "package.json of signpolicy names no version");
  }
  const digests = Object.fromEntries([...files].map(([path, bytes]) => [path, digestOf(bytes)]));
  files.set(MANIFEST, Buffer.from(`${JSON.stringify({ version, files: digests }, null, 1)}\n`));
  return { version, files };
}

/**
 * Puts the program into a folder of its own; what stood there is replaced as a whole.
 *
 * @returns whether anything changed
 */
export async function putPackage(folder: string, program: ServerPackage, owner: Owner | null): Promise<boolean> {
  if ((await packageProblems(folder, program, owner)).length === 0) return false;
  const fresh = `${folder}.${randomUUID()}`;
  const old = `${fresh}.old`;
  try {
    for (const [path, bytes] of program.files) {
      // A torn file is noticed by its digest and denies; the record waits for the disk, this need not.
      await writeWhole(join(fresh, path), bytes, { mode: path === ENTRY ? 0o755 : 0o644, flush: false });
    }
    for (const path of foldersOf(program)) await chmod(join(fresh, path), 0o755);
    if (owner !== null && process.getuid?.() === 0) await giveTreeTo(fresh, owner);
    if ((await entryIfAny(folder)) !== null) await movePath(folder, old);
    await movePath(fresh, folder);
  } finally {
    await removePath(fresh);
    await removePath(old);
  }
  return true;
}

/**
 * What differs between the program in a folder and what should stand there: with `expected` the very bytes, else its own
 * manifest; always owner and mode. `owner` null: whoever owns the folder.
 */
export async function packageProblems(
  folder: string,
  expected: ServerPackage | null,
  owner: Owner | null,
): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [`${folder} is missing`];
  const digests = expected === null ? await manifestOf(folder) : digestsOf(expected);
  if (digests === null) return [`${join(folder, MANIFEST)} is missing or damaged`];
  const problems: string[] = [];
  const present = await listFiles(folder);
  for (const path of present)
    if (!digests.has(path) && path !== COMPILED) problems.push(`${join(folder, path)} does not belong there`);
  for (const [path, digest] of digests) {
    const file = join(folder, path);
    const stats = await entryIfAny(file);
    if (stats?.isFile() !== true) problems.push(`${file} is missing`);
    else if (digest !== null && digestOf(await readBytes(file)) !== digest) problems.push(`${file} was changed`);
  }
  return [...problems, ...(await ownerProblems(folder, present, owner))];
}

async function ownerProblems(folder: string, files: readonly string[], owner: Owner | null): Promise<string[]> {
  if (process.getuid === undefined) return [];
  const paths = new Set([".", ...files]);
  for (const file of files) for (let at = dirname(file); at !== "."; at = dirname(at)) paths.add(at);
  const problems: string[] = [];
  const expected = owner ?? (await entryIfAny(folder));
  for (const path of paths) {
    const stats = await entryIfAny(join(folder, path));
    if (stats === null) continue;
    if (stats.uid !== 0 && stats.uid !== expected?.uid) {
      problems.push(`${join(folder, path)} belongs to user ${String(stats.uid)}`);
    } else if ((stats.mode & 0o022) !== 0 && !stats.isSymbolicLink()) {
      problems.push(`${join(folder, path)} can be written by others`);
    }
  }
  return problems;
}

const digestsOf = (program: ServerPackage): Map<string, string | null> =>
  new Map([...program.files].map(([path, bytes]) => [path, digestOf(bytes)]));

async function manifestOf(folder: string): Promise<Map<string, string | null> | null> {
  try {
    const text = (await readTextIfAny(join(folder, MANIFEST))) ?? "";
    const { files } = JSON.parse(text) as { files: Record<string, string> };
    return new Map([...Object.entries(files), [MANIFEST, null]]);
  } catch {
    return null;
  }
}

async function collect(
  root: string,
  names: readonly string[],
  prefix: string,
  into: Map<string, Bytes>,
): Promise<void> {
  for (const name of names) {
    const path = join(root, name);
    if (await isFolder(path)) {
      for (const file of await listFiles(path)) {
        if (!file.endsWith(".map")) into.set(`${prefix}${name}/${file}`, await readBytes(join(path, file)));
      }
    } else if ((await entryIfAny(path)) !== null) into.set(prefix + name, await readBytes(path));
  }
}

function openpgpRoot(root: string): string {
  try {
    const main = createRequire(join(root, "package.json")).resolve("openpgp");
    return main.slice(0, main.lastIndexOf(join("openpgp", "dist")) + "openpgp".length);
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", "the openpgp package is not installed beside signpolicy", {
      hint: "npm install",
      cause,
    });
  }
}

function foldersOf(program: ServerPackage): readonly string[] {
  const folders = new Set(["."]);
  for (const path of program.files.keys()) {
    for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
  }
  return [...folders];
}
