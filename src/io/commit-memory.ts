/**
 * What git said of the next commit hangs on the caller's variables, on the files of its configuration, and on those of the key
 * that this names. While all of these are the same, git need not be asked: it takes as long to start as all the rest.
 */
import { join, resolve } from "node:path";
import { leadsElsewhere, parseConfigOrigins, type ConfigValue, type GitConfig } from "./config.ts";
import { userConfigFiles, type Variables } from "./environment.ts";
import { statusOf } from "./file-status.ts";
import { commonDirOf } from "./git-dir.ts";
import { askGit } from "./git.ts";
import { programStamp } from "./git-program.ts";

export interface AskedOf {
  readonly environment: readonly (readonly [string, string])[];
  readonly git: string;
  /** By absolute path; null where there is none. */
  readonly files: Readonly<Record<string, string | null>>;
}

/** Of git's own variables those that differ from commit to commit, and say nothing of who commits or with which key. */
const PASSING =
  /^GIT_(?:INDEX_FILE|PREFIX|EDITOR|SEQUENCE_EDITOR|PAGER|(?:AUTHOR|COMMITTER)_DATE|REFLOG_ACTION|MERGE_.*|ASKPASS|TERMINAL_PROMPT|SSH.*)$/;
const READ = new Set(["PATH", "HOME", "XDG_CONFIG_HOME", "EMAIL", "GNUPGHOME", "SSH_AUTH_SOCK"]);
/** A file that changed so short ago may change again without its times telling. */
const SETTLED_MS = 2000;

const boundOf = (environment: Variables): [string, string][] =>
  Object.entries(environment)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .filter(([name]) => READ.has(name) || (name.startsWith("GIT_") && !PASSING.test(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Whether git would say the same again. */
export function isAskedOfSame({ environment, git, files }: AskedOf, caller: Variables): boolean {
  return (
    JSON.stringify(environment) === JSON.stringify(boundOf(caller)) &&
    git === programStamp(caller) &&
    Object.entries(files).every(([path, stamp]) => stampOf(path) === stamp)
  );
}

/**
 * What git's answer hung on; null where that cannot be told: a configuration that includes other files, an identity that does
 * not stand in it, a file that has just changed.
 *
 * @param keys - files of which the signing key was read
 */
export function askedOf(
  place: { readonly cwd: string; readonly gitDir: string },
  caller: Variables,
  config: GitConfig,
  keys: readonly string[],
): AskedOf | null {
  const git = programStamp(caller);
  const isNamed = ["user.name", "user.email"].every((key) => config.get(key) !== null);
  if (git === null || !isNamed || config.values.some(({ key }) => leadsElsewhere(key))) return null;
  const named = [caller["GIT_CONFIG_GLOBAL"], caller["GIT_CONFIG_SYSTEM"]].filter((path) => path !== undefined);
  const own = [...named, ...userConfigFiles(caller), join(commonDirOf(place.gitDir), "config"), ...keys];
  // Before git is asked for what could not be kept.
  if (own.some(isUnsettled)) return null;
  const environment = Object.fromEntries(boundOf({ ...caller }));
  // git-config(1): `--edit` names the file to the editor, and changes nothing itself.
  const printing = { ...environment, GIT_EDITOR: "printf '%s'" };
  const system = askGit({ cwd: place.cwd, environment: printing }, ["config", "--system", "--edit"]);
  const listed = askGit({ cwd: place.cwd, environment }, ["config", "--list", "--show-scope", "--show-origin", "-z"]);
  if (system.status !== 0 || listed.status !== 0) return null;
  const origins = parseConfigOrigins(listed.stdout);
  // Something may have changed since git was asked, and a file that is gone does not say when it went.
  if (textOf(origins) !== textOf(config.values)) return null;
  const read = origins
    .filter(({ scope }) => scope !== "command")
    .map(({ origin }) => (origin.startsWith("file:") ? resolve(place.cwd, origin.slice(5)) : null));
  const files: Record<string, string | null> = {};
  for (const path of [...own, system.stdout.toString(), ...read]) {
    if (path === null || !path.startsWith("/")) return null;
    files[path] = stampOf(path);
    if (isUnsettled(path)) return null;
  }
  return { environment: boundOf(caller), git, files };
}

const textOf = (values: readonly ConfigValue[]): string => JSON.stringify(values.map(({ key, value }) => [key, value]));

function stampOf(path: string): string | null {
  const stats = statusOf(path);
  return stats === undefined ? null : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
}

function isUnsettled(path: string): boolean {
  const stats = statusOf(path);
  return (
    stats !== undefined &&
    Date.now() - Number(stats.ctimeMs > stats.mtimeMs ? stats.ctimeMs : stats.mtimeMs) < SETTLED_MS
  );
}
