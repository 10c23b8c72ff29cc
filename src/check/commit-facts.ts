import { ParseError } from "../errors.ts";
import type { Commit, Decision, Evidence, RefName } from "../model.ts";
import type { JudgingClock } from "../policy/clock.ts";
import { namesRef } from "../policy/applies.ts";
import type { AppliedRule } from "../policy/decide-commit.ts";
import type { Problem } from "../policy/decide-problem.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyEdit } from "../policy/policy-edit.ts";
import type { ForgeFacts } from "../policy/rules/forge.ts";
import type { Approvals } from "./approvals.ts";
import { objectProblem } from "./object-problem.ts";
import type { JudgingContext } from "./range.ts";

/** What rules ask about a commit beyond its signature and its paths: who approves it, and what a forge made of it. */
export interface CommitFacts {
  readonly applied: readonly AppliedRule[];
  /** Of a change of the policy that more than one must agree to: who approved it. */
  readonly approvedBy: ReadonlySet<string>;
  /** Null for a commit that no forge signed. */
  readonly forge: ForgeFacts | null;
  /** Codes of findings that more approvals would have kept away; empty where none were asked for. */
  readonly approvable: readonly Decision["findings"][number]["code"][];
}

/**
 * Finds out what the rules that apply ask; where they ask nothing of this kind, nothing is loaded and nothing is read.
 *
 * @throws GitError
 */
export function findFacts(
  context: JudgingContext,
  ref: RefName | null,
  commit: Commit,
  evidence: readonly Evidence[],
  applied: readonly AppliedRule[],
  edit: PolicyEdit | null,
  clock: JudgingClock,
): CommitFacts | Promise<CommitFacts | Problem> {
  const byForge = isByForge(context.policy, evidence);
  const counted = applied.some(({ rule }) => rule.commits !== null && rule.commits.threshold !== null);
  const agreed =
    edit?.steps.some(({ administrators }) => administrators.some(({ threshold }) => threshold > 1)) === true;
  if (!byForge && !counted && !agreed) return { applied, approvedBy: NOBODY, forge: null, approvable: NOTHING };
  return askFacts(context, ref, commit, applied, clock, { byForge, counted, agreed });
}

async function askFacts(
  context: JudgingContext,
  ref: RefName | null,
  commit: Commit,
  applied: readonly AppliedRule[],
  clock: JudgingClock,
  { byForge, counted, agreed }: { readonly byForge: boolean; readonly counted: boolean; readonly agreed: boolean },
): Promise<CommitFacts | Problem> {
  const forge = byForge ? await forgeFacts(context, commit) : null;
  const squashed = forge?.parents === 1 && context.policy.forge.squash === "allow";
  if (!squashed && !counted && !agreed) return { applied, approvedBy: NOBODY, forge, approvable: NOTHING };
  const approvable = [
    "threshold-unmet" as const,
    ...(squashed ? (["signer-not-permitted"] as const) : []),
    ...(agreed ? (["policy-change"] as const) : []),
  ];
  try {
    const approvals = await context.approvals();
    const approvedBy = agreed ? await approvals.approvers(commit, (name) => name === ref, clock) : NOBODY;
    const asking = squashed || counted ? await withApprovers(approvals, ref, commit, applied, clock) : applied;
    return { applied: asking, approvedBy, forge, approvable };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return objectProblem(error);
  }
}

export const isByForge = ({ principals }: Policy, evidence: readonly Evidence[]): boolean =>
  evidence.some((one) => one.outcome === "verified" && principals.get(one.signer.principal)?.role === "forge");

async function forgeFacts({ repository }: JudgingContext, commit: Commit): Promise<ForgeFacts> {
  const { forgeProblem } = await import("./forge-merges.ts");
  return { problem: await forgeProblem(repository, commit), parents: commit.parents.length };
}

const NOBODY: ReadonlySet<string> = new Set();
const NOTHING: CommitFacts["approvable"] = [];

async function withApprovers(
  approvals: Approvals,
  ref: RefName | null,
  commit: Commit,
  applied: readonly AppliedRule[],
  clock: JudgingClock,
): Promise<readonly AppliedRule[]> {
  const audit = clock.pushed !== true && clock.mode === "history";
  return Promise.all(
    applied.map(async (asking) => {
      const base = asking.rule.commits?.base ?? [];
      // What its refs judged may pass from one to another (docs/approvals.md): an audit cannot tell by which it came.
      const lent = audit ? asking.rule.refs : [];
      const forRef = (name: RefName) =>
        name === ref || base.some((glob) => glob.matches(name)) || lent.some((glob) => namesRef(glob, name));
      return { ...asking, approvers: await approvals.approvers(commit, forRef, clock) };
    }),
  );
}

/**
 * Who has no approvals at all cannot say that there are too few: that would blame the commit for what was not fetched.
 *
 * @throws SignpolicyError ERR_APPROVALS_MISSING where approvals alone would make this denial an approval
 */
export async function assertApprovals(
  context: JudgingContext,
  { findings }: Decision,
  { approvable }: CommitFacts,
): Promise<void> {
  const errors = findings.filter(({ severity }) => severity === "error");
  const [unmet] = errors;
  if (unmet === undefined || errors.some(({ code }) => !approvable.includes(code))) return;
  // A change of the policy by one who has no part of the right lacks more than approvals.
  const has = (code: string): boolean => errors.some((error) => error.code === code);
  if (has("policy-change") && !has("threshold-unmet")) return;
  if ((await context.approvals()).present) return;
  const { approvalsMissing } = await import("./approvals.ts");
  throw approvalsMissing(unmet.rule ?? "");
}
