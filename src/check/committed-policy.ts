import { isObjectId } from "../encoding/identifiers.ts";
import { PolicyError } from "../errors.ts";
import { tryGit } from "../io/git.ts";
import { findRepository } from "../io/repository.ts";
import type { RefName } from "../model.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { openSession } from "./session.ts";
import { TreePolicySource } from "./tree-policy.ts";

const HEAD = "HEAD" as RefName;

/**
 * The policy of the commit that the next one is made on; null where there is no commit, or none with a policy that can be
 * used.
 *
 * @throws GitError
 */
export async function committedPolicy(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LoadedPolicy | null> {
  const session = await openSession(await findRepository(directory, environment));
  try {
    const { stdout } = await tryGit(session.repository, ["rev-parse", "--verify", "-q", "HEAD^{commit}"]);
    const head = stdout.toString("latin1").trim();
    // Before the first commit it names nothing.
    if (!isObjectId(head)) return null;
    return await loadPolicy(new TreePolicySource(session.trees, session.outlines, HEAD, head));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return null;
  } finally {
    session.close();
  }
}
