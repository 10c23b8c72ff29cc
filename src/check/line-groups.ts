import type { ObjectId } from "../model.ts";

/**
 * Targets that lie on one first-parent line, together: whatever one of them reaches is on that line for all of them or for
 * none. Two that do not would lend each other their lines in one walk, and with them the signers that only a line may have.
 *
 * @param first - the first parent of each commit on any target's line
 */
export function groupByLine(
  targets: readonly ObjectId[],
  first: ReadonlyMap<ObjectId, ObjectId>,
): readonly ReadonlySet<ObjectId>[] {
  const below = new Set<ObjectId>();
  for (const target of targets) {
    for (let oid = first.get(target); oid !== undefined && !below.has(oid); oid = first.get(oid)) below.add(oid);
  }
  const left = new Set(targets);
  return targets
    .filter((target) => !below.has(target))
    .map((head) => {
      const group = new Set<ObjectId>();
      for (let oid: ObjectId | undefined = head; oid !== undefined; oid = first.get(oid)) {
        if (left.delete(oid)) group.add(oid);
      }
      return group;
    });
}
