import type { Decision, ObjectId, RefName, Seconds } from "../model.ts";
import type { ListedCommit } from "../io/commit-texts.ts";
import type { Repository } from "../io/git.ts";
import { collectCommits, isAncestor, listSomeCommits } from "../io/revisions.ts";
import type { ObjectReader } from "../io/objects.ts";
import type { AppliedRule } from "../policy/decide-commit.ts";
import { isSameSelector } from "../policy/membership.ts";
import type { Exemption, Policy, Rule } from "../policy/policy.ts";
import type { SignWith } from "../policy/fixes.ts";
import type { Override } from "../policy/override.ts";
import type { Approvals } from "./approvals.ts";
import type { Examiner } from "./examiner.ts";
import { isForPaths, openPaths } from "./judge-commit.ts";
import { judgeWalked, type Standing } from "./judge-walked.ts";
import { Mending } from "./mending.ts";
import type { Outlines } from "./outlines.ts";
import { NO_SUSPECTS, type PolicyChanges, type Suspects } from "./policy-changes.ts";
import { withoutTexts, type EarlyListing } from "./early-listing.ts";
import type { KnownRange } from "./shared-walk.ts";
import type { StraightLine } from "./straight-line.ts";
import { isPartOf, type Tips } from "./tip-set.ts";
import type { TreeWalker } from "./trees.ts";
import type { Arrived } from "./witness.ts";
import { type AncestorDates, walkCommits } from "./walk.ts";

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
  /** Nobody reads decisions as they fall: all are sooner done where a core is taken from the first. */
  readonly unread?: boolean;
  /** Of the push that is judged. */
  readonly override?: Override | null;
  /** Asked for a commit that is denied for its key: what a principal could sign with instead. */
  readonly signWith?: (principal: string) => Promise<SignWith>;
  /** Asked in a clone, for a commit that lacks approvals: whether `git fetch` brings them; null where there is no remote. */
  readonly fetchesApprovals?: () => Promise<boolean | null>;
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
  for await (const some of judgeLists(context, range)) yield* some;
}

/** The same, as many at a time as are done: for long histories, where each of many steps counts. */
export async function* judgeLists(
  context: JudgingContext,
  range: RangeToJudge,
): AsyncGenerator<readonly JudgedCommit[]> {
  const groups = await Promise.all(range.groups.map((group) => prepareGroup(context, range, group)));
  const isNew = await prepareClock(context, range, groups);
  const mending = new Mending(context.repository, range.include, range.only !== true);
  const paths = range.groups.some(({ rules }) => rules.some(isForPaths)) ? await openPaths(context) : null;
  const { examiner, outlines, dates } = context;
  // In a history nothing is gone through twice; refs of one push bring in the same commits.
  const examine = ({ oid, text }: ListedCommit) =>
    range.history === "everything" ? examiner.commitOnce(oid, text) : examiner.commit(oid);
  const [many, isTold] = expected(context, range, groups);
  for (const { suspects } of groups) suspects.expect(many, isTold);
  const isStreamed = groups.length === 1 && groups[0]?.commits === null;
  const holding = (oid: ObjectId): readonly PreparedGroup[] =>
    isStreamed ? groups : groups.filter((group) => group.commits === null || group.commits.has(oid));
  const means = { mending, paths };
  const early = earlyFor(context, range, groups);
  const lists = counted(early ?? withoutTexts(inOrder(context, range, groups)), groups);
  for await (const some of walkCommits(lists, examine, outlines, dates, isNew)) {
    let judged: JudgedCommit[] = [];
    for (const walked of some) {
      const { oid } = walked;
      const standing: Standing = { groups: holding(oid), mode: isNew(oid) ? "new" : "history" };
      const one = judgeWalked(context, range, walked, standing, means);
      if (one instanceof Promise && judged.length > 0) {
        yield judged;
        judged = [];
      }
      judged.push(one instanceof Promise ? await one : one);
    }
    yield judged;
  }
}

/** Commits that git was asked for before, and is long in listing; and whether it tells what they touch. */
function expected(
  { early, unread }: JudgingContext,
  { include }: RangeToJudge,
  groups: readonly PreparedGroup[],
): readonly [number, boolean] {
  const [only] = groups;
  if (early === undefined || unread !== true || only?.commits !== null) return [0, false];
  return [early.expected({ include, exclude: [...only.exclude] }), early.tells];
}

/** What git lists already. */
function earlyFor(
  { early }: JudgingContext,
  { include }: RangeToJudge,
  [only]: readonly PreparedGroup[],
): AsyncIterable<readonly ListedCommit[]> | null {
  if (early === undefined || only?.commits !== null) return null;
  return early.take({ include, exclude: [...only.exclude] });
}

/** Tells the groups how many commits are known to come. */
async function* counted(
  lists: AsyncIterable<readonly ListedCommit[]>,
  groups: readonly PreparedGroup[],
): AsyncGenerator<readonly ListedCommit[]> {
  let count = 0;
  for await (const list of lists) {
    count += list.length;
    const isTold = list[0]?.touches != null;
    for (const { suspects } of groups) suspects.expect(count, isTold);
    yield list;
  }
}

export interface PreparedGroup {
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
    yield* listSomeCommits(context.repository, { include: range.include, exclude: [...only.exclude] });
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
