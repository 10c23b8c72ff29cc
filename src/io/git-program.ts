import { statSync, type Stats } from "node:fs";
import { delimiter, join } from "node:path";

/** The git that would be started, and whether it is still the same file; null where there is none, or that cannot be told. */
export function programStamp(environment: Readonly<Record<string, string | undefined>>): string | null {
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "git");
    const file = folder.startsWith("/") ? statIfAny(path) : undefined;
    if (file === null) return null;
    if (file?.isFile() !== true || (file.mode & 0o111) === 0) continue;
    return [path, file.dev, file.ino, file.size, file.mtimeMs, file.ctimeMs].join(" ");
  }
  return null;
}

/** What execvp(3) passes over. */
const ELSEWHERE = ["EACCES", "ENOTDIR", "ESTALE"];

/** A folder that may not be searched is as good as one without it; null where starting it would fail, too. */
function statIfAny(path: string): Stats | null | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return ELSEWHERE.includes((error as NodeJS.ErrnoException).code ?? "") ? undefined : null;
  }
}
