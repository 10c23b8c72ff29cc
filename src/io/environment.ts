/**
 * The environment of every git child that takes part in a judgement. It is built from a list, never passed on:
 * `GIT_CONFIG_*`, `GIT_NAMESPACE`, `NODE_OPTIONS`, `LD_PRELOAD` and whatever comes next stay outside.
 */
import { join } from "node:path";

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a program needs to be found and to start; names as Windows spells them included. */
const PROCESS = ["PATH", "Path", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SystemRoot", "WINDIR", "PATHEXT"];

/** git-receive-pack keeps a push's objects apart until the hook agrees; without these the hook cannot see them. */
const QUARANTINE = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"];

/** Where the user stands and which repositories he declared safe (git's safe.directory lives in the global file). */
const DISCOVERY = [
  "HOME",
  "USERPROFILE",
  "XDG_CONFIG_HOME",
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_COMMON_DIR",
  "GIT_CEILING_DIRECTORIES",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/** git(1): replace refs, grafts, shallow files and lazy fetches would let the judged repository change what we read. */
const PROTECTION: Variables = {
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null",
  GIT_SHALLOW_FILE: "/dev/null",
  GIT_NO_LAZY_FETCH: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_PAGER: "cat",
  LC_ALL: "C",
};

/** git(1): a list is written in pieces of some size, not commit by commit, each of which we would wake up for. */
const WHOLE_PIECES = { GIT_FLUSH: "0" };

/** For children that read objects and refs of a repository already found. */
export function judgingEnvironment(caller: Variables, gitDir: string): Record<string, string> {
  const own = pick(caller, [...PROCESS, ...QUARANTINE]);
  return { ...own, ...defined(PROTECTION), ...WHOLE_PIECES, GIT_DIR: gitDir };
}

/** For the one child that finds the repository. Reads the user's own git configuration for `safe.directory`. */
export function discoveryEnvironment(caller: Variables): Record<string, string> {
  return { ...pick(caller, [...PROCESS, ...DISCOVERY]), GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

/** Whether the caller's variables lead git to another repository, or to other objects, than the folder it is started in does. */
export const changesGit = (caller: Variables): boolean =>
  [...DISCOVERY, ...QUARANTINE].some((name) => name.startsWith("GIT_") && caller[name] !== undefined);

/** Where git looks for the user's own configuration, by the variables that finding a repository hands on (git-config(1), FILES). */
export const userConfigFiles = ({ HOME, XDG_CONFIG_HOME }: Variables): readonly string[] => [
  ...(XDG_CONFIG_HOME
    ? [join(XDG_CONFIG_HOME, "git", "config")]
    : HOME
      ? [join(HOME, ".config", "git", "config")]
      : []),
  ...(HOME ? [join(HOME, ".gitconfig")] : []),
];

function pick(from: Variables, names: readonly string[]): Record<string, string> {
  return defined(Object.fromEntries(names.map((name) => [name, from[name]])));
}

function defined(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
