/**
 * What git says of a repository's configuration is kept with the bytes of the files that git read for it: while they are
 * the same, so is the answer, and a push need not wait for git to start. Only git reads them; nothing here does.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { digestHex } from "../encoding/digest.ts";
import type { ObjectId } from "../model.ts";
import { runGit, type GitPlace } from "./git.ts";
import { GitConfig, leadsElsewhere, parseConfigOrigins, type ConfigOrigin, type ConfigValue } from "./config.ts";
import { statusOf } from "./file-status.ts";
import { programStamp } from "./git-program.ts";
import { keepAnswer, recallAnswer } from "./kept-answer.ts";
import { gitMemory } from "./reading.ts";
import { isTrusted, ownOwners } from "./trusted-file.ts";

export type MemoryPlace = GitPlace & { readonly commonDir: string };

export interface GitMemory {
  readonly config: GitConfig;
  /** Commits without parents that git has shown to be in this repository, where they stay. */
  readonly roots: readonly ObjectId[];
}

interface Kept {
  /** Where this git looks for the system's configuration, whether or not there is any. */
  readonly system: string;
  readonly values: readonly ConfigValue[];
  readonly roots: readonly ObjectId[];
}

/** Null where nothing was kept, or git might say something else now. */
export function recallGit(place: MemoryPlace): GitMemory | null {
  const kept = recall(place);
  return kept === null ? null : { config: new GitConfig(kept.values), roots: kept.roots };
}

function recall(place: MemoryPlace): (AskedConfig & Kept) | null {
  const kept = recallAnswer(gitMemory(place.commonDir));
  if (kept === null) return null;
  const { system, values, roots } = kept.answer as Kept;
  const { question } = kept;
  return configQuestion(place, system) === question ? { question, system, values, roots } : null;
}

/**
 * What was kept, or git is asked and the answer kept; null as for `askConfig`.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function recallOrAsk(place: MemoryPlace): Promise<AskedConfig | null> {
  const known = recall(place);
  if (known !== null) return known;
  const asked = await askConfig(place);
  if (asked !== null) keep(place, asked, []);
  return asked;
}

/**
 * Asks git anew and keeps the answer, with roots that it has just shown. Nothing is kept where the answer may hang on more
 * than two files.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function keepGit(place: MemoryPlace, roots: readonly ObjectId[]): Promise<void> {
  const asked = await askConfig(place);
  if (asked !== null) keep(place, asked, roots);
}

function keep({ commonDir }: MemoryPlace, { question, ...answer }: AskedConfig, roots: readonly ObjectId[]): void {
  if (isOthers(commonDir)) return;
  keepAnswer(gitMemory(commonDir), { question, answer: { ...answer, roots } satisfies Kept });
}

/** Where each pushes as himself one may remember: they would take it from each other in turns. */
export function isOthers(commonDir: string): boolean {
  const path = gitMemory(commonDir);
  return existsSync(path) && !isTrusted(path, ownOwners());
}

export interface AskedConfig {
  readonly question: string;
  readonly system: string;
  readonly values: readonly ConfigValue[];
}

/**
 * What git says of the configuration and all that this hangs on: while `configQuestion` for the same place and system file
 * gives the same, so does git. Null where it may hang on more than two files.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
async function askConfig(place: MemoryPlace): Promise<AskedConfig | null> {
  // git-config(1): `--edit` names the file to the editor, and changes nothing itself.
  const environment = { ...place.environment, GIT_EDITOR: "printf '%s'" };
  const system = (await runGit({ ...place, environment }, ["config", "--system", "--edit"])).toString();
  const question = configQuestion(place, system);
  if (question === null || !system.startsWith("/")) return null;
  const listed = await runGit(place, ["config", "--list", "--show-scope", "--show-origin", "-z"]);
  const origins = parseConfigOrigins(listed);
  if (!mayKeep(new GitConfig(origins)) || !origins.every((origin) => isOfThese(place, system, origin))) return null;
  // The files may have changed while git read them.
  if (configQuestion(place, system) !== question) return null;
  return { question, system, values: origins.map(({ scope, key, value }) => ({ scope, key, value })) };
}

/** Whether to try. */
export const mayKeep = ({ values }: GitConfig): boolean =>
  values.every(({ scope, key }) => ["system", "local", "command"].includes(scope) && !leadsElsewhere(key));

function isOfThese(place: MemoryPlace, system: string, { scope, origin }: ConfigOrigin): boolean {
  if (scope === "command") return true;
  const path = origin.startsWith("file:") ? resolve(place.cwd, origin.slice(5)) : "";
  return path === (scope === "local" ? ownFile(place) : system);
}

const ownFile = ({ commonDir }: Pick<MemoryPlace, "commonDir">): string => join(commonDir, "config");

/** All that the answer hangs on: which git, which repository, and the bytes of both files. Null where that cannot be told. */
export function configQuestion(place: Omit<MemoryPlace, "cwd">, system: string): string | null {
  const which = [SIGNPOLICY_VERSION, programStamp(place.environment), folderStamp(place.commonDir)];
  const parts = [...which, contentOf(ownFile(place)), system, contentOf(system)];
  return parts.includes(null) ? null : digestHex("sha256", Buffer.from(JSON.stringify(parts)));
}

/** Latin-1 text, empty where there is nothing. */
function contentOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "") ? "" : null;
  }
}

/** A repository's files may be copied into another's. */
function folderStamp(path: string): string | null {
  const folder = statusOf(path);
  return folder === undefined ? null : [path, folder.dev, folder.ino].join(" ");
}
