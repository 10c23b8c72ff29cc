import type { Seconds } from "../model.ts";
import { SKEW, type JudgingClock } from "./clock.ts";
import type { Names, Selector, Term } from "./policy.ts";

/** Whom a selector stands for at every one of these moments. */
export function membersAt({ names, dated }: Selector, ...moments: readonly Seconds[]): Names {
  if (dated.size === 0) return names;
  const counts = (id: string): boolean => {
    const terms = dated.get(id);
    return terms === undefined || moments.every((moment) => terms.some((term) => holds(term, moment)));
  };
  return new Set([...names].filter(counts));
}

export const holds = ({ from, until }: Term, moment: Seconds): boolean =>
  (from === null || moment >= from) && (until === null || moment < until);

/**
 * Whom a selector stands for, for a signature of this date: as keys are, what arrives must be by a member of then and of now; in
 * history by one of then, where one who is no member now counts only if he does not date it before its ancestors.
 *
 * @param signedAt - null where it has no date: it is then as old as our clock
 */
export function membersFor(
  selector: Selector,
  signedAt: Seconds | null,
  { mode, now, latestAncestor }: JudgingClock,
): Names {
  if (selector.dated.size === 0) return selector.names;
  const then = signedAt ?? now;
  const backdated = latestAncestor !== null && then < latestAncestor - SKEW;
  return mode === "new" || backdated ? membersAt(selector, then, now) : membersAt(selector, then);
}

/** Whether two selectors stand for the same people at any time. */
export function isSameSelector(a: Selector, b: Selector): boolean {
  if (a === b) return true;
  const words = ({ names, dated }: Selector): string =>
    JSON.stringify([...names].sort().map((id) => [id, dated.get(id) ?? null]));
  return a.names.size === b.names.size && words(a) === words(b);
}

/** Exactly these, at any time. */
export const always = (names: Iterable<string>): Selector => ({ names: new Set(names), dated: new Map() });
