/** Mode and id of what stands at a path; null for nothing. */
export type Entry = string | null;

/** Whether `after` is what merging `before` gives, from whichever common ancestor; unrelated histories start from nothing. */
export function isMerged(after: Entry, before: readonly Entry[], bases: readonly Entry[]): boolean {
  return (bases.length === 0 ? [null] : bases).every((base) => {
    const [side, another] = new Set(before.filter((entry) => entry !== base));
    return another === undefined && after === (side ?? base);
  });
}
