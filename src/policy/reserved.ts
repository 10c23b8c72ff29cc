import type { RefName } from "../model.ts";

/**
 * Refs that change what other refs mean: replacements of objects, signpolicy's own, and names that git resolves before
 * any branch. A glob names them only where it spells the prefix out, so that `refs/**` does not open them by accident.
 */
export type Reserved = "replace" | "signpolicy" | "head";

// Loose refs are files: where the file system folds case, git reads refs/Replace/… as a replacement, too.
const PREFIXES = [
  ["refs/replace/", "replace"],
  ["refs/signpolicy/", "signpolicy"],
] as const;

/** Which kind of reserved ref this is, null for every ordinary one. */
export function reservedKind(ref: RefName): Reserved | null {
  const folded = ref.toLowerCase();
  for (const [prefix, kind] of PREFIXES) if (folded.startsWith(prefix)) return kind;
  return ref === "HEAD" || ref.endsWith("/HEAD") ? "head" : null;
}
