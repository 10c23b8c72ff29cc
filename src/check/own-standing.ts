import { findRepository } from "../io/repository.ts";
import { governByOwn } from "./governing.ts";
import { mayBeMarked, type LoadedPolicy } from "./policy-source.ts";
import { openSession } from "./session.ts";

/**
 * The work tree's own policy, in which what a compromised key brought in counts for nothing, as HEAD's history shows.
 *
 * @throws GitError, SignpolicyError
 */
export async function withOwnStanding(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  own: LoadedPolicy,
): Promise<LoadedPolicy> {
  if (!own.keys.some(mayBeMarked)) return own;
  const session = await openSession(await findRepository(directory, environment));
  try {
    return (await governByOwn(session, own, [], {})).loaded;
  } finally {
    session.close();
  }
}
