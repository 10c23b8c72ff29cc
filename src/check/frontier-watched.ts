/** What a run of `verify` looked at, so that it can be looked at again. */
import { isAbsolute, join } from "node:path";
import { PolicyError } from "../errors.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import type { Variables } from "../io/environment.ts";
import { configQuestion, recallOrAsk, type AskedConfig } from "../io/git-memory.ts";
import { programStamp } from "../io/git-program.ts";
import { outsideCode, packageFiles, stampOf } from "../io/outside-code.ts";
import { surroundings, type SeenPlace, type Watched } from "../io/surroundings.ts";
import { CODE_PLACES } from "../policy/places.ts";
import { workTreePolicySource } from "./file-policy.ts";
import type { Asked } from "./frontier.ts";
import { loadPolicy } from "./policy.ts";
import { isAsRead, type LoadedPolicy } from "./policy-source.ts";
import type { Session } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** What can be found out while the run still judges. */
export interface BegunWatch {
  readonly config: Promise<AskedConfig | null>;
  readonly programs: readonly string[];
}

export function beginWatch({ cwd, program }: Asked, session: Session): BegunWatch {
  const config = recallOrAsk({ ...session.repository, cwd });
  config.catch(() => undefined);
  return { config, programs: [...programFiles(program), ...packageFiles()] };
}

/**
 * All that a run looked at beside refs and objects, if the files of the policy are still what they were when they were read,
 * and those of the configuration what they were when the watch began; null where something cannot be told.
 */
export async function watchedBy(
  { environment, targets }: Asked,
  session: Session,
  loaded: LoadedPolicy,
  place: SeenPlace,
  begun: BegunWatch,
): Promise<{ readonly watched: Watched; readonly surroundings: string } | null> {
  const names = namesIn(targets);
  if (names === null) return null;
  const config = await begun.config;
  if (config === null || JSON.stringify(config.values) !== JSON.stringify(session.config.values)) return null;
  if (configQuestion(session.repository, config.system) !== config.question) return null;
  const own = await ownPolicy(place);
  if (own === undefined) return null;
  const policies = own === null ? [loaded] : [loaded, own];
  const watched: Watched = {
    system: config.system,
    files: [...new Set(policies.flatMap((policy) => filesOf(policy, place)))],
    places: place.top === null ? [] : [...POLICY_PATHS, ...CODE_PLACES].map((path) => join(place.top ?? "", path)),
    programs: begun.programs,
    names,
  };
  const before = surroundings(place, environment, watched);
  const unchanged = (await Promise.all(policies.map(isAsRead))).every(Boolean);
  const after = surroundings(place, environment, watched);
  return before !== null && unchanged && before === after ? { watched, surroundings: before } : null;
}

/**
 * The names in what was asked for, which git looks for in its own directory, too (gitrevisions(7)); null where a word means
 * something that no file tells, or none of these: what a ref was, a message, the beginning of an id, another work tree's ref.
 */
function namesIn(targets: readonly string[]): readonly string[] | null {
  const names = targets.flatMap((target) => target.replace(/^\^/, "").split(/\.{2,3}/));
  const plain = names.map((name) => name.replace(/(?:[~^]\d*)+$/, "")).filter((name) => name !== "" && name !== "@");
  const isTold = (name: string): boolean =>
    isObjectId(name) ||
    (/^\w[\w./-]*$/.test(name) && !/^[0-9a-f]{4,}$|-g[0-9a-f]+$|^(?:main-)?worktrees?\//i.test(name));
  return plain.every(isTold)
    ? plain.filter((name) => !isObjectId(name) && name !== "HEAD" && !name.startsWith("refs/"))
    : null;
}

/** The policy in the work tree, with which the one that governs was compared; null where there is none. */
async function ownPolicy({ top }: SeenPlace): Promise<LoadedPolicy | null | undefined> {
  if (top === null) return null;
  try {
    return await loadPolicy(workTreePolicySource(top));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.code === "ERR_POLICY_MISSING" ? null : undefined;
  }
}

/** Of a policy in a ref's tree none: the ref stands for them. */
function filesOf({ files, origin }: LoadedPolicy, { top }: SeenPlace): readonly string[] {
  if (!origin.source.startsWith("file:")) return [];
  return files.map((file) => (isAbsolute(file) ? file : join(top ?? "", file)));
}

/** All that judges: these files, the node and the git that take part. */
export const judgesOf = (program: string, environment: Variables): string =>
  JSON.stringify([
    ...programFiles(program).map((path) => [path, stampOf(path)]),
    [...outsideCode(), programStamp(environment)],
  ]);

/** The threads have a file of their own. */
const programFiles = (program: string): readonly string[] => [program, join(program, "..", "raw-thread.cjs")];
