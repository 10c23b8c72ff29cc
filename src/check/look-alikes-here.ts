/** What stands beside the work tree's policy, tracked or about to be, and looks like it to some file system. */
import { latin1 } from "../encoding/bytes.ts";
import { PolicyError } from "../errors.ts";
import { tryGit, type GitPlace, type Repository } from "../io/git.ts";
import { readPolicyFile } from "../io/policy-file.ts";
import { type LookAlike, lookAlikesAmong } from "./look-alikes.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { holdsPolicy, PACKAGE, POLICY_PATHS } from "./tree-policy.ts";

export async function lookAlikesHere(
  repository: Repository,
  { files }: LoadedPolicy,
): Promise<readonly Pick<LookAlike, "path" | "of">[]> {
  const place = workTreePlace(repository);
  if (place === null) return [];
  const argv = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout } = await tryGit(place, argv);
  if (status !== 0) return [];
  const there = latin1(stdout).split("\0").slice(0, -1);
  const found: Pick<LookAlike, "path" | "of">[] = [];
  for (const one of lookAlikesAmong(there, [...POLICY_PATHS, ...files])) {
    const counts = one.of !== PACKAGE || files[0] === PACKAGE || (await isPolicy(place.cwd, one.path));
    if (counts) found.push(one);
  }
  return found;
}

/** Where git lists the work tree from its top; null in a bare repository. */
export const workTreePlace = ({ workTree, environment }: Repository): GitPlace | null =>
  workTree === null ? null : { cwd: workTree, environment: { ...environment, GIT_WORK_TREE: workTree } };

/** Most have a package.json, and no policy in it. */
async function isPolicy(top: string, file: string): Promise<boolean> {
  try {
    const bytes = await readPolicyFile(top, file);
    return bytes !== null && holdsPolicy(bytes, true);
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}
