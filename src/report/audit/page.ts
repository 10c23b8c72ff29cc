import { createHash } from "node:crypto";
import { formatTime } from "../../encoding/time.ts";
import { count, show } from "../show.ts";
import type { AuditFacts, AuditPoint } from "./facts.ts";
import { keyLifetimes } from "./key-lifetimes.ts";
import { bytes, element, raw, render, words } from "./markup.ts";
import type { Content, Markup } from "./markup.ts";
import { legend, overTime, percent } from "./over-time.ts";
import type { Series } from "./over-time.ts";
import { periodsOf } from "./periods.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { causeBox, exemptionTable, rowData, sentence } from "./tables.ts";

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The page loads nothing and sends nothing; of styles and scripts only these two very texts count. */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The whole report as one page of HTML that needs nothing else: for a lead, an auditor, a printer. */
export function renderAuditPage(facts: AuditFacts): string {
  const head = element(
    "head",
    {},
    element("meta", { charset: "utf-8" }),
    element("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    element("meta", { name: "referrer", content: "no-referrer" }),
    element("title", {}, "Commit signatures"),
    element("style", {}, raw(STYLE)),
  );
  const body = element(
    "body",
    {},
    opening(facts),
    charts(facts),
    keys(facts),
    denied(facts),
    exemptions(facts),
    commits(facts),
    element("script", { type: "application/json", id: "data" }, rowData(facts)),
    element("script", {}, raw(SCRIPT)),
  );
  return `<!doctype html>\n${render(element("html", { lang: "en" }, head, body))}\n`;
}

function opening({ version, policy, notes, targets, now, summary, points }: AuditFacts): Content {
  const signed = points.filter(({ standing }) => standing === "signed").length;
  const origin =
    policy === null
      ? "There was no policy to judge by."
      : [
          "Policy ",
          element("code", {}, bytes(policy.source)),
          serial(policy.serial),
          element("code", {}, policy.digest),
        ];
  return [
    element("h1", {}, "Commit signatures"),
    element(
      "p",
      { class: "soft" },
      `${targets.map((one) => show(one)).join(", ")}, judged ${formatTime(now)} by signpolicy ${version}`,
    ),
    element("p", { class: "soft" }, origin),
    notes.map((note) => element("p", { class: "warn" }, sentence(bytes(note, 600)))),
    element(
      "div",
      { class: "tiles" },
      tile("judged", summary.checked, ""),
      tile("of the commits are signed and verified", percent(signed, points.length), ""),
      tile("allowed", summary.allowed, "good"),
      tile("denied", summary.denied, summary.denied === 0 ? "" : "bad"),
      tile("of those allowed are exempt", summary.exempt, summary.exempt === 0 ? "" : "warn"),
    ),
  ];
}

const serial = (number: number | null): string => (number === null ? " " : ` serial ${number} `);

const tile = (label: string, value: number | string, tone: string): Markup =>
  element(
    "div",
    { class: "tile" },
    element("b", { class: tone }, typeof value === "number" ? value.toLocaleString("en-US") : value),
    label,
  );

const STANDINGS: readonly Series[] = [
  { label: "signed and verified", colour: "signed", counts: ({ standing }) => standing === "signed" },
  { label: "signed, not verified", colour: "unverified", counts: ({ standing }) => standing === "unverified" },
  { label: "not signed", colour: "unsigned", counts: ({ standing }) => standing === "unsigned" },
];

const FORMATS: readonly Series[] = [
  { label: "OpenPGP", colour: "c0", counts: ({ format }) => format === "openpgp" },
  { label: "SSH", colour: "c1", counts: ({ format }) => format === "ssh" },
  { label: "X.509", colour: "c3", counts: ({ format }) => format === "x509" },
  { label: "of no known format", colour: "c4", counts: ({ format }) => format === "unknown" },
  { label: "no signature", colour: "c8", counts: ({ format }) => format === null },
];

/** As many as have a colour of their own; then the rest together. */
const MOST_PRINCIPALS = 7;

function principalSeries(points: readonly AuditPoint[]): readonly Series[] {
  const counts = new Map<string, number>();
  for (const { principal } of points) if (principal !== null) counts.set(principal, (counts.get(principal) ?? 0) + 1);
  const most = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([name]) => name);
  const named = new Set(most.slice(0, MOST_PRINCIPALS));
  const rest = most.length - named.size;
  return [
    ...[...named].map((name, index): Series => {
      return { label: words(name, 40), colour: `c${index}`, counts: ({ principal }) => principal === name };
    }),
    ...(rest === 0
      ? []
      : [
          {
            label: count(rest, "other principal"),
            colour: "c7",
            counts: ({ principal }: AuditPoint) => principal !== null && !named.has(principal),
          },
        ]),
    { label: "nobody that is known", colour: "c8", counts: ({ principal }) => principal === null },
  ];
}

