import { statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The git that would be started, and whether it is still the same file; null where there is none. */
export function programStamp(environment: Readonly<Record<string, string | undefined>>): string | null {
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "git");
    const file = folder.startsWith("/") ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (file?.isFile() !== true || (file.mode & 0o111) === 0) continue;
    return [path, file.dev, file.ino, file.size, file.mtimeMs, file.ctimeMs].join(" ");
  }
  return null;
}
