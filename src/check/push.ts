import type { Decision, ObjectId, ObjectKind, RefName, VerdictCode } from "../model.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import { decideRef } from "../policy/decide-ref.ts";
import { pushedApprovalsOwner } from "../policy/approval-refs.ts";
import type { Rule } from "../policy/policy.ts";
import type { RefValues } from "../io/refs.ts";
import { decideProblem, decidePush, type Problem } from "../policy/decide-problem.ts";
import { overLimit } from "../policy/limits.ts";
import { isBareTag } from "../policy/rules/update.ts";
import type { RefUpdate } from "./push-input.ts";
import type { LentTips } from "./lent-tips.ts";
import { type PlannedGroup, type PlannedUpdate, PushPlan } from "./push-plan.ts";
import { judgeRange, type JudgingContext, tellsSides } from "./range.ts";
import type { ReportSink } from "./sink.ts";
import { judgeTagged, judgeTags, type TagChain } from "./tags.ts";
import type { JudgedTips } from "./tips.ts";
import { AncestorDates } from "./walk.ts";

export interface PushContext extends JudgingContext {
  readonly tips: JudgedTips;
  /** Present values of the refs named, read by ourselves; what the pusher says of them is a claim. */
  readonly present: RefValues;
}

/** A push while it is judged. */
interface RunningPush extends PushContext {
  readonly plan: PushPlan;
  /**
   * By rules and tips, commits that passed them with nothing to remark: on another ref they need no second look. Where
   * rules ask other things of the first-parent line than of sides, only a tip with its whole range.
   */
  readonly settled: Map<string, Set<ObjectId>>;
  /** Commits judged so far, whatever the ref; once they are more than the policy's limit nothing more is judged. */
  readonly judged: Set<ObjectId>;
}

/** What became of one update; `rules` are those that passed it at error level and may remember it as judged. */
export interface UpdateVerdict {
  readonly update: RefUpdate;
  readonly allowed: boolean;
  readonly rules: readonly string[];
  readonly forward: boolean;
  /** For a symbolic ref the ref it names, which moves with it. */
  readonly symbolic: RefName | null;
  /** Codes of what was found and let through: warnings, and errors that an exemption forgave. */
  readonly warned: readonly VerdictCode[];
  /** Codes that an override lifted: what stands there now was judged by nobody. */
  readonly lifted: readonly VerdictCode[];
}

/**
 * Judges every update of a push, in the order given, and reports every commit, tag and ref it had to look at.
 * A push passes only as a whole; the verdicts tell which ref would not.
 *
 * @throws GitError when git fails: never an answer
 */
export async function judgePush(
  given: PushContext,
  updates: readonly RefUpdate[],
  sink: Pick<ReportSink, "decision">,
): Promise<readonly UpdateVerdict[]> {
  const lent = await lending(given, updates);
  const pushed = lent === null ? given : { ...given, tips: lent.beside(given.tips) };
  const shared = { dates: new AncestorDates(pushed.outlines), judged: new Set<ObjectId>() };
  const begin = (): RunningPush => ({
    ...pushed,
    ...shared,
    plan: new PushPlan(pushed, updates),
    settled: new Map(),
  });
  let context = begin();
  const known = new Map<RefUpdate, { verdict: UpdateVerdict; decisions: readonly Decision[] }>();
  const early = async (planned: PlannedUpdate): Promise<UpdateVerdict> => {
    const done = known.get(planned.update);
    if (done !== undefined) return done.verdict;
    if (isSpent(context)) return unjudged(planned.update);
    const decisions: Decision[] = [];
    const verdict = await judgeUpdate(context, planned, noBranches, (decision) => void decisions.push(decision));
    known.set(planned.update, { verdict, decisions });
    return verdict;
  };
  /** An override speaks for its own ref alone. */
  const isPassed = async (planned: PlannedUpdate): Promise<boolean> => {
    const { allowed, lifted } = await early(planned);
    return allowed && lifted.length === 0;
  };
  const passing = async (): Promise<readonly ObjectId[]> => {
    const passed: ObjectId[] = [];
    for (const planned of context.plan.updates) {
      const { update } = planned;
      if (!update.ref.startsWith("refs/heads/") || update.new === null) continue;
      const judged = rulesOn(context.policy, update.ref, context.now).some((rule) => judgesCommits(rule, context.now));
      if (judged && (await isPassed(planned))) passed.push(update.new);
    }
    return passed;
  };
  let passed: Promise<readonly ObjectId[]> | null = null;
  const passedBranches = (): Promise<readonly ObjectId[]> => (passed ??= passing());
  await lent?.lend(context.plan.updates, {
    verdictOf: early,
    // A plan keeps what it was told of a rule's tips.
    lent: () => void (context = begin()),
  });
  const verdicts: UpdateVerdict[] = [];
  for (const planned of context.plan.updates) {
    const done = known.get(planned.update);
    for (const decision of done?.decisions ?? []) await sink.decision(decision);
    if (done === undefined && isSpent(context)) {
      verdicts.push(unjudged(planned.update));
      continue;
    }
    verdicts.push(
      done?.verdict ?? (await judgeUpdate(context, planned, passedBranches, (decision) => sink.decision(decision))),
    );
  }
  return verdicts;
}

