/** Key files of the work tree's policy that no commit would take along. */
import type { Repository } from "../io/git.ts";
import { tryGit } from "../io/git.ts";
import { workTreePlace } from "./look-alikes-here.ts";
import type { LoadedPolicy } from "./policy-source.ts";

/** None where the policy itself is not tracked yet: then nothing of it is on its way. */
export async function untrackedKeyFiles(repository: Repository, { files }: LoadedPolicy): Promise<readonly string[]> {
  const place = workTreePlace(repository);
  const [policy, ...keys] = files;
  if (place === null || policy === undefined || keys.length === 0) return [];
  const argv = ["--literal-pathspecs", "ls-files", "-z", "--cached", "--", ...files];
  const { status, stdout } = await tryGit(place, argv);
  if (status !== 0) return [];
  const tracked = new Set(stdout.toString().split("\0"));
  return tracked.has(policy) ? keys.filter((file) => !tracked.has(file)) : [];
}
