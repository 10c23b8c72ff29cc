import type { Seconds } from "../model.ts";

/** Tolerance between clocks that should agree (five minutes). */
export const SKEW: Seconds = 300;

/** The date of an ancestor that cannot be read: whatever builds on it may have been dated before it. */
export const UNREAD: Seconds = Number.POSITIVE_INFINITY;

/**
 * The clock a subject is judged by.
 *
 * `new`: objects that arrive (`pre-receive`, `pre-push`): the key must be good now as well as then.
 * `history`: `verify`, audits, and whatever a judged tip already reaches: the key must have been good then.
 */
export interface JudgingClock {
  readonly mode: "new" | "history";
  /** Ours. */
  readonly now: Seconds;
  /** Newest committer date among the subject's ancestors that were looked at; null where there are none. */
  readonly latestAncestor: Seconds | null;
  /**
   * A push brings it to a ref, though it may be history: a judged tip of some rule reaches it. `enforceFrom` then goes by
   * our clock, since the rule that let it in elsewhere may ask for less than the one that is asked now.
   */
  readonly pushed?: boolean;
}

/**
 * The moment at which `enforceFrom` is asked: our clock for what a push brings; in an audit the time that the subject
 * claims, but never earlier than its ancestors, so that a backdated object does not fall into the time before enforcement.
 */
export function judgingTime(clock: JudgingClock, claimed: Seconds): Seconds {
  if (clock.mode === "new" || clock.pushed === true) return clock.now;
  return clock.latestAncestor === null ? claimed : Math.max(claimed, clock.latestAncestor - SKEW);
}
