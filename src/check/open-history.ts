/** What `verify` reads first, begun before its words are understood: git takes long to list a history, and we to load what judges it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRefName } from "../encoding/identifiers.ts";
import { ParseError } from "../errors.ts";
import type { ObjectId } from "../model.ts";
import type { Variables } from "../io/environment.ts";
import type { Repository } from "../io/git.ts";
import { startReading, type OpenRepository } from "../io/reading.ts";
import { guessRef } from "../io/ref-watch.ts";
import { findRepository } from "../io/repository.ts";
import { EarlyListing } from "./early-listing.ts";

export interface OpenHistory extends OpenRepository {
  /** Begun for the history that is probably meant; nothing rests on that. */
  readonly early: EarlyListing;
}

/**
 * Finds the repository of a folder and begins to read it.
 *
 * @param words - what was typed behind `verify`
 * @throws as `findRepository`
 */
export async function openHistory(cwd: string, caller: Variables, words: readonly string[]): Promise<OpenHistory> {
  const repository = await findRepository(cwd, caller);
  const early = new EarlyListing(repository);
  const tip = guessTip(repository, words);
  if (tip !== null && mayList(repository)) early.begin({ include: [tip], exclude: [] });
  return { repository, reading: startReading(repository), early };
}

/** With one of these it is not one whole history that is asked for. */
const OTHERWISE = /^--(?:tags|all|no-walk|trust-root|via)(?:=|$)/;

/** The tip of the one branch that the words name, or of HEAD, as the files say; null where more is asked, or something else. */
function guessTip(repository: Repository, words: readonly string[]): ObjectId | null {
  if (words.some((word) => OTHERWISE.test(word))) return null;
  // What stands behind an option may be its value.
  const isOwn = (at: number): boolean => !/^--[^=]*$/.test(words[at - 1] ?? "");
  const [name = "HEAD", ...others] = words.filter((word, at) => !word.startsWith("-") && isOwn(at));
  if (others.length > 0) return null;
  try {
    return guessRef(
      repository,
      name === "HEAD" ? name : parseRefName(/^refs\//.test(name) ? name : `refs/heads/${name}`),
    );
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}

/**
 * A git that lists may fetch what a partial clone left out, by a program that its configuration names: that is looked at first
 * (`refuseLazyFetch`), where any word of the file may speak of it.
 */
function mayList({ commonDir }: Repository): boolean {
  try {
    return !/promisor|partialclone|include|worktreeconfig/i.test(readFileSync(join(commonDir, "config"), "latin1"));
  } catch {
    return false;
  }
}
