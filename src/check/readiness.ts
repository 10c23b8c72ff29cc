import { SignpolicyError } from "../errors.ts";
import { readClock } from "../io/clock.ts";
import type { CommitContext, WorkTree } from "../io/commit-context.ts";
import { findWorkTree, readBranch, readCommitContext, rebasedBranch } from "../io/commit-context.ts";
import { askedOf, isAskedOfSame } from "../io/commit-memory.ts";
import type { Decision } from "../model.ts";
import type { Answer, Memo } from "./readiness-memo.ts";
import { answerOf, keepAnswer, keepAsked, openMemo } from "./readiness-memo.ts";
import type { PrivateHalf } from "./private-half.ts";
import { keyFiles, type SigningKey } from "./signing-key.ts";
import type { ReportSink } from "./sink.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface ReadinessOptions {
  /** Folder git started the hook in. */
  readonly cwd: string;
  /** The caller's environment as it is: it says what git is about to do. */
  readonly environment: Variables;
  /** The hook runs for a merge, of which git has written nothing down yet. */
  readonly merging?: boolean;
}

/** What git is set up to do with the next commit. */
export interface SetUp {
  readonly context: CommitContext;
  readonly key: SigningKey;
}

/**
 * The preflight of `pre-commit` and `pre-merge-commit`: would the commit that git is about to make be signed, by a key
 * that the policy allows for this identity and branch? It reads configuration, never the signature, and cannot see
 * `--no-gpg-sign`: it saves a round trip and proves nothing.
 *
 * @returns the decision, also handed to `sink`
 * @throws PolicyError, GitError: nothing can be said, so the commit is stopped
 */
export async function checkReadiness(options: ReadinessOptions, sink: ReportSink): Promise<Decision> {
  const tree = await findWorkTree(options.cwd, options.environment);
  const { answer, half } = await answerFor(tree, options);
  const { decision, policy } = half === null ? answer : await unlessLocked(answer, half, tree, options);
  const tool = { name: "signpolicy", version: SIGNPOLICY_VERSION } as const;
  await sink.begin({ schemaVersion: 1, tool, policy, notes: [] });
  await sink.decision(decision);
  return decision;
}

interface Answered {
  readonly answer: Answer;
  readonly half: PrivateHalf | null;
}

async function answerFor(tree: WorkTree, options: ReadinessOptions): Promise<Answered> {
  const now = readClock();
  const memo = openMemo(tree, now);
  if (memo !== null && isAskedAgain(memo, tree, options.environment)) return memo;
  const asked = readSetUp(tree, options);
  asked.catch(() => undefined);
  const known = memo === null ? null : answerOf(memo, await asked);
  if (memo !== null && known !== null) {
    const half = await halfOf(await asked, tree, options);
    const of = await whatWasAsked(tree, options, await asked);
    if (of !== null) keepAsked(tree, { ...memo, half }, of);
    return { answer: known, half };
  }
  const { judgeReadiness } = await import("./judge-readiness.ts");
  const judged = await judgeReadiness(tree, asked, options, now);
  const setUp = await asked;
  const half = await halfOf(setUp, tree, options);
  await keepAnswer(tree, setUp, judged, now, await whatWasAsked(tree, options, setUp), half);
  return { answer: judged.answer, half };
}

async function halfOf({ context, key }: SetUp, { top }: WorkTree, { environment }: ReadinessOptions) {
  const { privateHalf } = await import("./private-half.ts");
  return privateHalf(key, context.config, top, environment);
}

/** Where nobody can be asked, a key that waits for a passphrase or for its agent signs nothing: asked anew for every commit. */
async function unlessLocked(
  answer: Answer,
  half: PrivateHalf,
  tree: WorkTree,
  options: ReadinessOptions,
): Promise<Answer> {
  const { isAlone } = await import("./reachable-key.ts");
  if (!answer.decision.allow || !isAlone(options.environment)) return answer;
  const { lockedKey } = await import("./locked-key.ts");
  const locked = await lockedKey(half, options.environment);
  if (locked === null) return answer;
  const { context } = await readSetUp(tree, options);
  const key = { kind: "none", code: "unknown-key", ...locked, final: true } as const;
  const { judgeReadiness } = await import("./judge-readiness.ts");
  const setUp = Promise.resolve({ context, key });
  return (await judgeReadiness(tree, setUp, options, readClock())).answer;
}

/** git would say the same again of the same branch, and was answered. */
const isAskedAgain = ({ asked }: Memo, { gitDir }: WorkTree, environment: Variables): boolean =>
  asked !== null && readBranch(gitDir) === asked.branch && isAskedOfSame(asked, environment);

/** Null where a program was asked for the key, which may name another one the next time. */
async function whatWasAsked(
  tree: WorkTree,
  { cwd, environment }: ReadinessOptions,
  { context, key }: SetUp,
): Promise<Memo["asked"]> {
  const { branch, config } = context;
  const keys = keyFiles(config, key, { top: tree.top, environment });
  if (keys === null || readBranch(tree.gitDir) !== branch) return null;
  const { reachFiles } = await import("./reachable-key.ts");
  const read = [...keys, ...reachFiles(key, config, tree.top, environment)];
  const asked = askedOf({ cwd, gitDir: tree.gitDir }, environment, config, read);
  return asked === null ? null : { ...asked, branch };
}

async function readSetUp(tree: WorkTree, { cwd, environment }: ReadinessOptions): Promise<SetUp> {
  const context = await readCommitContext(cwd, tree.gitDir, environment);
  const { findSigningKey } = await import("./signing-key.ts");
  const { reachableKey } = await import("./reachable-key.ts");
  const key = await findSigningKey(context.config, context.committer, { top: tree.top, environment });
  return { context, key: reachableKey(key, context.config, tree.top, environment) };
}

/**
 * The advice of `post-commit`: judges the commit just made, as a push of it would be judged, and hands a bad decision to
 * `sink`. The caller ends with 0 whatever comes back or is thrown.
 *
 * @returns what is wrong with the commit, null when nothing is
 */
export async function adviseCommit(options: ReadinessOptions, sink: ReportSink): Promise<Decision | null> {
  const { verifyCommits } = await import("./commits.ts");
  const { gitDir } = await findWorkTree(options.cwd, options.environment);
  // In a rebase HEAD names no branch, and what is made will stand on the one that is rebased.
  const branch = rebasedBranch(gitDir);
  const as = branch === null ? {} : { as: branch };
  const denied: Decision[] = [];
  await verifyCommits(
    { ...options, ...as, targets: ["HEAD"], tags: false, all: false, noWalk: true, mine: true, now: readClock() },
    {
      // Where the policy came from is said when it decides something.
      begin: (head) => sink.begin({ ...head, notes: [] }),
      decision: (decision) => {
        // A branch that no rule names is no reason to warn of each commit on it.
        if (!decision.allow && decision.subject.kind === "commit" && !isUnapproved(decision)) denied.push(decision);
      },
    },
  ).catch((error: unknown) => {
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_APPROVALS_MISSING") throw error;
  });
  const [first] = denied;
  if (first === undefined) return null;
  await sink.decision(first);
  return first;
}

/** Nobody can have approved what was made just now. */
const isUnapproved = ({ findings }: Decision): boolean =>
  findings.every(({ severity, code }) => severity === "warning" || code === "threshold-unmet");
