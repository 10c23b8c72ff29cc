/** `watch`: what a developer should look at, since it may be a sign that a key or a server is in other hands. */
import { parseTime } from "../encoding/time.ts";
import { ParseError, SignpolicyError, UsageError } from "../errors.ts";
import type { ObjectId, PolicyOrigin, Seconds } from "../model.ts";
import { listRefs } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { collectCommits } from "../io/revisions.ts";
import { ownerOf } from "../policy/emails.ts";
import type { Policy } from "../policy/policy.ts";
import { governClone, type PolicyChoice } from "./governing.ts";
import { mapHistory } from "./history-map.ts";
import { ownCommits } from "./reflog.ts";
import { loadRecord } from "./record.ts";
import { judgingContext, openSession, type Session } from "./session.ts";
import { readSigningSetUp } from "./signing-setup.ts";
import { resolveCommit } from "./revision.ts";
import { watchCommits } from "./watch-commits.ts";
import type { WatchFinding } from "./watch-findings.ts";
import { watchLapses } from "./watch-lapses.ts";
import { watchRemotes } from "./watch-remotes.ts";

export interface WatchOptions extends PolicyChoice {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A revision or a time; the last thirty days unless given. */
  readonly since?: string | undefined;
  /** Whose findings alone. */
  readonly principal?: string | undefined;
  readonly silence: Seconds;
  readonly within: Seconds;
  /** A remote of which nothing is remembered any more. */
  readonly forget?: string | undefined;
  readonly now: Seconds;
}

export interface WatchReport {
  readonly policy: PolicyOrigin;
  /** Who works here, as far as the policy knows. */
  readonly principal: string | null;
  readonly findings: readonly WatchFinding[];
  readonly notes: readonly string[];
}

const MONTH: Seconds = 30 * 86_400;

/**
 * Looks at every commit on every ref here, at the keys and exemptions of the policy that governs, and at what is kept of the
 * remotes. Nothing is fetched. No finding is proof of anything, and none of them changes a verdict.
 *
 * @throws UsageError, PolicyError, GitError
 */
export async function watchRepository(options: WatchOptions): Promise<WatchReport> {
  const { principal = null, now } = options;
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const governing = await governClone(session, options);
    const { loaded } = governing;
    if (principal !== null && !loaded.policy.principals.has(principal)) {
      throw new UsageError(`the policy has no principal '${principal}'`, { hint: "signpolicy keys list" });
    }
    const record = await loadRecord(session).catch(() => null);
    const context = judgingContext(session, governing, now, record);
    const me = principal ?? (await whoWorks(session, loaded.policy, options));
    const own = await ownCommits(session);
    const map = await mapHistory(session, await listRefs(session.repository));
    const start = await startOf(session, options);
    const before = [...start.tips, ...(own?.begun == null ? [] : [own.begun])];
    const known = new Set(await collectCommits(session.repository, { include: before, exclude: [], gone: true }));
    const notes = [
      ...(me === null
        ? ["your e-mail belongs to nobody in the policy, so nobody knows which commits are yours (--principal NAME)"]
        : []),
      ...(own === null ? ["this repository keeps no reflog, so nobody knows which commits were made here"] : []),
    ];
    const findings = [
      ...(await watchRemotes(session, context, loaded.origin.serial, options.forget)),
      ...(await watchCommits({
        policy: loaded.policy,
        examiner: context.examiner,
        commits: map.commits,
        since: start.from,
        known,
        silence: options.silence,
        principal,
        me,
        own: own?.made ?? null,
      })),
      ...(await watchLapses(loaded, now, options.within, principal)),
    ];
    return { policy: loaded.origin, principal: me, findings, notes };
  } finally {
    session.close();
  }
}

/** By the e-mail that git would commit with here. */
async function whoWorks(
  session: Session,
  policy: Policy,
  { directory, environment }: WatchOptions,
): Promise<string | null> {
  const { workTree, gitDir } = session.repository;
  if (workTree === null) return null;
  try {
    const { context } = await readSigningSetUp(directory, { top: workTree, gitDir }, environment);
    return ownerOf(policy, context.committer.email)?.id ?? null;
  } catch (error) {
    // git knows nobody here.
    if (error instanceof SignpolicyError) return null;
    throw error;
  }
}

async function startOf(
  session: Session,
  { since, now }: WatchOptions,
): Promise<{ readonly from: Seconds; readonly tips: readonly ObjectId[] }> {
  if (since === undefined) return { from: now - MONTH, tips: [] };
  try {
    return { from: parseTime(since), tips: [] };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { from: -Infinity, tips: [await resolveCommit(session, since)] };
  }
}
