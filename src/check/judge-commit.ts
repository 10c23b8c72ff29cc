import type { Commit, Decision, Evidence, ObjectId, RefName } from "../model.ts";
import type { JudgingClock } from "../policy/clock.ts";
import { decideCommit, type AppliedRule } from "../policy/decide-commit.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { ownerOf } from "../policy/emails.ts";
import type { Fix } from "../policy/fixes.ts";
import type { PolicyEdit } from "../policy/policy-edit.ts";
import type { Exemption, Rule } from "../policy/policy.ts";
import { rescuesFor, withRescue } from "../policy/rescue.ts";
import type { Anchors } from "../signature/anchors.ts";
import { assertApprovals, findFacts, type CommitFacts } from "./commit-facts.ts";
import type { Mending } from "./mending.ts";
import { openExemptions } from "./open-exemptions.ts";
import type { JudgingContext } from "./range.ts";
import type { Touched, TouchedPaths } from "./touched-paths.ts";

/** A commit whose signature was examined, and the rules that may govern it. */
export interface CommitQuestion {
  readonly commit: Commit;
  readonly evidence: readonly Evidence[];
  /** The ref it is judged for. */
  readonly ref: RefName | null;
  /** Rules for paths included, whatever it touches. */
  readonly applied: readonly AppliedRule[];
  readonly clock: JudgingClock;
  /** How it changes the policy; null where it does not. */
  readonly policyEdit: PolicyEdit | null;
  /** The keys of the policy that it leaves behind; asked for where it changes the policy. */
  readonly newer: () => Promise<Anchors | null>;
  readonly exemptions: readonly Exemption[];
  /** Nothing of it arrives now: who was not asked for approvals cannot say that they are missing. */
  readonly audit: boolean;
  /** Null where nobody will read what mends it. */
  readonly mending: Mending | null;
  /** Null where no rule is for paths. */
  readonly paths: TouchedPaths | null;
  /** Its parents but those that nobody judged, for which it vouches. */
  readonly judgedParents?: readonly ObjectId[];
}

/**
 * Judges one commit by one policy, after asking the repository what the rules in question need to know: which paths it
 * changes, who approves it, what a forge made of it, and, where it is denied, what would mend it. Whoever judges a commit,
 * in a range, in a push or in a chain from a trust root, comes here.
 *
 * @throws GitError, SignpolicyError ERR_APPROVALS_MISSING
 */
export function judgeCommit(context: JudgingContext, question: CommitQuestion): Decision | Promise<Decision> {
  const { evidence, exemptions, policyEdit, paths, applied } = question;
  return exemptions.length === 0 && policyEdit === null && paths === null
    ? judgeByFacts(context, question, { evidence, exemptions, rescues: NO_RESCUES, applied })
    : judgeSpecial(context, question);
}

/** A commit by what is known of it so far: which evidence, exemptions and rules count. */
interface Known {
  readonly evidence: readonly Evidence[];
  readonly exemptions: readonly Exemption[];
  readonly rescues: readonly Exemption[];
  readonly applied: readonly AppliedRule[];
}

const NO_RESCUES: readonly Exemption[] = [];

/** One that an exemption may name, that changes the policy, or whose paths count. */
async function judgeSpecial(context: JudgingContext, question: CommitQuestion): Promise<Decision> {
  const { commit, clock, paths, policyEdit } = question;
  const exemptions =
    question.exemptions.length === 0
      ? question.exemptions
      : await openExemptions(context, question.exemptions, commit.oid, clock);
  const rescues = rescuesFor(question.evidence, exemptions, commit.oid, clock);
  const renewed = policyEdit === null ? question.evidence : await renewedEvidence(context, question);
  const evidence = await rescuedEvidence(context, "commit", commit.oid, renewed, rescues);
  const rules = question.applied.flatMap(({ rule }) => (isForPaths(rule) ? [rule] : []));
  const touched = paths === null ? null : await paths.by(commit, rules, question.judgedParents);
  if (touched !== null && "code" in touched) return deny(question, touched);
  return judgeByFacts(context, question, {
    evidence,
    exemptions,
    rescues,
    applied: touching(question.applied, touched),
  });
}

const deny = ({ commit, ref, applied }: CommitQuestion, problem: Problem): Decision =>
  decideProblem({ kind: "commit", oid: commit.oid, ref }, problem, [...new Set(applied.map(({ rule }) => rule.name))]);