function charts({ points, now }: AuditFacts): Content {
  const times = points.flatMap(({ at }) => at ?? []);
  const periods = periodsOf(times, now);
  if (periods === null) return [];
  const outside = points.filter(({ at }) => at === null || periods.indexOf(at) === null).length;
  const chart = (heading: string, series: readonly Series[], share: boolean): Content => {
    const used = series.filter((one) => points.some((point) => one.counts(point)));
    return element(
      "section",
      {},
      element("h3", {}, heading),
      legend(points, used),
      element("div", { class: "scroll" }, overTime(points, periods, used, share)),
    );
  };
  return [
    element("h2", {}, "Over time"),
    element(
      "p",
      { class: "soft" },
      `Commits by the ${periods.name} that the committer's date says. Each counts once.`,
      outside === 0 ? "" : ` ${count(outside, "commit")} dated far outside of what is shown left out.`,
    ),
    chart("Share of signed commits", STANDINGS, true),
    chart("Commits by format of the signature", FORMATS, false),
    chart("Commits by who signed", principalSeries(points), false),
  ];
}

function keys({ keys: all, now, points }: AuditFacts): Content {
  if (all.length === 0) return [];
  const first = points.reduce<number | null>(
    (least, { at }) => (at !== null && at > 0 && (least === null || at < least) ? at : least),
    null,
  );
  const ending = all.filter(({ state }) => state === "ending").length;
  return [
    element("h2", {}, "Keys"),
    element(
      "p",
      { class: ending === 0 ? "soft" : "warn" },
      `${count(all.length, "key")} in the policy`,
      ending === 0
        ? "; none ends within 30 days."
        : `; ${count(ending, "key")} ${ending === 1 ? "ends" : "end"} within 30 days.`,
    ),
    element("div", { class: "scroll" }, keyLifetimes(all, now, first)),
  ];
}

const denied = ({ causes }: AuditFacts): Content => [
  element("h2", {}, "What was denied, and why"),
  causes.length === 0 ? element("p", { class: "good" }, "Nothing.") : causes.map(causeBox),
];

const exemptions = ({ exemptions: all, now }: AuditFacts): Content => [
  element("h2", {}, "Exemptions"),
  all.length === 0 ? element("p", { class: "soft" }, "The policy forgives nothing.") : exemptionTable(all, now),
];

const select = (id: string, label: string): Markup =>
  element("select", { id, "aria-label": label }, element("option", { value: "" }, label));

const commits = ({ omitted }: AuditFacts): Content => [
  element("h2", {}, "Everything that was judged"),
  omitted === 0
    ? ""
    : element(
        "p",
        { class: "soft" },
        `The oldest ${omitted.toLocaleString("en-US")} that were allowed are not listed.`,
      ),
  element("noscript", {}, element("p", { class: "warn" }, "The table takes scripts; everything above does not.")),
  element(
    "div",
    { class: "controls", id: "controls", hidden: "" },
    element("input", { id: "search", type: "search", placeholder: "id, title, person, code…", "aria-label": "search" }),
    select("verdict", "any verdict"),
    select("standing", "signed or not"),
    select("principal", "any signer"),
    select("format", "any format"),
  ),
  element("p", { id: "said", class: "soft", "aria-live": "polite" }),
  element(
    "div",
    { class: "scroll" },
    element(
      "table",
      { id: "commits" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          HEADS.map(([name, label]) => element("th", { class: name }, label)),
        ),
      ),
      element("tbody", { id: "rows" }),
    ),
  ),
  element("p", {}, element("button", { id: "more", hidden: "" }, "Show more")),
];

const HEADS = [
  ["w-at", "Date"],
  ["w-oid", "Id"],
  ["", "What"],
  ["w-who", "Committer"],
  ["w-by", "Signer"],
  ["w-sig", "Signature"],
  ["w-verdict", "Verdict"],
] as const;
