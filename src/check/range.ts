import { ParseError } from "../errors.ts";
import type { Commit, Decision, ObjectId, RefName, Seconds } from "../model.ts";
import type { Repository } from "../io/git.ts";
import { collectCommits, isAncestor, listSomeCommits } from "../io/revisions.ts";
import type { ObjectReader } from "../io/objects.ts";
import { SKEW } from "../policy/clock.ts";
import type { AppliedRule } from "../policy/decide-commit.ts";
import { isSameSelector } from "../policy/membership.ts";
import type { Exemption, Policy, Rule } from "../policy/policy.ts";
import type { PolicyEdit } from "../policy/policy-edit.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { SignWith } from "../policy/fixes.ts";
import type { Override } from "../policy/override.ts";
import type { Approvals } from "./approvals.ts";
import type { Examiner } from "./examiner.ts";
import { isForPaths, judgeCommit, openPaths } from "./judge-commit.ts";
import { Mending } from "./mending.ts";
import { objectProblem } from "./object-problem.ts";
import type { Outlines } from "./outlines.ts";
import { NO_SUSPECTS, type PolicyChanges, type Suspects } from "./policy-changes.ts";
import type { EarlyListing } from "./early-listing.ts";
import type { KnownRange } from "./shared-walk.ts";
import type { StraightLine } from "./straight-line.ts";
import { isPartOf, type Tips } from "./tip-set.ts";
import type { TouchedPaths } from "./touched-paths.ts";
import type { TreeWalker } from "./trees.ts";
import type { EditTerms } from "./policy-edits.ts";
import type { Arrived } from "./witness.ts";
import { type AncestorDates, walkCommits, type Walked } from "./walk.ts";

export interface JudgingContext {
  readonly repository: Repository;
  readonly reader: ObjectReader;
  readonly examiner: Examiner;
  readonly outlines: Outlines;
  readonly policy: Policy;
  readonly trees: TreeWalker;
  /** Null where the policy lies outside the repository: then no commit changes it. */
  readonly changes: PolicyChanges | null;
  /** The ref that the policy in force is read from, null for an administrator's file. */
  readonly policyRef: RefName | null;
  readonly now: Seconds;
  /** What a record shows arrived before a moment; null where there is none. */
  readonly arrived: Arrived | null;
  /** Opened where a rule asks for approvals. */
  readonly approvals: () => Promise<Approvals>;
  /** For a push: asked for the commits before git is. */
  readonly line?: StraightLine | undefined;
  /** For an audit: what git was told to list before the policy was read. */
  readonly early?: EarlyListing | undefined;
  /** Of the push that is judged. */
  readonly override?: Override | null;
  /** Asked for a commit that is denied for its key: what a principal could sign with instead. */
  readonly signWith?: (principal: string) => Promise<SignWith>;
  /** Of earlier ranges of the same push. */
  readonly dates?: AncestorDates;
  /** All of it is what a merge will bring in: no commit stands on the first-parent line. */
  readonly byMerge?: boolean;
}

/** Rules that ask about the same commits: all that the range includes and `exclude` does not reach. */
export interface RuleGroup {
  readonly rules: readonly Rule[];
  readonly exclude: readonly ObjectId[] | Tips;
  /** The range, where it was found out already; without what need not be judged again. */
  readonly known?: KnownRange;
}

export interface RangeToJudge {
  /** The ref whose rules judge. */
  readonly ref: RefName | null;
  readonly include: readonly ObjectId[];
  readonly groups: readonly RuleGroup[];
  /** Commits that these reach are history; `everything` where only the past is judged. */
  readonly history: Tips | { readonly fresh: ReadonlySet<ObjectId> } | "everything";
  /** Judge the commits in `include` alone, not their history. */
  readonly only?: boolean;
  /** Of more commits than this not all need be yielded: the caller denies them unread. */
  readonly most?: number;
}

export interface JudgedCommit {
  readonly decision: Decision;
  readonly parents: readonly ObjectId[];
}

