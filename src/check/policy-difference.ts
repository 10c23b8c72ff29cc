import { UsageError } from "../errors.ts";
import { resolve } from "node:path";
import type { PolicyOrigin, RefName, Seconds } from "../model.ts";
import { statusOf } from "../io/file-status.ts";
import { findRepository } from "../io/repository.ts";
import { demandOf } from "../policy/authorise.ts";
import { demandWords } from "../policy/change-words.ts";
import { diffPolicies, type PolicyChange } from "../policy/policy-diff.ts";
import type { Right } from "../policy/policy.ts";
import { comparedPolicies } from "./compared-policy.ts";
import { filePolicySource, workTreePolicySource } from "./file-policy.ts";
import { defaultBranch, governClone } from "./governing.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { openSession, type Session } from "./session.ts";
import { implicitRef, parseAs } from "./targets.ts";
import { resolveCommit } from "./revision.ts";
import { TreePolicySource } from "./tree-policy.ts";

export interface DifferenceOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file or a revision; none means the policy that governs here. */
  readonly before?: string | undefined;
  /** A file or a revision; none means the work tree's own. */
  readonly after?: string | undefined;
  /** The ref that the policy governs from; the default branch unless given. */
  readonly as?: string | undefined;
  readonly now: Seconds;
}

export interface ShownChange extends PolicyChange {
  /** How many of the holders of each right it takes. */
  readonly count: number;
  readonly holders: Readonly<Partial<Record<Right | "any", readonly string[]>>>;
  /** Who may make it, in words. */
  readonly takes: string;
}

export interface PolicyDifference {
  readonly before: PolicyOrigin;
  readonly after: PolicyOrigin;
  /** For which it is told who may make each change. */
  readonly ref: RefName | null;
  /** The one that is checked out. */
  readonly branch: RefName | null;
  readonly changes: readonly ShownChange[];
}

/**
 * `policy diff`: what changed, difference by difference, and who may make each, by the administrators of the policy
 * before.
 *
 * @throws PolicyError for a policy that cannot be used, UsageError for what names none, GitError
 */
export async function comparePolicies(options: DifferenceOptions): Promise<PolicyDifference> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const branch = await implicitRef(session);
    const usual = (await defaultBranch(session))?.branch ?? branch;
    const ref = options.as === undefined ? usual : parseAs(options.as);
    const before =
      options.before === undefined
        ? (await governClone(session, {})).loaded
        : await named(session, options.before, options);
    const after = await (options.after === undefined ? ownPolicy(session) : named(session, options.after, options));
    return {
      before: before.origin,
      after: after.origin,
      ref,
      branch,
      changes: await shownChanges(before, after, ref, options.now),
    };
  } finally {
    session.close();
  }
}

/** The differences with who may make each. */
export async function shownChanges(
  before: LoadedPolicy,
  after: LoadedPolicy,
  ref: RefName | null,
  now: Seconds,
): Promise<readonly ShownChange[]> {
  const [was, is] = await comparedPolicies(before, after, ref, now);
  return diffPolicies(was, is).map((change) => {
    const demand = demandOf(change, was.administrators);
    const holders = Object.fromEntries(demand.rights.map(({ right, holders: people }) => [right, [...people]]));
    return { ...change, count: demand.count, holders, takes: demandWords(demand) };
  });
}

function ownPolicy(session: Session): Promise<LoadedPolicy> {
  const { workTree } = session.repository;
  if (workTree !== null) return loadPolicy(workTreePolicySource(workTree));
  return governClone(session, {}).then(({ loaded }) => loaded);
}

async function named(session: Session, word: string, { directory }: DifferenceOptions): Promise<LoadedPolicy> {
  const path = resolve(directory, word);
  const isFile = statusOf(path)?.isFile() === true;
  if (isFile && (word === path || /^\.{1,2}\//.test(word))) return loadPolicy(filePolicySource(path));
  const oid = await resolveCommit(session, word).catch((error: unknown) => {
    if (error instanceof UsageError && isFile) return null;
    throw error;
  });
  if (oid === null) return loadPolicy(filePolicySource(path));
  // Whoever may add a file could otherwise have it compared in the place of a commit.
  if (isFile) throw new UsageError(`${word} is a file and a revision`, { hint: `for the file: ./${word}` });
  return loadPolicy(new TreePolicySource(session.trees, session.outlines, word as RefName, oid));
}
