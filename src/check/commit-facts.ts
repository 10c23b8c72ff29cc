import { ParseError } from "../errors.ts";
import type { Commit, Decision, Evidence, RefName } from "../model.ts";
import type { JudgingClock } from "../policy/clock.ts";
import type { AppliedRule } from "../policy/decide-commit.ts";
import type { Problem } from "../policy/decide-problem.ts";
import type { Policy } from "../policy/policy.ts";
import type { ForgeFacts } from "../policy/rules/forge.ts";
import type { JudgingContext } from "./range.ts";

/** What rules ask about a commit beyond its signature and its paths: who approves it, and what a forge made of it. */
export interface CommitFacts {
  readonly applied: readonly AppliedRule[];
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
export async function findFacts(
  context: JudgingContext,
  ref: RefName | null,
  commit: Commit,
  evidence: readonly Evidence[],
  applied: readonly AppliedRule[],
  clock: JudgingClock,
): Promise<CommitFacts | Problem> {
  const forge = isByForge(context.policy, evidence) ? await forgeFacts(context, commit) : null;
  const squashed = forge?.parents === 1 && context.policy.forge.squash === "allow";
  const counted = applied.some(({ rule }) => rule.commits !== null && rule.commits.threshold !== null);
  if (!squashed && !counted) return { applied, forge, approvable: [] };
  const approvable = squashed ? (["threshold-unmet", "signer-not-permitted"] as const) : (["threshold-unmet"] as const);
  try {
    return { applied: await withApprovers(context, ref, commit, applied, clock), forge, approvable };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { code: "missing-object", message: error.message };
  }
}

const isByForge = ({ principals }: Policy, evidence: readonly Evidence[]): boolean =>
  evidence.some((one) => one.outcome === "verified" && principals.get(one.signer.principal)?.role === "forge");

async function forgeFacts({ repository }: JudgingContext, commit: Commit): Promise<ForgeFacts> {
  const { forgeProblem } = await import("./forge-merges.ts");
  return { problem: await forgeProblem(repository, commit), parents: commit.parents.length };
}

async function withApprovers(
  context: JudgingContext,
  ref: RefName | null,
  commit: Commit,
  applied: readonly AppliedRule[],
  clock: JudgingClock,
): Promise<readonly AppliedRule[]> {
  const approvals = await context.approvals();
  return Promise.all(
    applied.map(async (asking) => {
      const base = asking.rule.commits?.base ?? [];
      const forRef = (name: RefName) => name === ref || base.some((glob) => glob.matches(name));
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
  if ((await context.approvals()).present) return;
  const { approvalsMissing } = await import("./approvals.ts");
  throw approvalsMissing(unmet.rule ?? "");
}
