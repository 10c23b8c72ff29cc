import { latin1 } from "../encoding/bytes.ts";
import { ANY, compileComponent, compileGlob, matchComponents, type ComponentMatcher } from "./globs.ts";
import { foldLiteral, foldPath, mayBeShortFor } from "./path-folding.ts";
import type { PathGlob } from "./policy.ts";

/**
 * Compiles a pattern for paths, with the wildcards of `compileGlob`. It names what it matches byte for byte, and what a
 * file system that folds names would put in the same place.
 *
 * @throws ParseError for a pattern that could name nothing, or that reads as if it meant something else
 */
export function compilePathGlob(pattern: string): PathGlob {
  const exact = compileGlob(pattern);
  const text = latin1(new TextEncoder().encode(pattern));
  const folded = text.split(/[/\\]/).map((part) => (part === "**" ? ANY : compileFolded(part)));
  return {
    pattern,
    names: (path) => exact.matches(path),
    matches: (path) => exact.matches(path) || matchComponents(folded, foldPath(path)),
    reaches: (folder) => reaches(folded, foldPath(folder), true),
    spells: (folder) => reaches(folded, foldPath(folder), false),
  };
}

function compileFolded(part: string): ComponentMatcher {
  const stretches = part.split(/([*?])/);
  const folded = stretches
    .map((stretch, index) =>
      stretch === "*" || stretch === "?" ? stretch : foldLiteral(stretch, index === stretches.length - 1),
    )
    .join("");
  const matches = compileComponent(folded);
  return (name) => matches(name) || mayBeShortFor(name, folded);
}

/** Whether the pattern goes on below this folder; `open`: also by a `**` at which it may be anywhere. */
function reaches(pattern: readonly (ComponentMatcher | null)[], folder: readonly string[], open: boolean): boolean {
  for (const [index, name] of folder.entries()) {
    const part = pattern[index];
    if (part === ANY) return open;
    if (part?.(name) !== true) return false;
  }
  return folder.length < pattern.length;
}
