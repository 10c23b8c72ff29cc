/** The git children that read a repository for every judgement, started before the code that judges is loaded. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readConfig, type GitConfig } from "./config.ts";
import type { ObjectId } from "../model.ts";
import type { Variables } from "./environment.ts";
import { ObjectReader } from "./objects.ts";
import type { GitPlace, Repository } from "./git.ts";
import { findRepository, type HookPlace } from "./repository.ts";
import { isTrusted, ownOwners } from "./trusted-file.ts";

export interface Reading {
  readonly reader: ObjectReader;
  /** Asked for once. */
  readonly config: () => Promise<GitConfig>;
  /** Commits without parents that are known to be here. */
  readonly roots: readonly ObjectId[];
}

/** Where git cannot be started, reading or the configuration says so to whoever asks. `reader.close()` ends it. */
export function startReading(place: GitPlace & Pick<Repository, "commonDir">): Reading {
  const reader = new ObjectReader(place);
  if (mayRecall(place)) return { reader, config: () => recallConfig(place), roots: [] };
  const config = readConfig(place);
  config.catch(() => undefined);
  return { reader, config: () => config, roots: [] };
}

async function recallConfig(place: GitPlace & Pick<Repository, "commonDir">): Promise<GitConfig> {
  const { recallGit } = await import("./git-memory.ts");
  return recallGit(place)?.config ?? (await readConfig(place));
}

/** A repository, and the children that read it. */
export interface OpenRepository {
  readonly repository: Repository;
  readonly reading: Reading;
}

/**
 * Finds the repository of a folder and begins to read it.
 *
 * @throws as `findRepository`
 */
export async function openRepository(cwd: string, caller: Variables): Promise<OpenRepository> {
  const repository = await findRepository(cwd, caller);
  return { repository, reading: startReading(repository) };
}

/** Where git's word on the configuration is kept (`git-memory.ts`). */
export const gitMemory = (commonDir: string): string => join(commonDir, "signpolicy", "git-said");

/** Whether its word on the configuration was kept: no more than a guess. */
const mayRecall = ({ commonDir }: Pick<Repository, "commonDir">): boolean =>
  isTrusted(gitMemory(commonDir), ownOwners());

/**
 * Whether git may not be needed at all: it has kept apart what a push brings, as single objects and not as a pack, and its
 * word on the configuration was kept. No more than a guess, for whoever would start git early.
 */
export function mayReadAlone(place: HookPlace): boolean {
  const received = place.environment["GIT_OBJECT_DIRECTORY"];
  return received !== undefined && isEmpty(join(received, "pack")) && mayRecall(place);
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return true;
  }
}
