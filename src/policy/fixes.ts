/** The commands that findings print. They are made to be pasted into a shell, so nothing hostile gets into one unquoted. */
import { shellWord } from "../encoding/text.ts";
import type { Commit, RefName } from "../model.ts";

export { shellWord };

/** Where a rewrite that mends a commit starts. */
export interface Fix {
  /** The newest commit that may stay; null where nobody knows one, then the commit's own parent. */
  readonly base: string | null;
  /** The commit is the tip, and nothing below it needs mending: an amend does. */
  readonly tip?: boolean;
  /** The one commit that the range leads to. */
  readonly top?: string;
  /** The tip changes nothing: git amends such a commit only when told that it may stay empty. */
  readonly empty?: boolean;
  /** Merges lie between the base and the tip. */
  readonly merges?: boolean;
  /** The commit is not made yet: nothing may be amended, least of all rewritten. */
  readonly unmade?: true;
  /** What it would be a part of: `merge`, `rebase`, … While that is under way git changes to no other branch. */
  readonly underWay?: string;
  /** What its committer could sign with in place of a key that the policy does not have or take; absent where nobody asked. */
  readonly signWith?: SignWith;
  /** Whether `git fetch` brings others' approvals to where somebody judges; absent on a server, which takes them in itself. */
  readonly fetchesApprovals?: boolean;
}

/** Keys that the policy takes from one person today. */
export interface SignWith {
  readonly principal: string;
  readonly fingerprints: readonly string[];
  /** What has git sign with one of them, where its private half is on this machine. */
  readonly command: string | null;
  /** Subkeys on this machine that the policy's copy of their certificate does not have, each with that certificate's fingerprint. */
  readonly newer: ReadonlyMap<string, string>;
}

/**
 * Signs the commit again: an amend at the tip, else a rebase onto the base (or onto the commit's own first parent). A rebase
 * over a merge that had a conflict stops on that conflict again; `signpolicy resign` merges nothing anew. `others`: what was
 * committed under another e-mail, too.
 */
export function resignCommand(commit: Commit, fix: Fix | undefined, others = false): string {
  if (fix?.unmade === true) return "commit again";
  if (fix?.tip === true) return `git commit --amend --no-edit${fix.empty === true ? " --allow-empty" : ""} -S`;
  const base = baseOf(commit, fix);
  return hasMerges(commit, fix) ? `signpolicy resign${others ? " --others" : ""} ${base}` : `git rebase -f -S ${base}`;
}

/** Whoever runs it signs what somebody else signed well, and becomes its committer. */
export function takeOverCommand(commit: Commit, fix: Fix): string {
  const merges = fix.tip !== true && hasMerges(commit, fix);
  return merges ? `signpolicy resign --others --all ${baseOf(commit, fix)}` : resignCommand(commit, fix, true);
}

/** Brings the range in by a merge that whoever runs it signs, where it had been fast-forwarded. Null where its ends are not known. */
export function mergeCommand({ base, top, unmade }: Fix): string | null {
  if (unmade === true || base === null || base === "--root" || top === undefined) return null;
  const [to, from] = [shellWord(base), shellWord(top)];
  return to === null || from === null ? null : `git reset --keep ${to} && git merge --no-ff -S ${from}`;
}

/** Gives the commit this e-mail and signs it. `author`: the author's e-mail is wrong as well as, or instead of, the committer's. */
export function identityCommand(commit: Commit, fix: Fix | undefined, email: string, author: boolean): string {
  const config = `git config user.email ${shellWord(email) ?? "E-MAIL"}`;
  if (fix?.unmade === true) return `${config}, then commit again`;
  return `${config} && ${author ? reauthorCommand(commit, fix) : resignCommand(commit, fix, true)}`;
}

/** Makes whoever runs it the author, and signs it again. */
export function reauthorCommand(commit: Commit, fix: Fix | undefined): string {
  if (fix?.unmade === true) return "unset GIT_AUTHOR_EMAIL and leave out --author, then commit again";
  const amend = (empty: boolean) => `git commit --amend --no-edit --reset-author${empty ? " --allow-empty" : ""} -S`;
  if (fix?.tip === true) return amend(fix.empty === true);
  return `git rebase${hasMerges(commit, fix) ? " --rebase-merges" : ""} -x '${amend(true)}' ${baseOf(commit, fix)}`;
}

/** Makes the tag again, signed, under this name, on what it finally names; `from` where it stands under another name now. */
export function tagCommand(ref: RefName, from: string | null = null): string {
  const name = shortTag(ref);
  const source = from ?? name;
  const word = shellWord(name);
  const target = shellWord(`${source}^{}`, true);
  return word === null || target === null ? "git tag -f -s NAME NAME^{}" : `git tag -f -s ${word} ${target}`;
}

/** The name after refs/tags/, the whole ref elsewhere. */
export const shortTag = (ref: RefName): string => (ref.startsWith("refs/tags/") ? ref.slice(10) : ref);

function baseOf(commit: Commit, fix: Fix | undefined): string {
  if (typeof fix?.base === "string") return shellWord(fix.base) ?? "BASE";
  return commit.parents[0]?.slice(0, 12) ?? "--root";
}

const hasMerges = (commit: Commit, fix: Fix | undefined): boolean => fix?.merges ?? commit.parents.length > 1;