/** Only where a rule may borrow: what it takes is loaded for nobody else. */
async function lending({ policy, now }: PushContext, updates: readonly RefUpdate[]): Promise<LentTips | null> {
  if (updates.length < 2 || policy.rules.every(({ commits }) => (commits?.base.length ?? 0) === 0)) return null;
  const { LentTips } = await import("./lent-tips.ts");
  return new LentTips(policy, now);
}

/** The push is denied already, by a decision that says why. */
const isSpent = ({ judged, policy }: RunningPush): boolean => judged.size > policy.limits.commits;

const unjudged = (update: RefUpdate): UpdateVerdict => ({
  update,
  allowed: false,
  rules: [],
  warned: [],
  lifted: [],
  forward: false,
  symbolic: null,
});

const noBranches = (): Promise<readonly ObjectId[]> => Promise.resolve([]);

/** Takes decisions and remembers whether all of them allow, and what they let through. */
export class Verdict {
  allowed = true;
  readonly warned = new Set<VerdictCode>();
  readonly lifted = new Set<VerdictCode>();
  readonly #emit: (decision: Decision) => void | Promise<void>;
  constructor(emit: (decision: Decision) => void | Promise<void>) {
    this.#emit = emit;
  }
  async take(decision: Decision): Promise<void> {
    if (!decision.allow) this.allowed = false;
    for (const { code, severity } of decision.findings) if (severity === "warning") this.warned.add(code);
    for (const code of decision.lifted ?? []) this.lifted.add(code);
    await this.#emit(decision);
  }
}

async function judgeUpdate(
  context: RunningPush,
  planned: PlannedUpdate,
  passedBranches: () => Promise<readonly ObjectId[]>,
  emit: (decision: Decision) => void | Promise<void>,
): Promise<UpdateVerdict> {
  const { policy, now } = context;
  const { update, names, rules, symbolic } = planned;
  const { ref } = update;
  const verdict = new Verdict(emit);
  const present = context.present.get(ref)?.oid ?? null;
  if (present !== update.old) {
    await verdict.take(
      decideProblem(
        { kind: "ref", oid: update.new, ref },
        movedRef(present),
        rules.map((rule) => rule.name),
      ),
    );
    return { update, allowed: false, rules: [], forward: false, symbolic, warned: [], lifted: [] };
  }
  const newKind = update.new === null ? null : ((await context.examiner.kind(update.new)) ?? "missing");
  let forward: boolean | null = null;
  let targetProblem: Problem | null = null;
  if (update.new !== null && newKind !== "missing" && newKind !== null) {
    // A tag bears the name of the ref that comes to hold it.
    const subject = { ref: symbolic ?? ref, oid: update.new, kind: newKind, rules, mode: "new" } as const;
    const vouchesFor = (commit: ObjectId) => vouches(context, rules, commit, passedBranches);
    const chain = await judgeTags(context, subject, verdict, vouchesFor);
    const bare = rules.filter((rule) => rule.tags !== null && isBareTag({ ref, newKind }, rule));
    targetProblem = await judgeTagged(bare, { oid: update.new, kind: newKind }, vouchesFor);
    const parents = await judgeCommits(context, planned, chain, verdict);
    forward = await isForward(context, planned, newKind, parents);
  }
  const owner = pushedApprovalsOwner(ref);
  if (owner !== null) {
    const { judgeApprovalPush } = await import("./approval-push.ts");
    forward = await judgeApprovalPush(context, update, owner, verdict);
  }
  await verdict.take(
    decideRef({
      policy,
      ref,
      old: update.old,
      new: update.new,
      newKind,
      symbolic,
      fastForward: forward,
      rules,
      approvals: owner !== null,
      policyRef: context.policyRef !== null && names.includes(context.policyRef),
      targetProblem,
      override: context.override ?? null,
      clock: { mode: "new", now, latestAncestor: null },
    }),
  );
  const lifted = [...verdict.lifted].sort();
  const passed = verdict.allowed && lifted.length === 0 ? await context.plan.rulesPassed(planned) : [];
  const warned = [...verdict.warned].filter((code) => !verdict.lifted.has(code)).sort();
  return { update, allowed: verdict.allowed, rules: passed, forward: forward === true, symbolic, warned, lifted };
}

