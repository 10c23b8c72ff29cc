/** What git is about to commit, and as whom: read from the caller's environment, which `git -c` and variables are part of. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { GitError } from "../errors.ts";
import type { Identity, RefName } from "../model.ts";
import type { ConfigValue } from "./config.ts";
import { GitConfig } from "./config.ts";
import { findGitDir } from "./git-dir.ts";
import { askGit, gitFailed } from "./git.ts";
import { readHead } from "./refs.ts";
import { NO_REPOSITORY } from "./repository.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface WorkTree {
  readonly top: string;
  readonly gitDir: string;
}

export interface CommitContext {
  readonly config: GitConfig;
  readonly committer: Identity;
  readonly author: Identity;
  /** The branch that the commit will be on, in a rebase the one being rebased; null on a detached HEAD. */
  readonly branch: RefName | null;
}

/**
 * The work tree around a folder. git starts hooks at its top and says in GIT_DIR where the repository is when that is
 * not `.git`; no git is asked, since every commit waits for this.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY
 */
export function findWorkTree(cwd: string, environment: Variables): Promise<WorkTree> {
  const named = environment["GIT_DIR"];
  if (named !== undefined) {
    return Promise.resolve({ top: resolve(cwd, environment["GIT_WORK_TREE"] ?? "."), gitDir: resolve(cwd, named) });
  }
  const found = findGitDir(cwd);
  if (found !== null) return Promise.resolve(found);
  return Promise.reject(new GitError("ERR_NOT_A_REPOSITORY", NO_REPOSITORY));
}

/**
 * Asks git for its configuration and the two identities. One child tells all of it (git-var(1), `-l`): every commit
 * waits for this, and a process takes longer than anything we do.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function readCommitContext(cwd: string, gitDir: string, caller: Variables): Promise<CommitContext> {
  const place = { cwd, environment: defined(caller) };
  const argv = ["var", "-l"];
  const { status, stdout, stderr } = askGit(place, argv);
  if (status !== 0) throw gitFailed(argv, status, stderr);
  const found = readBranch(gitDir);
  return { ...parseVariables(stdout), branch: found === "ask" ? await readHead(place) : found };
}

/**
 * `key=value` lines of the configuration, in the order in which the last one wins, then the variables. A value with a
 * line end in it cannot be told from two lines; the user's own configuration is no stranger's, and nothing is proved by it.
 *
 * @throws GitError ERR_GIT_FAILED
 */
export function parseVariables(output: Buffer): Omit<CommitContext, "branch"> {
  const values: ConfigValue[] = [];
  const variables = new Map<string, string>();
  for (const line of output.toString("latin1").split("\n")) {
    const [, name = "", value] = /^([^=]+)(?:=(.*))?$/s.exec(line) ?? [];
    if (/^[A-Z_]+$/.test(name)) variables.set(name, value ?? "");
    else if (name.includes(".")) values.push({ scope: "local", key: name, value: asText(value) });
  }
  const identity = (name: string): Identity => parseIdentity(variables.get(name) ?? "");
  return {
    config: new GitConfig(values),
    committer: identity("GIT_COMMITTER_IDENT"),
    author: identity("GIT_AUTHOR_IDENT"),
  };
}

const asText = (value: string | undefined): string | null =>
  value === undefined ? null : Buffer.from(value, "latin1").toString();

/** `Name <email> seconds zone`, as git-var(1) prints it. */
export function parseIdentity(line: string): Identity {
  const [, name, email, at] = /^([^<>]*?) ?<([^<>]*)> (\d+) [+-]\d{4}$/.exec(line) ?? [];
  if (name === undefined || email === undefined) {
    throw new GitError("ERR_GIT_FAILED", "git var printed no identity", { argv: ["var"] });
  }
  return { name, email, at: Number(at) };
}

/** `ask` where the files do not tell: with reftable HEAD is a stand-in (gitrepository-layout(5)). */
export function readBranch(gitDir: string): RefName | null | "ask" {
  const head = /^ref: (\S+)\n?$/.exec(textOf(join(gitDir, "HEAD")) ?? "")?.[1];
  if (head === "refs/heads/.invalid") return "ask";
  return head === undefined ? rebasedBranch(gitDir) : (head as RefName);
}

/** The branch that a rebase under way will move when it is done; null where there is none. */
export function rebasedBranch(gitDir: string): RefName | null {
  for (const file of ["rebase-merge/head-name", "rebase-apply/head-name"]) {
    const name = textOf(join(gitDir, file))?.trimEnd();
    if (name?.startsWith("refs/") === true) return name as RefName;
  }
  return null;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

const defined = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
