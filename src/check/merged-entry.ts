/** Mode and id of what stands at a path; null for nothing. */
export type Entry = string | null;

/**
 * What stands at a path after merging `theirs` into `ours`: the side that changed it since where they parted, or what both
 * made of it. Undefined where both changed it, or where one of several common ancestors gives another answer than the rest;
 * unrelated histories start from nothing.
 */
export function mergeEntry(ours: Entry, theirs: Entry, bases: readonly Entry[]): Entry | undefined {
  const results = new Set((bases.length === 0 ? [null] : bases).map((base) => threeWay(ours, theirs, base)));
  const [result] = results;
  return results.size === 1 ? result : undefined;
}

function threeWay(ours: Entry, theirs: Entry, base: Entry): Entry | undefined {
  if (ours === theirs || theirs === base) return ours;
  return ours === base ? theirs : undefined;
}
