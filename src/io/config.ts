import type { Repository } from "./git.ts";
import { runGit } from "./git.ts";

export type ConfigScope = "system" | "global" | "local" | "worktree" | "command";

export interface ConfigValue {
  readonly scope: ConfigScope;
  /** Section and variable in lower case, subsection as written: `remote.origin.url`. */
  readonly key: string;
  /** Null where the variable stands without `=`, which git reads as true. */
  readonly value: string | null;
}

/** Values of git configuration in the order git reads them; the last one wins. */
export class GitConfig {
  readonly values: readonly ConfigValue[];
  constructor(values: readonly ConfigValue[]) {
    this.values = values;
  }

  get(key: string, scopes?: readonly ConfigScope[]): string | null {
    return this.getAll(key, scopes).at(-1) ?? null;
  }

  getAll(key: string, scopes?: readonly ConfigScope[]): readonly string[] {
    return this.values
      .filter((entry) => entry.key === key && (scopes === undefined || scopes.includes(entry.scope)))
      .map((entry) => entry.value ?? "true");
  }
}

/**
 * The repository's own and the system's configuration. The environment of a judging child holds no `GIT_CONFIG_*` but
 * the empty global file, so neither a pusher's environment nor his home folder can add to it.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function readConfig(repository: Pick<Repository, "cwd" | "environment">): Promise<GitConfig> {
  return parseConfigList(await runGit(repository, ["config", "--list", "--show-scope", "-z"]));
}

/** `git config --list --show-scope -z`: scope NUL key LF value NUL, without LF and value where there is none. */
export function parseConfigList(output: Buffer): GitConfig {
  const fields = output.toString("utf8").split("\0");
  const values: ConfigValue[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) values.push(parseValue(fields[at], fields[at + 1]));
  return new GitConfig(values);
}

export interface ConfigOrigin extends ConfigValue {
  /** `file:` and the path as git was led to it, or another kind of place (git-config(1) `--show-origin`). */
  readonly origin: string;
}

/** The same with `--show-origin`, which puts the origin and a NUL behind the scope. */
export function parseConfigOrigins(output: Buffer): readonly ConfigOrigin[] {
  const fields = output.toString("utf8").split("\0");
  const values: ConfigOrigin[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    values.push({ ...parseValue(fields[at], fields[at + 2]), origin: fields[at + 1] ?? "" });
  }
  return values;
}

function parseValue(scope: string | undefined, entry = ""): ConfigValue {
  const end = entry.indexOf("\n");
  return {
    // PROTECTIVE_OPTIONS arrive as scope `command`; nothing of the caller's can.
    scope: scope as ConfigScope,
    key: end === -1 ? entry : entry.slice(0, end),
    value: end === -1 ? null : entry.slice(end + 1),
  };
}

/** Whether the configuration may hang on more than the files that hold it: an include, even of nothing, and one of one work tree. */
export const leadsElsewhere = (key: string): boolean =>
  key.startsWith("include.") || key.startsWith("includeif.") || key === "extensions.worktreeconfig";
