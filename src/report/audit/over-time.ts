import { scaleBand, scaleLinear } from "d3-scale";
import { stack, stackOffsetExpand, stackOffsetNone } from "d3-shape";
import type { AuditPoint } from "./facts.ts";
import { element } from "./markup.ts";
import type { Content, Markup } from "./markup.ts";
import type { Periods } from "./periods.ts";

/** One colour of a chart: what it stands for, and which commits are counted for it. */
export interface Series {
  readonly label: string;
  /** A class of style.ts. */
  readonly colour: string;
  counts(point: AuditPoint): boolean;
}

const WIDTH = 960;
const HEIGHT = 220;
const LEFT = 46;
const RIGHT = 930;
const MOST_PERIOD_WIDTH = 90;
const BOTTOM = 26;
const TOP = 10;

/** Stacked bars over time; `share` makes each period the whole. */
export function overTime(
  points: readonly AuditPoint[],
  periods: Periods,
  series: readonly Series[],
  share: boolean,
): Markup {
  const counts = periods.starts.map(() => series.map(() => 0));
  for (const point of points) {
    const period = point.at === null ? null : periods.indexOf(point.at);
    const column = series.findIndex((one) => one.counts(point));
    const row = period === null ? undefined : counts[period];
    if (row !== undefined && column !== -1) row[column] = (row[column] ?? 0) + 1;
  }
  const totals = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const x = scaleBand(
    periods.starts.map((_, index) => index),
    // A single day is no wall of one colour.
    [LEFT, Math.min(RIGHT, LEFT + periods.starts.length * MOST_PERIOD_WIDTH)],
  ).padding(0.18);
  const y = scaleLinear([0, share ? 1 : Math.max(1, ...totals)], [HEIGHT - BOTTOM, TOP]);
  const layers = stack<number[], number>()
    .keys(series.map((_, index) => index))
    .value((row, key) => row[key] ?? 0)
    .offset(share ? stackOffsetExpand : stackOffsetNone)(counts);
  const bars = layers.map((layer, index) =>
    element(
      "g",
      { class: series[index]?.colour ?? "" },
      layer.map(([low, high], period) => {
        const n = counts[period]?.[index] ?? 0;
        if (n === 0) return "";
        const words = `${periodName(periods, period)}: ${series[index]?.label ?? ""} ${n} of ${totals[period] ?? 0}`;
        const place = { x: round(x(period) ?? 0), width: round(x.bandwidth()) };
        const rise = { y: round(y(high)), height: round(Math.max(0.5, y(low) - y(high))) };
        return element("rect", { ...place, ...rise }, element("title", {}, words));
      }),
    ),
  );
  const ticks = share ? [0, 0.25, 0.5, 0.75, 1] : y.ticks(4).filter((tick) => Number.isInteger(tick));
  return element(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart" },
    ticks.map((tick) => horizontal(y(tick), share ? `${tick * 100}%` : tick.toLocaleString("en-US"))),
    bars,
    axis(periods, (index) => (x(index) ?? 0) + x.bandwidth() / 2),
  );
}

const horizontal = (y: number, label: string): Content => [
  element("line", { x1: LEFT, x2: RIGHT, y1: round(y), y2: round(y), class: "grid" }),
  element("text", { x: LEFT - 6, y: round(y) + 4, class: "end" }, label),
];

/** As many names below as have room. */
function axis(periods: Periods, middle: (index: number) => number): Content {
  const step = Math.max(1, Math.ceil(periods.starts.length / 12));
  return periods.starts.map((_, index) =>
    index % step === 0
      ? element("text", { x: round(middle(index)), y: HEIGHT - 8, class: "middle" }, periodName(periods, index))
      : "",
  );
}

/** `2026-03`, `2026 Q1`, `2026`, or the first day. */
export function periodName({ name, starts }: Periods, index: number): string {
  const day = starts[index]?.toISOString().slice(0, 10) ?? "";
  if (name === "year") return day.slice(0, 4);
  if (name === "quarter") return `${day.slice(0, 4)} Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`;
  return name === "month" ? day.slice(0, 7) : day;
}

/** What each colour stands for, with how many and which part of all. */
export function legend(points: readonly AuditPoint[], series: readonly Series[]): Markup {
  const counts = series.map(() => 0);
  for (const point of points) {
    const column = series.findIndex((one) => one.counts(point));
    if (column !== -1) counts[column] = (counts[column] ?? 0) + 1;
  }
  return element(
    "ul",
    { class: "legend" },
    series.map(({ label, colour }, index) =>
      element(
        "li",
        {},
        element("svg", { viewBox: "0 0 12 12", class: `swatch ${colour}` }, element("rect", { width: 12, height: 12 })),
        `${label} `,
        element("b", {}, (counts[index] ?? 0).toLocaleString("en-US")),
        ` (${percent(counts[index] ?? 0, points.length)})`,
      ),
    ),
  );
}

/** Never 100 % of what is not all, nor 0 % of what is something. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "–";
  const exact = (part / whole) * 100;
  if (part > 0 && exact < 0.1) return "<0.1%";
  if (part < whole && exact > 99.9) return ">99.9%";
  return `${Number(exact.toFixed(1))}%`;
}

export const round = (n: number): number => Math.round(n * 10) / 10;
