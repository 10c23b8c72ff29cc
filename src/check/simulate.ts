/** `policy simulate`: what a policy would have denied, before anyone turns it on. */
import { parseTime } from "../encoding/time.ts";
import { ParseError, UsageError } from "../errors.ts";
import type { Decision, ObjectId, PolicyOrigin, Seconds } from "../model.ts";
import { findRepository } from "../io/repository.ts";
import { collectCommits } from "../io/revisions.ts";
import { listRefs } from "../io/refs.ts";
import { chosenPolicy, type PolicyCommandOptions } from "./policy-commands.ts";
import { loadRecord } from "./record.ts";
import { judgingContext, openSession, type Session } from "./session.ts";
import { simulateHistory } from "./simulate-history.ts";
import { simulatePushes } from "./simulate-pushes.ts";
import { SimulationTally, type Simulated } from "./simulate-tally.ts";
import { resolveCommit } from "./revision.ts";

export interface SimulateOptions extends PolicyCommandOptions {
  /** A revision or a time; none: from the beginning. */
  readonly since?: string | undefined;
  /** What is gone through; none: the pushes of a record where there is one, else the history. */
  readonly over?: "history" | "pushes" | undefined;
  readonly now: Seconds;
}

export interface Simulation extends Simulated {
  readonly policy: PolicyOrigin;
  readonly over: "history" | "pushes";
  readonly since: string | null;
  /** Branches and tags, or values of refs that landed. */
  readonly refs: number;
}

/**
 * Runs a policy, which need not govern anything, over what is here: over the branches and tags by the dates that their
 * signatures claim, or over the pushes of the receive record by the server's own clock. Nothing is written, and no
 * verdict of any hook changes.
 *
 * @throws UsageError, PolicyError, GitError; SignpolicyError ERR_RECORD_BROKEN
 */
export async function simulatePolicy(options: SimulateOptions): Promise<Simulation> {
  const loaded = await chosenPolicy(options);
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const record = await loadRecord(session);
    if (options.over === "pushes" && record.id === null) {
      throw new UsageError("this repository has no receive record whose pushes could be judged", {
        hint: "signpolicy policy simulate --history, or run it in the server's repository",
      });
    }
    const over = options.over ?? (record.id === null ? "history" : "pushes");
    const tally = new SimulationTally(loaded.policy);
    const governing = { loaded, ref: null, trustRoot: null, notes: [] };
    const contextAt = (now: Seconds) => judgingContext(session, governing, now, record);
    const { from, tips, older } = await startOf(session, options.since);
    const fresh = (decision: Decision): void => {
      if (decision.subject.oid === null || !older.has(decision.subject.oid)) tally.take(decision, null);
    };
    const refs =
      over === "history"
        ? await simulateHistory(session, contextAt(options.now), tips, fresh)
        : await simulatePushes({ session, contextAt, from, since: tips }, (decision, at) => tally.take(decision, at));
    return { policy: loaded.origin, over, since: options.since ?? null, refs, ...tally.result() };
  } finally {
    session.close();
  }
}

interface Start {
  readonly from: Seconds;
  readonly tips: readonly ObjectId[];
  /** Commits that say they are from before. */
  readonly older: ReadonlySet<ObjectId>;
}

/** A time leaves out pushes from before, and commits that say they are from before; a revision what it reaches. */
async function startOf(session: Session, since: string | undefined): Promise<Start> {
  if (since === undefined) return { from: -Infinity, tips: [], older: new Set() };
  let from: Seconds;
  try {
    from = parseTime(since);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { from: -Infinity, tips: [await resolveCommit(session, since)], older: new Set() };
  }
  const refs = [...(await listRefs(session.repository, ["refs/heads", "refs/remotes", "refs/tags"])).values()];
  const commits = await Promise.all(refs.map(({ oid }) => session.outlines.peel(oid)));
  const range = { include: commits.filter((oid) => oid !== null), exclude: [], gone: true } as const;
  return { from, tips: [], older: new Set(await collectCommits(session.repository, range, [`--before=${from - 1}`])) };
}
