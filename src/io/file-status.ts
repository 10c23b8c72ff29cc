import { statSync, type BigIntStats } from "node:fs";

/**
 * What stands at a path, links followed; undefined for nothing, and for what this user cannot look at: a folder on the way that he
 * may not search, or a file in its place. node's own `throwIfNoEntry` tells the first alone.
 */
export function statusOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
