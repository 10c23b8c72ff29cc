/** What judges and is no file of the bundle: node with its OpenSSL, and the package that anyone may replace. */
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Whether it is still the same file, whatever its times were set to; null where there is none. */
export function stampOf(path: string | Buffer): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return null;
  return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/**
 * The package's description and whatever node may load of it; none in the one-file program, which holds it. It lies where node looks
 * for it from here (nodejs.org, "Loading from node_modules folders"): asking node takes a hook two milliseconds.
 */
export function packageFiles(): readonly string[] {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const root = join(folder, "node_modules", "openpgp");
    const description = join(root, "package.json");
    if (stampOf(description) !== null) return [description, ...filesIn(join(root, "dist", "node"))];
    if (folder === dirname(folder)) return [];
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((file) => join(folder, file));
  } catch {
    return [];
  }
}

/** A remembered verdict holds for these alone. */
export const outsideCode = (): readonly unknown[] => [
  process.version,
  process.versions["openssl"],
  ...packageFiles().map((path) => [path, stampOf(path)]),
];
