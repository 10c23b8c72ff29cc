import type { Decision, ObjectId, ObjectKind, RefName, VerdictCode } from "../model.ts";
import { isEnforced, judgesCommits, rulesOn } from "../policy/applies.ts";
import { decideRef } from "../policy/decide-ref.ts";
import type { Rule } from "../policy/policy.ts";
import type { RefValues } from "../io/refs.ts";
import { collectCommits, isAncestor } from "../io/revisions.ts";
import { decideProblem, decidePush, type Problem } from "../policy/decide-problem.ts";
import { overLimit } from "../policy/limits.ts";
import { isBareTag } from "../policy/rules/update.ts";
import type { RefUpdate } from "./push-input.ts";
import { judgeRange, type JudgingContext, type RuleGroup } from "./range.ts";
import type { ReportSink } from "./sink.ts";
import { judgeTagged, judgeTags, type TagChain } from "./tags.ts";
import type { JudgedTips } from "./tips.ts";

export interface PushContext extends JudgingContext {
  readonly tips: JudgedTips;
  /** Present values of the refs named, read by ourselves; what the pusher says of them is a claim. */
  readonly present: RefValues;
}

/** A push while it is judged. */
interface RunningPush extends PushContext {
  /** Groups of rules with the tip that passed them: the same commit on another ref needs no second walk. */
  readonly settled: Set<string>;
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
  pushed: PushContext,
  updates: readonly RefUpdate[],
  sink: Pick<ReportSink, "decision">,
): Promise<readonly UpdateVerdict[]> {
  const context: RunningPush = { ...pushed, settled: new Set(), judged: new Set() };
  const known = new Map<RefUpdate, { verdict: UpdateVerdict; decisions: readonly Decision[] }>();
  const early = async (update: RefUpdate): Promise<UpdateVerdict> => {
    const done = known.get(update);
    if (done !== undefined) return done.verdict;
    if (isSpent(context)) return unjudged(update);
    const decisions: Decision[] = [];
    const verdict = await judgeUpdate(context, update, noBranches, (decision) => void decisions.push(decision));
    known.set(update, { verdict, decisions });
    return verdict;
  };
  /** An override speaks for its own ref alone. */
  const isPassed = async (update: RefUpdate): Promise<boolean> => {
    const { allowed, lifted } = await early(update);
    return allowed && lifted.length === 0;
  };
  const passedBranches = async (): Promise<readonly ObjectId[]> => {
    const passed: ObjectId[] = [];
    for (const update of updates) {
      if (!update.ref.startsWith("refs/heads/") || update.new === null) continue;
      const judged = rulesOn(context.policy, update.ref, context.now).some((rule) => judgesCommits(rule, context.now));
      if (judged && (await isPassed(update))) passed.push(update.new);
    }
    return passed;
  };
  const verdicts: UpdateVerdict[] = [];
  for (const update of updates) {
    const done = known.get(update);
    for (const decision of done?.decisions ?? []) await sink.decision(decision);
    if (done === undefined && isSpent(context)) {
      verdicts.push(unjudged(update));
      continue;
    }
    verdicts.push(
      done?.verdict ?? (await judgeUpdate(context, update, passedBranches, (decision) => sink.decision(decision))),
    );
  }
  return verdicts;
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
class Verdict {
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
  update: RefUpdate,
  passedBranches: () => Promise<readonly ObjectId[]>,
  emit: (decision: Decision) => void | Promise<void>,
): Promise<UpdateVerdict> {
  const { policy, now } = context;
  const { ref } = update;
  const symbolic = context.present.get(ref)?.symbolic ?? null;
  const names = symbolic === null ? [ref] : [ref, symbolic];
  const rules = [...new Set(names.flatMap((name) => rulesOn(policy, name, now)))];
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
    const subject = { ref, oid: update.new, kind: newKind, rules, mode: "new" } as const;
    const vouchesFor = (commit: ObjectId) => vouches(context, rules, commit, passedBranches);
    const chain = await judgeTags(context, subject, verdict, vouchesFor);
    const bare = rules.filter((rule) => rule.tags !== null && isBareTag({ ref, newKind }, rule));
    targetProblem = await judgeTagged(bare, { oid: update.new, kind: newKind }, vouchesFor);
    const parents = await judgeCommits(context, update, chain, names, rules, verdict);
    forward = await isForward(context, update, newKind, rules, parents);
  }
  await verdict.take(
    decideRef({
      policy,
      ref,
      old: update.old,
      new: update.new,
      newKind,
      fastForward: forward,
      rules,
      policyRef: context.policyRef !== null && names.includes(context.policyRef),
      targetProblem,
      override: context.override ?? null,
      clock: { mode: "new", now, latestAncestor: null },
    }),
  );
  const lifted = [...verdict.lifted].sort();
  const passed = verdict.allowed && lifted.length === 0 ? await rulesPassed(context, update, names, rules) : [];
  const warned = [...verdict.warned].filter((code) => !verdict.lifted.has(code)).sort();
  return { update, allowed: verdict.allowed, rules: passed, forward: forward === true, symbolic, warned, lifted };
}

