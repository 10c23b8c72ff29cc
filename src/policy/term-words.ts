/** Why a member of a group does not count: the words of findings; `words.ts` says what holds for all of them. */
import { formatTime } from "../encoding/time.ts";
import type { Seconds } from "../model.ts";
import type { JudgingClock } from "./clock.ts";
import { membersAt } from "./membership.ts";
import type { Selector } from "./policy.ts";

/** `; bob was a member until 2026-01-01T00:00:00Z, and this is dated 2026-02-01T00:00:00Z`; empty for who never is one. */
export function termWords(
  principal: string,
  selector: Selector,
  signedAt: Seconds | null,
  { now }: JudgingClock,
): string {
  const terms = selector.dated.get(principal);
  if (terms === undefined) return "";
  const isMember = (moment: Seconds): boolean => membersAt(selector, moment).has(principal);
  const then = signedAt ?? now;
  const moment = isMember(then) ? now : then;
  const ended = terms.flatMap(({ until }) => (until !== null && until <= moment ? [until] : []));
  const begin = terms.flatMap(({ from }) => (from !== null && from > moment ? [from] : []));
  const when =
    ended.length > 0
      ? `was a member until ${formatTime(Math.max(...ended))}`
      : begin.length > 0
        ? `is a member from ${formatTime(Math.min(...begin))} on`
        : "is a member for a time";
  if (isMember(then) && isMember(now)) return "";
  const why = isMember(then)
    ? "and what is new, or dated before what it builds on, takes a member of today"
    : `and this is dated ${formatTime(then)}`;
  return `; ${principal} ${when}, ${why}`;
}
