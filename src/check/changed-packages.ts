/** What `npm install` in another clone needs of this one. */
import { dirname, join, resolve } from "node:path";
import { readTextIfAny } from "../io/files.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop, liesIn } from "./client-place.ts";
import type { InitOptions } from "./init.ts";
import { dependenciesOf } from "./package-json.ts";

const LOCK_FILES = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"];

/**
 * Absolute paths of what is not committed yet: package.json of the package that has the hooks, of the one that the command was
 * given in and of those between them, as in a monorepo, with their lock files and the packed file that they name.
 */
export async function changedPackages(
  { packageDir, porcelain, top }: ClientPlace,
  { directory }: InitOptions,
): Promise<readonly string[]> {
  if (packageDir === null) return [];
  const files = new Set<string>();
  for (const folder of foldersBetween(packageDir, resolve(directory))) {
    const text = await readTextIfAny(join(folder, "package.json"));
    if (text === null) continue;
    const packed = /^file:(.+\.tgz)$/.exec(String(dependenciesOf(text).get("signpolicy")))?.[1];
    const names = ["package.json", ...LOCK_FILES, ...(packed === undefined ? [] : [packed])];
    for (const name of names) files.add(resolve(folder, name));
  }
  const inTree = [...files].filter((file) => liesIn(file, top)).map((file) => fromTop({ top }, file));
  return (await porcelain.changedFiles(inTree)).map((file) => join(top, file));
}

/** The outer one first; the inner one may lie elsewhere. */
function foldersBetween(outer: string, inner: string): readonly string[] {
  if (!liesIn(inner, outer)) return [outer];
  const folders = [inner];
  for (let folder = inner; folder !== outer;) folders.unshift((folder = dirname(folder)));
  return folders;
}
