import { GitError } from "../errors.ts";
import { digestHex } from "../encoding/digest.ts";
import { commitsTouching, countCommits, isAncestor } from "../io/revisions.ts";
import type { Decision, ObjectId, RefName, Seconds, Summary } from "../model.ts";
import type { Rule } from "../policy/policy.ts";
import { addSummaries } from "../policy/summary.ts";
import { isClean } from "./frontier-runs.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import type { GoverningPolicy } from "./session.ts";
import { addToSummary, EMPTY_SUMMARY } from "./sink.ts";
import { AncestorDates } from "./walk.ts";

/** A commit below which everything was allowed, itself included, by some rules of one policy. */
export interface KnownTip {
  /** A digest of programs, policy, rules and ref. */
  readonly key: string;
  readonly oid: ObjectId;
  /** Our clock when it was judged: an earlier one may judge otherwise. */
  readonly at: Seconds;
  /** The first moment at which a verdict may change; null: never. */
  readonly until: Seconds | null;
  /** Newest date of it and its ancestors, which what is built on it must not be dated before. */
  readonly newest: Seconds | null;
  readonly summary: Summary;
}

/** One history: what one commit reaches, by the rules of one ref. */
export interface AskedHistory {
  readonly ref: RefName | null;
  readonly tip: ObjectId;
  readonly rules: readonly Rule[];
}

/** Known tips to try; each costs a question to git. */
const MOST_TRIED = 4;

/** @param judges - what judged: other programs, also those that the program calls, may judge otherwise */
export function keyOf(judges: string, { loaded, ref: from }: GoverningPolicy, { ref, rules }: AskedHistory): string {
  const { source, digest } = loaded.origin;
  const parts = [judges, source, digest, from, ref, ...rules.map(({ name }) => name)];
  return digestHex("sha256", Buffer.from(JSON.stringify(parts)));
}

/** A history that is known but for its newest part. */
export interface JudgedBeyond {
  readonly known: KnownTip;
  /** Of all of it. */
  readonly summary: Summary;
  readonly newest: Seconds | null;
  /** Of the part that was judged now. */
  readonly decisions: readonly Decision[];
}

/**
 * Judges what a history has beyond the best of the known tips; null where none is below it, or where anything is not as plain as
 * in all that was known before: a denial, a warning, commits that are missing or not as many as they were. Then the history
 * must be judged from its beginning, and whoever does tells what is wrong.
 */
export async function judgeBeyond(
  context: JudgingContext,
  asked: AskedHistory,
  tips: readonly KnownTip[],
): Promise<JudgedBeyond | null> {
  try {
    const known = await bestBelow(context, asked, tips);
    if (known === null || !(await isExemptAsThen(context))) return null;
    const [whole, beyond] = await Promise.all([countWhole(context, asked), judgePart(context, asked, known)]);
    if (beyond === null || whole !== known.summary.checked + beyond.summary.checked) return null;
    return { ...beyond, known, summary: addSummaries(known.summary, beyond.summary) };
  } catch (error) {
    if (error instanceof GitError) return null;
    throw error;
  }
}

async function bestBelow(
  { repository, now }: JudgingContext,
  { tip }: AskedHistory,
  tips: readonly KnownTip[],
): Promise<KnownTip | null> {
  const open = tips.filter(({ at, until }) => at <= now && (until === null || now < until));
  const largest = open.sort((a, b) => b.summary.checked - a.summary.checked).slice(0, MOST_TRIED);
  for (const known of largest) if (await isAncestor(repository, known.oid, tip)) return known;
  return null;
}

/** An exemption for what a commit reaches counts where that is here, as it was when the known part was judged. */
async function isExemptAsThen({ policy, examiner }: JudgingContext): Promise<boolean> {
  for (const { reachableFrom: from } of policy.exempt)
    if (from !== null && (await examiner.kind(from)) !== "commit") return false;
  return true;
}

export const mayBeKept = isExemptAsThen;

/** How many commits there are, read one by one by git; and the trees in which it looks for changes of the policy. */
async function countWhole(
  { repository, early, changes }: JudgingContext,
  { tip }: AskedHistory,
): Promise<number | null> {
  const range = { include: [tip], exclude: [] };
  const listing = early?.take(range) ?? null;
  const [count] = await Promise.all([
    listing === null ? countCommits(repository, range) : countListed(listing),
    changes === null ? null : commitsTouching(repository, range, changes.paths),
  ]);
  return count;
}

async function countListed(listing: AsyncIterable<readonly unknown[]>): Promise<number> {
  let count = 0;
  for await (const some of listing) count += some.length;
  return count;
}

async function judgePart(
  context: JudgingContext,
  { ref, tip, rules }: AskedHistory,
  known: KnownTip,
): Promise<Pick<JudgedBeyond, "summary" | "newest" | "decisions"> | null> {
  // What a commit outside the part builds on is no newer than the newest that the known tip does: at worst it denies.
  const dates = new AncestorDates(context.outlines, known.newest);
  const range = { ref, include: [tip], groups: [{ rules, exclude: [known.oid] }], history: "everything" } as const;
  const decisions: Decision[] = [];
  let summary = EMPTY_SUMMARY;
  for await (const { decision } of judgeRange({ ...context, dates, early: undefined }, range)) {
    if (!isClean(decision)) return null;
    decisions.push(decision);
    summary = addToSummary(summary, decision);
  }
  return { decisions, summary, newest: tip === known.oid ? known.newest : dates.newestOf(tip) };
}
