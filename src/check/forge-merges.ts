import type { Commit } from "../model.ts";
import type { Repository } from "../io/git.ts";
import { mergeTree } from "../io/merge-tree.ts";

/**
 * Why a forge's signature does not count on this commit by itself; null for a merge of two commits whose tree is what git
 * makes of them. Whether its sides are good is judged where they are: each of their commits stands under the same rules.
 *
 * @throws GitError ERR_GIT_MISSING
 */
export async function forgeProblem(repository: Repository, { parents, tree }: Commit): Promise<string | null> {
  const [ours, theirs, another] = parents;
  if (ours === undefined || theirs === undefined) return "it is no merge";
  if (another !== undefined) return "it merges more than two commits";
  const merged = await mergeTree(repository, ours, theirs);
  if (merged.outcome === "failed") return merged.reason;
  if (merged.outcome === "conflict") return "its parents conflict, so that somebody chose what it holds";
  return merged.tree === tree ? null : "it holds something else than git merge-tree makes of its parents";
}
