/**
 * The program as a server runs it: a copy under the repository, since whoever can write where it lies owns the verdicts. Its
 * manifest names every file and its digest.
 */
import { randomUUID } from "node:crypto";
import { chmod } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Owner } from "../io/files.ts";
import {
  digestOf,
  entryIfAny,
  isFolder,
  listFiles,
  movePath,
  readBytes,
  readTextIfAny,
  removePath,
  writeWhole,
} from "../io/files.ts";
import { COMPILED, COMPILED_VERIFY } from "../io/compiled-code.ts";
import type { Bytes } from "../model.ts";

const MANIFEST = "manifest.json";

/** What a hook starts, as a path in the program's folder. */
export const ENTRY = { package: "dist/signpolicy.cjs", executable: "signpolicy" } as const;

export interface ServerPackage {
  /** Files that a node of the server runs, or one that is all of it. */
  readonly kind: keyof typeof ENTRY;
  readonly version: string;
  /** By path with `/`. The manifest is one of them. */
  readonly files: ReadonlyMap<string, Bytes>;
}

/** The program of these files, with its manifest. */
export function withManifest(
  kind: ServerPackage["kind"],
  version: string,
  files: ReadonlyMap<string, Bytes>,
): ServerPackage {
  const digests = Object.fromEntries([...files].map(([path, bytes]) => [path, digestOf(bytes)]));
  const manifest = Buffer.from(`${JSON.stringify({ version, files: digests }, null, 1)}\n`);
  return { kind, version, files: new Map([...files, [MANIFEST, manifest]]) };
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
      await writeWhole(join(fresh, path), bytes, { mode: path === ENTRY[program.kind] ? 0o755 : 0o644, flush: false });
    }
    for (const path of foldersOf(program)) await chmod(join(fresh, path), 0o755);
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
    if (!digests.has(path) && path !== COMPILED && path !== COMPILED_VERIFY)
      problems.push(`${join(folder, path)} does not belong there`);
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

/** The version that the manifest in a folder gives; null where there is none of ours. */
export async function versionIn(folder: string): Promise<string | null> {
  try {
    const text = (await readTextIfAny(join(folder, MANIFEST))) ?? "";
    const { version, files } = JSON.parse(text) as { version?: unknown; files?: unknown };
    return typeof version === "string" && typeof files === "object" && files !== null ? version : null;
  } catch {
    return null;
  }
}

function foldersOf(program: ServerPackage): readonly string[] {
  const folders = new Set(["."]);
  for (const path of program.files.keys()) {
    for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
  }
  return [...folders];
}