/**
 * Whether a tagged commit is verified: by the rules of the tag's own ref, which judge it as part of this update, or by
 * the branch rules that judged a branch it lies on, in this push or before.
 */
async function vouches(
  context: PushContext,
  rules: readonly Rule[],
  commit: ObjectId,
  passedBranches: () => Promise<readonly ObjectId[]>,
): Promise<boolean> {
  if (rules.some((rule) => judgesCommits(rule, context.now))) return true;
  const judged = [...context.tips.any];
  if (await isReached(context, commit, judged)) return true;
  return isReached(context, commit, [...judged, ...(await passedBranches())]);
}

async function isReached(context: PushContext, commit: ObjectId, tips: readonly ObjectId[]): Promise<boolean> {
  if (tips.length === 0) return false;
  return (await collectCommits(context.repository, { include: [commit], exclude: tips })).length === 0;
}

/**
 * The rules for which the new value counts as judged on every ref: those that passed it at error level, without leaning
 * on a value that counts for this ref alone. Otherwise what nobody judged would travel on under a signed tip.
 */
async function rulesPassed(
  context: PushContext,
  update: RefUpdate,
  names: readonly RefName[],
  rules: readonly Rule[],
): Promise<readonly string[]> {
  const passed: string[] = [];
  for (const rule of rules) {
    if (update.new === null || rule.commits === null || !isEnforced(rule.commits, context.now)) continue;
    const shared = context.tips.shared(rule);
    const own = names.flatMap((name) => [...context.tips.own(rule, name)]).filter((oid) => !shared.has(oid));
    if (own.length === 0 || (await leansOnNothing(context, update.new, [...shared], own))) passed.push(rule.name);
  }
  return passed;
}

async function leansOnNothing(
  context: PushContext,
  tip: ObjectId,
  shared: readonly ObjectId[],
  own: readonly ObjectId[],
): Promise<boolean> {
  const [all, judged] = await Promise.all([
    collectCommits(context.repository, { include: [tip], exclude: shared }),
    collectCommits(context.repository, { include: [tip], exclude: [...shared, ...own] }),
  ]);
  return all.length === judged.length;
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
  update: RefUpdate,
  chain: TagChain,
  names: readonly RefName[],
  rules: readonly Rule[],
  verdict: Verdict,
): Promise<ReadonlySet<ObjectId>> {
  const parents = new Set<ObjectId>();
  const tip = chain.target?.kind === "commit" ? chain.target.oid : null;
  if (tip === null) return parents;
  const keyOf = (group: RuleGroup): string =>
    JSON.stringify([tip, group.rules.map((rule) => rule.name), group.exclude]);
  const groups = groupByTips(context, rules, names).filter(
    (group) => !group.exclude.includes(tip) && !context.settled.has(keyOf(group)),
  );
  if (groups.length === 0) return parents;
  let allowed = true;
  const most = context.policy.limits.commits;
  const range = { ref: update.ref, include: [tip], groups, history: [...context.tips.any], most };
  for await (const { decision, parents: met } of judgeRange(context, range)) {
    for (const parent of met) if (parent === update.old) parents.add(parent);
    allowed &&= decision.allow && decision.lifted === undefined;
    await verdict.take(decision);
    if (decision.subject.oid !== null) context.judged.add(decision.subject.oid);
    if (!isSpent(context)) continue;
    await verdict.take(decidePush(overLimit("commits", context.policy.limits)));
    return parents;
  }
  // One denial refuses the whole push, so what passed once need not pass again.
  if (allowed) for (const group of groups) context.settled.add(keyOf(group));
  return parents;
}

function groupByTips(context: PushContext, rules: readonly Rule[], names: readonly RefName[]): readonly RuleGroup[] {
  const groups = new Map<string, { rules: Rule[]; exclude: readonly ObjectId[] }>();
  for (const rule of rules) {
    if (rule.commits === null) continue;
    const own = names.flatMap((name) => [...context.tips.own(rule, name)]);
    const exclude = [...new Set([...context.tips.shared(rule), ...own])].sort();
    const key = exclude.join(" ");
    const group = groups.get(key) ?? { rules: [], exclude };
    group.rules.push(rule);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Null where there is no old commit to compare with, or where nobody asks. */
async function isForward(
  context: PushContext,
  update: RefUpdate,
  newKind: ObjectKind,
  rules: readonly Rule[],
  parents: ReadonlySet<ObjectId>,
): Promise<boolean | null> {
  if (update.old === null || update.new === null || newKind !== "commit") return null;
  if (update.old === update.new || parents.has(update.old)) return true;
  const asked = context.policyRef !== null || rules.some((rule) => rule.updates.force === "deny");
  if (!asked) return null;
  if ((await context.examiner.kind(update.old)) !== "commit") return false;
  return isAncestor(context.repository, update.old, update.new);
}
