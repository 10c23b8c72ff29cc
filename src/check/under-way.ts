/** What git has begun in a work tree and not ended: a commit made now would become a part of it, or cannot be made. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";

export type Operation = "rebase" | "am" | "merge" | "cherry-pick" | "revert" | "bisect";

/** The first that is there: a rebase that stopped has picked, or merged, too (git's wt-status.c, `wt_status_get_state`). */
const MARKS: readonly (readonly [file: string, Operation])[] = [
  ["rebase-merge", "rebase"],
  ["rebase-apply/applying", "am"],
  ["rebase-apply", "rebase"],
  ["MERGE_HEAD", "merge"],
  ["CHERRY_PICK_HEAD", "cherry-pick"],
  ["REVERT_HEAD", "revert"],
  ["BISECT_LOG", "bisect"],
];

/** Null where there is none. */
export const underWay = (gitDir: string): Operation | null =>
  MARKS.find(([file]) => existsSync(join(gitDir, file)))?.[1] ?? null;

/**
 * Refuses while any of these is under way, or one of those named.
 *
 * @throws UsageError
 */
export function refuseUnderWay(gitDir: string, operations?: readonly Operation[]): void {
  const operation = underWay(gitDir);
  if (operation === null || operations?.includes(operation) === false) return;
  const article = operation === "am" ? "an" : "a";
  const end = operation === "bisect" ? "git bisect reset" : `git ${operation} --continue, or git ${operation} --abort`;
  throw new UsageError(`${article} ${operation} is under way here`, { hint: `${end}, and then again` });
}
