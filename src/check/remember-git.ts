import { GitError } from "../errors.ts";
import type { ObjectId } from "../model.ts";
import { isOthers, keepGit, mayKeep, recallGit } from "../io/git-memory.ts";
import { forgetAnswer } from "../io/kept-answer.ts";
import { gitMemory } from "../io/reading.ts";
import type { Session } from "./session.ts";

/**
 * Spares the next push to ask git for the configuration, and for a root commit that the record names; `roots` null: where
 * that would be of no use. Whoever must ask git does: nothing here is a reason to deny.
 */
export async function rememberGit(session: Session, roots: readonly ObjectId[] | null): Promise<void> {
  const { repository, config, reader } = session;
  const path = gitMemory(repository.commonDir);
  if (roots === null || !mayKeep(config)) {
    forgetAnswer(path);
    return;
  }
  const isOneOf = (known: readonly ObjectId[]): boolean => roots.some((root) => known.includes(root));
  if (isOneOf(session.roots)) return;
  if (isOthers(repository.commonDir)) return;
  try {
    const known = recallGit(repository);
    if (known !== null && (roots.length === 0 || isOneOf(known.roots))) return;
    for (const root of roots) {
      if ((await reader.object(root)).found !== "no") {
        await keepGit(repository, [root]);
        return;
      }
    }
    await keepGit(repository, []);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
}
