/** Judges what a walk over a range brings: how a commit stands in it decides what is asked of it. */
import { ParseError } from "../errors.ts";
import type { Commit, Decision, ObjectId, Seconds } from "../model.ts";
import { SKEW } from "../policy/clock.ts";
import type { AppliedRule } from "../policy/decide-commit.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { Exemption, Policy } from "../policy/policy.ts";
import type { PolicyEdit } from "../policy/policy-edit.ts";
import { judgeCommit } from "./judge-commit.ts";
import type { Mending } from "./mending.ts";
import { objectProblem } from "./object-problem.ts";
import type { EditTerms } from "./policy-edits.ts";
import type { JudgedCommit, JudgingContext, PreparedGroup, RangeToJudge } from "./range.ts";
import type { TouchedPaths } from "./touched-paths.ts";
import type { Walked } from "./walk.ts";

/** What is asked of the repository about some commits only. */
export interface Means {
  readonly mending: Mending;
  /** Null where no rule is for paths. */
  readonly paths: TouchedPaths | null;
}

/** Where a commit stands: the groups that hold it, and the clock that applies. */
export interface Standing {
  readonly groups: readonly PreparedGroup[];
  readonly mode: "new" | "history";
}

/** At once where nothing has to be asked of the repository, as of most commits of a history. */
export function judgeWalked(
  context: JudgingContext,
  range: RangeToJudge,
  walked: Walked,
  standing: Standing,
  means: Means,
): JudgedCommit | Promise<JudgedCommit> {
  const { oid, examined } = walked;
  const { groups, mode } = standing;
  if ("problem" in examined) {
    const subject = { kind: "commit", oid, ref: range.ref } as const;
    return { decision: decideProblem(subject, examined.problem, namesOf(groups)), parents: [] };
  }
  const { subject: commit, evidence } = examined;
  const audit = range.history === "everything";
  const decide = (policyEdit: PolicyEdit | null): Decision | Promise<Decision> =>
    judgeCommit(context, {
      commit,
      evidence,
      ref: range.ref,
      applied: appliedIn(groups, oid),
      clock: { mode, now: context.now, latestAncestor: walked.latestAncestor, pushed: !audit },
      policyEdit,
      newer: async () => (await context.changes?.stateAfter(commit))?.loaded?.anchors ?? null,
      exemptions: exemptionsOf(context.policy, oid, groups),
      audit,
      mending: means.mending,
      paths: means.paths,
    });
  const { parents } = commit;
  const touches = mayTouch(groups, commit, walked.touches);
  const decision =
    touches === false ? decide(null) : judgeSuspect(context, range, walked, standing, { commit, touches, decide });
  return decision instanceof Promise ? decision.then((late) => ({ decision: late, parents })) : { decision, parents };
}

function mayTouch(groups: readonly PreparedGroup[], commit: Commit, told: boolean | null): boolean | Promise<boolean> {
  const [only, another] = groups;
  return only !== undefined && another === undefined
    ? only.suspects.mayTouch(commit, told)
    : anyMayTouch(groups, commit, told);
}

async function anyMayTouch(groups: readonly PreparedGroup[], commit: Commit, told: boolean | null): Promise<boolean> {
  let any = false;
  for (const { suspects } of groups) if (await suspects.mayTouch(commit, told)) any = true;
  return any;
}

/** A commit that may change the policy. */
interface Suspect {
  readonly commit: Commit;
  readonly touches: boolean | Promise<boolean>;
  readonly decide: (edit: PolicyEdit | null) => Decision | Promise<Decision>;
}

async function judgeSuspect(
  context: JudgingContext,
  range: RangeToJudge,
  { oid, latestAncestor }: Walked,
  { groups }: Standing,
  { commit, touches, decide }: Suspect,
): Promise<Decision> {
  if (!(await touches) || context.changes === null) return decide(null);
  let edit: PolicyEdit | null;
  try {
    edit = await context.changes.editOf(commit, termsOf(context, range, commit, latestAncestor));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return decideProblem({ kind: "commit", oid, ref: range.ref }, objectProblem(error), namesOf(groups));
  }
  return decide(edit);
}

const namesOf = (groups: readonly PreparedGroup[]): readonly string[] =>
  groups.flatMap((group) => group.rules.map((rule) => rule.name));

function appliedIn(groups: readonly PreparedGroup[], oid: ObjectId): readonly AppliedRule[] {
  const [only, another] = groups;
  return only !== undefined && another === undefined
    ? appliedBy(only, oid)
    : groups.flatMap((group) => appliedBy(group, oid));
}

const appliedBy = ({ line, onLine, onSide }: PreparedGroup, oid: ObjectId): readonly AppliedRule[] =>
  line?.has(oid) === false ? onSide : onLine;

/** What arrives is also judged by the policy in force; in history that may be younger than the change. */
function termsOf(
  { policy, policyRef, now }: JudgingContext,
  { ref, history }: RangeToJudge,
  commit: Commit,
  latestAncestor: Seconds | null,
): EditTerms {
  const inForce = history === "everything" ? null : policy;
  // Who backdates a change does not fall into the time of an office that he held.
  const then = Math.max(commit.committer.at, (latestAncestor ?? 0) - SKEW);
  const moments = history === "everything" ? [then] : [then, now];
  return { ref, now, moments, inForce, binding: false, guards: ref !== null && ref === policyRef };
}

function exemptionsOf(policy: Policy, oid: ObjectId, groups: readonly PreparedGroup[]): readonly Exemption[] {
  if (policy.exempt.length === 0) return [];
  return policy.exempt.filter(
    (exemption) =>
      exemption.commit === oid ||
      groups.some((group) => {
        const beyond = group.beyond.get(exemption);
        return beyond !== undefined && !beyond.has(oid);
      }),
  );
}
