import { GitError } from "../errors.ts";
import type { GitConfig } from "./config.ts";
import type { GitPlace } from "./git.ts";
import { runGit } from "./git.ts";

/** First versions of each line in which GIT_NO_LAZY_FETCH works (git release notes 2.45.1). */
const CANNOT_FETCH_SINCE: readonly (readonly [number, number])[] = [
  [39, 4],
  [40, 2],
  [41, 1],
  [42, 2],
  [43, 4],
  [44, 1],
  [45, 1],
];

/** Whether objects may be left out here, to be fetched when they are needed: which judging never does. */
export const isPartialClone = (config: GitConfig): boolean =>
  config.values.some(
    ({ key }) =>
      key === "extensions.partialclone" ||
      (key.startsWith("remote.") && (key.endsWith(".promisor") || key.endsWith(".partialclonefilter"))),
  );

/**
 * Refuses a partial clone where git cannot be kept from fetching what is missing: the fetch would run a program that the
 * judged repository names.
 *
 * @throws GitError ERR_GIT_UNSAFE
 */
export async function refuseLazyFetch(place: GitPlace, config: GitConfig): Promise<void> {
  if (!isPartialClone(config)) return;
  const version = /^git version 2\.(\d+)(?:\.(\d+))?/.exec((await runGit(place, ["version"])).toString("utf8"));
  const [minor, patch] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  const needed = CANNOT_FETCH_SINCE.find(([line]) => line === minor)?.[1];
  const safe = minor > 45 || (needed !== undefined && patch >= needed);
  if (safe) return;
  throw new GitError(
    "ERR_GIT_UNSAFE",
    "this is a partial clone, and this git cannot be kept from fetching while it reads",
    {
      hint: "use git 2.39.4, 2.45.1 or newer, or make a full clone",
    },
  );
}
