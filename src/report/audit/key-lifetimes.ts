import { scaleUtc } from "d3-scale";
import { formatTime } from "../../encoding/time.ts";
import type { Seconds } from "../../model.ts";
import type { AuditKey, KeyState } from "./facts.ts";
import { bytes, element, words } from "./markup.ts";
import type { Content, Markup } from "./markup.ts";
import { round } from "./over-time.ts";

const WIDTH = 960;
const LABELS = 330;
const ROW = 24;
const TOP = 44;
const YEAR: Seconds = 365 * 86_400;

const STATE_WORDS: Readonly<Record<KeyState, string>> = {
  good: "good",
  ending: "ends within 30 days",
  ended: "ended",
  retired: "retired",
  compromised: "compromised",
  unusable: "cannot sign",
};

/** A bar for each key from when it is good to when it ends, today marked; an arrow where no end is in sight. */
export function keyLifetimes(keys: readonly AuditKey[], now: Seconds, firstCommit: Seconds | null): Markup {
  const known = keys.flatMap(({ from, until }) => [from, until].filter((time) => time !== null));
  const earliest = Math.min(now - YEAR / 4, firstCommit ?? now, ...known);
  // A key of a hundred years would press all others into a line.
  const latest = Math.min(Math.max(now + YEAR / 2, ...known), now + 3 * YEAR);
  const x = scaleUtc([new Date(earliest * 1000), new Date(latest * 1000)], [LABELS, WIDTH - 14]);
  const at = (time: Seconds): number => round(x(new Date(Math.min(Math.max(time, earliest), latest) * 1000)));
  const height = TOP + keys.length * ROW + 8;
  const rows = keys.map((key, index) => row(key, index, at, { earliest, latest }));
  return element(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", class: "chart" },
    x
      .ticks(6)
      .map((tick) => [
        element("line", { x1: round(x(tick)), x2: round(x(tick)), y1: TOP - 6, y2: height, class: "grid" }),
        element("text", { x: round(x(tick)), y: TOP - 11, class: "middle" }, x.tickFormat(6)(tick)),
      ]),
    rows.map(({ bar }) => bar),
    element("line", { x1: at(now), x2: at(now), y1: TOP - 6, y2: height, class: "today" }),
    element("text", { x: at(now), y: 13, class: "middle today-label" }, `today, ${formatTime(now).slice(0, 10)}`),
    rows.map(({ label }) => label),
  );
}

function row(
  key: AuditKey,
  index: number,
  at: (time: Seconds) => number,
  { earliest, latest }: { readonly earliest: Seconds; readonly latest: Seconds },
): { readonly bar: Content; readonly label: Content } {
  const middle = TOP + index * ROW + ROW / 2;
  const start = key.from ?? earliest;
  const end = key.until ?? latest;
  const left = at(start);
  const right = Math.max(at(end), left + 2);
  const span = `${key.from === null ? "from the start" : day(key.from)} to ${key.until === null ? "no end" : day(key.until)}`;
  const why = key.why === "" ? "" : `: ${bytes(key.why)}`;
  const name = `${words(key.principal, 24)} · ${key.algorithm} ${bytes(key.fingerprint, 80).slice(0, 24)}`;
  const isOpen = key.until === null || key.until > latest;
  const bar = [
    element("text", { x: 0, y: middle + 4 }, name),
    element(
      "g",
      { class: `state-${key.state}` },
      element("rect", { x: left, y: middle - 6, width: round(right - left), height: 12, rx: 2 }),
      isOpen ? element("path", { d: `M${right} ${middle - 6}l7 6l-7 6z` }) : "",
      element("title", {}, `${name}: ${STATE_WORDS[key.state]}${why}; ${span}`),
    ),
  ];
  return { bar, label: key.state === "good" ? "" : stateLabel(key, middle, left, right) };
}

/** In words, since a colour alone says nothing to many: beside the bar where there is room, else on it. */
function stateLabel({ state }: AuditKey, middle: number, left: number, right: number): Content {
  const label = STATE_WORDS[state];
  const room = label.length * 7 + 12;
  const y = middle + 4;
  if (right + room < WIDTH) return element("text", { x: right + 10, y, class: "note" }, label);
  if (left - room > LABELS) return element("text", { x: left - 6, y, class: "note end" }, label);
  return element("text", { x: left + 10, y, class: "note" }, label);
}

const day = (time: Seconds): string => formatTime(time).slice(0, 10);