/**
 * Judges the commits of a range, ancestors first, each by the rules whose group holds it. Yields a decision for every
 * commit: what cannot be read is denied by name, nothing is skipped.
 *
 * @throws GitError when git cannot list the commits
 */
export async function* judgeRange(context: JudgingContext, range: RangeToJudge): AsyncGenerator<JudgedCommit> {
  const groups = await Promise.all(range.groups.map((group) => prepareGroup(context, range, group)));
  const isNew = await prepareClock(context, range, groups);
  const mending = new Mending(context.repository, range.include, range.only !== true);
  const paths = range.groups.some(({ rules }) => rules.some(isForPaths)) ? await openPaths(context) : null;
  const { examiner, outlines, dates } = context;
  // In a history nothing is gone through twice; refs of one push bring in the same commits.
  const examine = (oid: ObjectId) => (range.history === "everything" ? examiner.commitOnce(oid) : examiner.commit(oid));
  for (const { suspects } of groups) suspects.expect(expected(context, range, groups));
  for await (const walked of walkCommits(
    counted(inOrder(context, range, groups), groups),
    examine,
    outlines,
    dates,
    isNew,
  )) {
    const holding =
      groups.length === 1 && groups[0]?.commits === null
        ? groups
        : groups.filter((group) => group.commits === null || group.commits.has(walked.oid));
    yield await judge(context, range, walked, holding, isNew(walked.oid) ? "new" : "history", { mending, paths });
  }
}

/** What is asked of the repository about some commits only. */
interface Means {
  readonly mending: Mending;
  /** Null where no rule is for paths. */
  readonly paths: TouchedPaths | null;
}

/** Commits that git was asked for before, and is long in listing. */
function expected({ early }: JudgingContext, { include }: RangeToJudge, groups: readonly PreparedGroup[]): number {
  const [only] = groups;
  if (early === undefined || only?.commits !== null) return 0;
  return early.expected({ include, exclude: [...only.exclude] });
}

/** Tells the groups how many commits are known to come. */
async function* counted(
  lists: AsyncIterable<readonly ObjectId[]>,
  groups: readonly PreparedGroup[],
): AsyncGenerator<readonly ObjectId[]> {
  let count = 0;
  for await (const list of lists) {
    count += list.length;
    for (const { suspects } of groups) suspects.expect(count);
    yield list;
  }
}

interface PreparedGroup {
  readonly rules: readonly Rule[];
  readonly exclude: Tips;
  /** Members, ancestors first; null where the group is the only one and is streamed instead. */
  readonly commits: ReadonlySet<ObjectId> | null;
  /** The first-parent line, null where no rule tells it from the sides. */
  readonly line: ReadonlySet<ObjectId> | null;
  readonly suspects: Suspects;
  /** Its rules as they apply to a commit on the line, and to one on a side. */
  readonly onLine: readonly AppliedRule[];
  readonly onSide: readonly AppliedRule[];
  /** For each exemption by reachability: commits of the group that it does not cover. */
  readonly beyond: ReadonlyMap<Exemption, ReadonlySet<ObjectId>>;
}

async function prepareGroup(context: JudgingContext, range: RangeToJudge, group: RuleGroup): Promise<PreparedGroup> {
  const { repository, policy } = context;
  if (range.only === true) return prepareNamed(context, range, group);
  if (group.known !== undefined) return prepareKnown(context, group, group.known);
  const commits = new ListedRange(range.include, group.exclude);
  const asksSides = group.rules.some(tellsSides);
  const isLine = asksSides && context.byMerge !== true;
  const bound = range.most === undefined ? [] : [`--max-count=${range.most + 1}`];
  const [members, line, beyond] = await Promise.all([
    range.groups.length === 1 ? null : collectCommits(repository, commits, bound),
    isLine ? collectCommits(repository, commits, ["--first-parent", ...bound]) : asksSides ? [] : null,
    coverage(context, commits, policy.exempt, bound),
  ]);
  return {
    ...placed(group.rules),
    ...group,
    exclude: asTips(group.exclude),
    commits: members === null ? null : new Set(members),
    line: line === null ? null : new Set(line),
    suspects: context.changes?.within(commits) ?? NO_SUSPECTS,
    beyond,
  };
}