function judgeByFacts(context: JudgingContext, question: CommitQuestion, known: Known): Decision | Promise<Decision> {
  const { commit, ref, policyEdit, clock } = question;
  const facts = findFacts(context, ref, commit, known.evidence, known.applied, policyEdit, clock);
  return facts instanceof Promise
    ? facts.then((found) => decide(context, question, known, found))
    : decide(context, question, known, facts);
}

function decide(
  context: JudgingContext,
  question: CommitQuestion,
  { evidence, exemptions, rescues }: Known,
  facts: CommitFacts | Problem,
): Decision | Promise<Decision> {
  if ("code" in facts) return deny(question, facts);
  const { commit, ref, clock, policyEdit, mending } = question;
  const input = {
    policy: context.policy,
    commit,
    ref,
    evidence,
    applied: facts.applied,
    forge: facts.forge,
    clock,
    policyEdit,
    approvedBy: facts.approvedBy,
    exemptions,
    override: context.override ?? null,
  };
  const decision = withRescue(decideCommit(input), rescues);
  // The command that mends it costs a look at the history, so only what must be mended is decided with it.
  if (decision.allow || mending === null) return decision;
  const mended = async (): Promise<Decision> => {
    if (question.audit) await assertApprovals(context, decision, facts);
    const fix = {
      ...(await mending.fixFor(commit)),
      ...(await otherKeys(context, commit, evidence)),
      ...(await fetching(context, decision)),
    };
    return decideCommit({ ...input, fix });
  };
  return mended();
}

/** A key that the policy does not have, or no longer takes, is often the wrong one of several. */
async function otherKeys(
  { policy, signWith }: JudgingContext,
  { committer }: Commit,
  evidence: readonly Evidence[],
): Promise<Pick<Fix, "signWith">> {
  const owner = ownerOf(policy, committer.email);
  if (signWith === undefined || owner === null || !evidence.some(isOfAnotherKey)) return {};
  return { signWith: await signWith(owner.id) };
}

async function fetching({ fetchesApprovals }: JudgingContext, { findings }: Decision): Promise<Partial<Fix>> {
  if (fetchesApprovals === undefined || findings.every(({ code }) => code !== "threshold-unmet")) return {};
  const fetches = await fetchesApprovals();
  return fetches === null ? {} : { fetchesApprovals: fetches };
}

function isOfAnotherKey(evidence: Evidence): boolean {
  const code = evidence.outcome === "verified" ? evidence.lapsed?.code : evidence.code;
  return code === "unknown-key" || code === "key-retired" || code === "key-revoked";
}

/**
 * A certificate that had lapsed and is renewed in this very commit verifies it: its owner says so with the same key. What the
 * commit brings of other keys, or against this one, does not count for it.
 */
async function renewedEvidence(
  { examiner }: JudgingContext,
  { commit, evidence, policyEdit, newer }: CommitQuestion,
): Promise<readonly Evidence[]> {
  const expired = evidence.every((one) => one.outcome === "refuted" && one.code === "key-expired");
  if (policyEdit === null || !expired) return evidence;
  const anchors = await newer();
  const renewed = anchors === null ? null : await examiner.renewed(commit.oid, anchors);
  return renewed?.some(({ outcome }) => outcome === "verified") === true ? renewed : evidence;
}

/** The evidence as it is where the policy lets stand what a compromised key signed here. */
export async function rescuedEvidence(
  { examiner }: JudgingContext,
  kind: "commit" | "tag",
  oid: ObjectId,
  evidence: readonly Evidence[],
  rescues: readonly Exemption[],
): Promise<readonly Evidence[]> {
  if (rescues.length === 0) return evidence;
  const found = await examiner.rescued(oid, kind, new Set(rescues.flatMap(({ key }) => key ?? [])));
  return found.length === 0 ? evidence : found;
}

export const isForPaths = (rule: Rule): boolean => rule.paths !== null && rule.commits !== null;

export async function openPaths({ trees, outlines, repository }: JudgingContext): Promise<TouchedPaths> {
  const { TouchedPaths } = await import("./touched-paths.ts");
  return new TouchedPaths(trees, outlines, repository);
}

/** `touched` is null where no rule is for paths. */
function touching(applied: readonly AppliedRule[], touched: Touched | null): readonly AppliedRule[] {
  if (touched === null) return applied;
  return applied.flatMap((asking): AppliedRule[] => {
    const touches = touched.get(asking.rule);
    if (touches !== undefined) return [{ ...asking, touches }];
    return isForPaths(asking.rule) ? [] : [asking];
  });
}
