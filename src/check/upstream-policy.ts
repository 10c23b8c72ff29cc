/** The policy that will judge a push, where the checkout is older than it. */
import { SignpolicyError } from "../errors.ts";
import { tryGit } from "../io/git.ts";
import { findRepository } from "../io/repository.ts";
import { shellWord } from "../policy/fixes.ts";
import { defaultBranch, governClone } from "./governing.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { openSession } from "./session.ts";

export interface UpstreamPolicy {
  readonly loaded: LoadedPolicy;
  /** `the policy of origin/main, which judges the push,` */
  readonly where: string;
  /** The same, and `takes it`. */
  readonly takes: string;
  /** The command that brings it into the branch; what is staged stays in the work tree. */
  readonly merge: string;
}

/**
 * The policy of the remote's default branch as last fetched, where it is not the one in hand and a merge would bring it in.
 * Null where there is none, or it cannot be read: this gives advice, and what is denied stays denied.
 */
export async function upstreamPolicy(
  place: { readonly top: string; readonly environment: Readonly<Record<string, string | undefined>> },
  own: LoadedPolicy | null,
): Promise<UpstreamPolicy | null> {
  try {
    const session = await openSession(await findRepository(place.top, place.environment));
    try {
      const branch = await defaultBranch(session);
      const governing = await governClone(session, {});
      if (branch === null || governing.ref !== branch.tracking) return null;
      if (governing.loaded.content === own?.content) return null;
      const held = await tryGit(session.repository, ["merge-base", "--is-ancestor", branch.tracking, "HEAD"]);
      if (held.status === 0) return null;
      const short = branch.tracking.replace(/^refs\/remotes\//, "");
      const word = shellWord(short);
      if (word === null) return null;
      const where = `the policy of ${short}, which judges the push,`;
      return { loaded: governing.loaded, where, takes: `${where} takes it`, merge: `git merge --autostash ${word}` };
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return null;
  }
}
