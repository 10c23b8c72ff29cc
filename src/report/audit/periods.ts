import { utcDay, utcMonday, utcMonth, utcYear } from "d3-time";
import type { CountableTimeInterval, TimeInterval } from "d3-time";
import type { Seconds } from "../../model.ts";

/** The time that the charts cover, cut into periods of one length. */
export interface Periods {
  readonly name: "day" | "week" | "month" | "quarter" | "year";
  /** The start of each, ascending. */
  readonly starts: readonly Date[];
  readonly end: Date;
  /** Which one a time lies in; null where it lies outside. */
  indexOf(at: Seconds): number | null;
}

const MOST_PERIODS = 48;

const LENGTHS: readonly (readonly [Periods["name"], TimeInterval | null])[] = [
  ["day", utcDay],
  ["week", utcMonday],
  ["month", utcMonth],
  ["quarter", utcMonth.every(3)],
  ["year", utcYear],
];

/**
 * Dates are what committers claim, and one of 1970 or of 2099 would press all others into a corner: of many, the few that lie
 * farthest out are left out, and so is what lies ahead of us.
 */
export function periodsOf(times: readonly Seconds[], now: Seconds): Periods | null {
  const sorted = times.filter((time) => time <= now).sort((a, b) => a - b);
  const spare = Math.floor(sorted.length / 500);
  const [first, last] = [sorted[spare], sorted[sorted.length - 1 - spare]];
  if (first === undefined || last === undefined) return null;
  for (const [name, interval] of LENGTHS) {
    if (interval === null) continue;
    const start = interval.floor(new Date(first * 1000));
    const end = interval.offset(interval.floor(new Date(last * 1000)), 1);
    const starts = interval.range(start, end);
    if (starts.length <= MOST_PERIODS || name === "year") return madeOf(name, interval, starts, end);
  }
  return null;
}

function madeOf(
  name: Periods["name"],
  interval: TimeInterval | CountableTimeInterval,
  starts: readonly Date[],
  end: Date,
): Periods {
  const places = new Map(starts.map((start, index) => [start.getTime(), index]));
  return { name, starts, end, indexOf: (at) => places.get(interval.floor(new Date(at * 1000)).getTime()) ?? null };
}