/**
 * Whether a tagged commit is verified: by the rules of the tag's own ref, which judge it as part of this update, or by
 * the branch rules that judged a branch it lies on, in this push or before.
 */
async function vouches(
  context: RunningPush,
  rules: readonly Rule[],
  commit: ObjectId,
  passedBranches: () => Promise<readonly ObjectId[]>,
): Promise<boolean> {
  if (rules.some((rule) => judgesCommits(rule, context.now))) return true;
  const { plan, tips } = context;
  if (await plan.isReached(commit, "judged", () => [...tips.any])) return true;
  const passed = await passedBranches();
  return passed.length > 0 && plan.isReached(commit, `passed ${passed.length}`, () => [...tips.any, ...passed]);
}

const movedRef = (present: ObjectId | null) =>
  ({
    code: "bad-input",
    message: `the push names an old value that this ref does not have; it ${present === null ? "does not exist" : `stands at ${present}`}`,
    hint: "git fetch, and push again",
  }) as const;

/** Judges what the new value brings in under each rule. Returns the parents met, which prove a fast-forward for nothing. */
async function judgeCommits(
  context: RunningPush,
  planned: PlannedUpdate,
  chain: TagChain,
  verdict: Verdict,
): Promise<ReadonlySet<ObjectId>> {
  const { update } = planned;
  const parents = new Set<ObjectId>();
  const tip = chain.target?.kind === "commit" ? chain.target.oid : null;
  if (tip === null) return parents;
  const groups = await unsettled(context, planned, tip);
  if (groups.length === 0) return parents;
  const most = context.policy.limits.commits;
  const range = { ref: update.ref, include: [tip], groups, history: await context.plan.history(), most };
  let clean = true;
  const passed: ObjectId[] = [];
  for await (const { decision, parents: met } of judgeRange(context, range)) {
    for (const parent of met) if (parent === update.old) parents.add(parent);
    clean &&= decision.allow && decision.findings.length === 0 && decision.lifted === undefined;
    await verdict.take(decision);
    if (decision.subject.oid !== null) {
      context.judged.add(decision.subject.oid);
      passed.push(decision.subject.oid);
    }
    if (!isSpent(context)) continue;
    await verdict.take(decidePush(overLimit("commits", context.policy.limits)));
    return parents;
  }
  // One denial refuses the whole push, so what passed once need not pass again.
  if (clean) settle(context, groups, tip, passed);
  return parents;
}

/** The groups under which something of the new value is still to be judged. */
async function unsettled(
  context: RunningPush,
  planned: PlannedUpdate,
  tip: ObjectId,
): Promise<readonly PlannedGroup[]> {
  const open: PlannedGroup[] = [];
  for (const group of context.plan.groups(planned)) {
    const settled = context.settled.get(group.key);
    if (group.shared.tips.has(tip) || group.own.includes(tip) || settled?.has(tip) === true) continue;
    const known = await context.plan.known(group, tip, group.rules.some(tellsSides) ? undefined : settled);
    if (known === null) open.push(group);
    else if (known.commits.length > 0) open.push({ ...group, known });
  }
  return open;
}

function settle(
  { settled }: RunningPush,
  groups: readonly PlannedGroup[],
  tip: ObjectId,
  passed: readonly ObjectId[],
): void {
  for (const group of groups) {
    const known = settled.get(group.key) ?? new Set();
    settled.set(group.key, known.add(tip));
    if (group.known === undefined || group.rules.some(tellsSides)) continue;
    // What was judged for another group alone is not this group's to settle.
    const own = new Set(group.known.commits);
    for (const oid of passed) if (own.has(oid)) known.add(oid);
  }
}

/** Null where there is no old commit to compare with, or where nobody asks. */
async function isForward(
  context: RunningPush,
  planned: PlannedUpdate,
  newKind: ObjectKind,
  parents: ReadonlySet<ObjectId>,
): Promise<boolean | null> {
  const { update, rules } = planned;
  if (update.old === null || update.new === null || newKind !== "commit") return null;
  if (update.old === update.new || parents.has(update.old)) return true;
  const asked = context.policyRef !== null || rules.some((rule) => rule.updates.force === "deny");
  if (!asked) return null;
  if ((await context.examiner.kind(update.old)) !== "commit") return false;
  return context.plan.reachesOld(planned, update.old, update.new);
}