/** A range for git, of which the end is listed where git is asked and not before. */
class ListedRange {
  readonly include: readonly ObjectId[];
  readonly #exclude: readonly ObjectId[] | Tips;
  #list: readonly ObjectId[] | null = null;

  constructor(include: readonly ObjectId[], exclude: readonly ObjectId[] | Tips) {
    this.include = include;
    this.#exclude = exclude;
  }

  get exclude(): readonly ObjectId[] {
    return (this.#list ??= [...this.#exclude]);
  }
}

const asTips = (oids: readonly ObjectId[] | Tips): Tips => (isList(oids) ? new Set(oids) : oids);

const isList = (oids: readonly ObjectId[] | Tips): oids is readonly ObjectId[] => Array.isArray(oids);

async function prepareKnown(context: JudgingContext, group: RuleGroup, known: KnownRange): Promise<PreparedGroup> {
  const beyond = new Map<Exemption, ReadonlySet<ObjectId>>();
  for (const exemption of context.policy.exempt) {
    const from = exemption.reachableFrom;
    if (from === null || (await context.examiner.kind(from)) !== "commit") continue;
    beyond.set(exemption, await known.beyond(from));
  }
  const asksSides = group.rules.some(tellsSides);
  const line = asksSides ? (context.byMerge === true ? NO_LINE : known.line()) : null;
  const { commits, suspects } = known;
  const exclude = asTips(group.exclude);
  return { ...placed(group.rules), ...group, exclude, commits: new Set(commits), line, suspects, beyond };
}

const NO_LINE: ReadonlySet<ObjectId> = new Set();

/** Whether a rule asks something else of what merges bring in than of the first-parent line. */
export const tellsSides = ({ commits }: Rule): boolean =>
  commits !== null && !isSameSelector(commits.signedBy, commits.side);

/** Commits named one by one all stand on the line; whether they touch the policy is found out for each. */
async function prepareNamed(context: JudgingContext, range: RangeToJudge, group: RuleGroup): Promise<PreparedGroup> {
  const named = new Set(range.include);
  const beyond = new Map<Exemption, ReadonlySet<ObjectId>>();
  for (const exemption of context.policy.exempt) {
    const from = exemption.reachableFrom;
    if (from === null || (await context.examiner.kind(from)) !== "commit") continue;
    const covered = await Promise.all(range.include.map((oid) => isAncestor(context.repository, oid, from)));
    beyond.set(exemption, new Set(range.include.filter((_, index) => covered[index] !== true)));
  }
  const suspects = context.changes === null ? NO_SUSPECTS : ALL;
  const exclude = asTips(group.exclude);
  return { ...placed(group.rules), ...group, exclude, commits: named, line: null, suspects, beyond };
}

const ALL: Suspects = { expect: () => undefined, mayTouch: () => true };

const placed = (rules: readonly Rule[]): { readonly onLine: AppliedRule[]; readonly onSide: AppliedRule[] } => ({
  onLine: rules.map((rule) => ({ rule, place: "line" })),
  onSide: rules.map((rule) => ({ rule, place: "side" })),
});

/** An exemption whose commit this repository does not hold covers nothing. */
async function coverage(
  context: JudgingContext,
  range: Pick<ListedRange, "exclude" | "include">,
  exemptions: readonly Exemption[],
  bound: readonly string[],
): Promise<ReadonlyMap<Exemption, ReadonlySet<ObjectId>>> {
  const found = new Map<Exemption, ReadonlySet<ObjectId>>();
  for (const exemption of exemptions) {
    const from = exemption.reachableFrom;
    if (from === null || (await context.examiner.kind(from)) !== "commit") continue;
    const { include } = range;
    const exclude = [...range.exclude, from];
    const beyond = await collectCommits(context.repository, { include, exclude }, bound);
    found.set(exemption, new Set(beyond));
  }
  return found;
}

/**
 * Ancestors first over all groups. What one group holds and an earlier one does not is reached by the earlier one's
 * excluded tips, and so are its ancestors: it comes before everything that the earlier groups hold.
 */
async function* inOrder(
  context: JudgingContext,
  range: RangeToJudge,
  groups: readonly PreparedGroup[],
): AsyncGenerator<readonly ObjectId[]> {
  const [only] = groups;
  if (only?.commits === null) {
    const line = await context.line?.list(range.include, only.exclude);
    if (line) {
      yield line;
      return;
    }
    const asked = { include: range.include, exclude: [...only.exclude] };
    yield* context.early?.take(asked) ?? listSomeCommits(context.repository, asked);
    return;
  }
  for (const [index, group] of [...groups.entries()].reverse()) {
    const earlier = groups.slice(0, index);
    yield [...(group.commits ?? [])].filter((oid) => !earlier.some((other) => other.commits?.has(oid)));
  }
}

async function prepareClock(
  context: JudgingContext,
  range: RangeToJudge,
  groups: readonly PreparedGroup[],
): Promise<(oid: ObjectId) => boolean> {
  if (range.history === "everything") return () => false;
  const { history } = range;
  if ("fresh" in history) return (oid) => history.fresh.has(oid);
  // A server may hold a hundred thousand judged tips: each is looked for in a set, not in a list of as many.
  const allNew = groups.every(({ exclude }) => isPartOf(history, exclude));
  if (allNew) return () => true;
  const fresh = new Set(await collectCommits(context.repository, { include: range.include, exclude: [...history] }));
  return (oid) => fresh.has(oid);
}

async function judge(
  context: JudgingContext,
  range: RangeToJudge,
  walked: Walked,
  groups: readonly PreparedGroup[],
  mode: "new" | "history",
  means: Means,
): Promise<JudgedCommit> {
  const subject = { kind: "commit", oid: walked.oid, ref: range.ref } as const;
  if ("problem" in walked.examined)
    return { decision: decideProblem(subject, walked.examined.problem, namesOf(groups)), parents: [] };
  const { subject: commit, evidence } = walked.examined;
  let policyEdit: PolicyEdit | null = null;
  let mayTouch = false;
  for (const group of groups) {
    const touches = group.suspects.mayTouch(commit);
    if (typeof touches === "boolean" ? touches : await touches) mayTouch = true;
  }
  if (mayTouch && context.changes !== null) {
    try {
      policyEdit = await context.changes.editOf(commit, termsOf(context, range, commit, walked.latestAncestor));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      return {
        decision: decideProblem(subject, objectProblem(error), namesOf(groups)),
        parents: commit.parents,
      };
    }
  }
  const clock = {
    mode,
    now: context.now,
    latestAncestor: walked.latestAncestor,
    pushed: range.history !== "everything",
  };
  const asked = {
    commit,
    evidence,
    ref: range.ref,
    applied: appliedIn(groups, walked.oid),
    clock,
    policyEdit,
    newer: async () => (await context.changes?.stateAfter(commit))?.loaded?.anchors ?? null,
    exemptions: exemptionsOf(context.policy, walked.oid, groups),
    audit: range.history === "everything",
    ...means,
  };
  return { decision: await judgeCommit(context, asked), parents: commit.parents };
}

const namesOf = (groups: readonly PreparedGroup[]): readonly string[] =>
  groups.flatMap((group) => group.rules.map((rule) => rule.name));

function appliedIn(groups: readonly PreparedGroup[], oid: ObjectId): readonly AppliedRule[] {
  const [only, ...others] = groups.map(({ line, onLine, onSide }) => (line?.has(oid) === false ? onSide : onLine));
  return only === undefined ? [] : others.length === 0 ? only : [...only, ...others.flat()];
}

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
