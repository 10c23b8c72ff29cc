import { formatTime } from "../../encoding/time.ts";
import type { Seconds } from "../../model.ts";
import { CODE_TITLES } from "../code-titles.ts";
import { toJson } from "../json.ts";
import { count, shortId } from "../show.ts";
import type { Cause } from "../causes.ts";
import { rowOf } from "./collect.ts";
import type { AuditExemption, AuditFacts, AuditRow } from "./facts.ts";
import { bytes, element, raw, words } from "./markup.ts";
import type { Content, Markup } from "./markup.ts";

export function causeBox({ code, rule, message, hint, count: n, shown }: Cause): Markup {
  const left = n - shown.length;
  return element(
    "div",
    { class: "cause" },
    element("b", {}, countOf(shown, n), " denied: ", element("code", {}, code)),
    rule === null ? "" : ` by rule “${words(rule)}”`,
    element("p", {}, sentence(message === null ? CODE_TITLES[code] : bytes(message, 600))),
    hint === null ? "" : element("p", {}, "What mends it: ", mending(bytes(hint, 400))),
    element(
      "ul",
      {},
      shown.map(rowOf).map((row) => element("li", {}, example(row, message === null))),
      left > 0 ? element("li", { class: "soft" }, `and ${left.toLocaleString("en-US")} more, in the table below`) : "",
    ),
  );
}

/** Some hints are a command, some a sentence. */
const mending = (hint: string): Content => (/^(?:git|gpg|signpolicy) /.test(hint) ? element("code", {}, hint) : hint);

/** What they are, where the examples are of one kind. */
function countOf(shown: Cause["shown"], n: number): string {
  const kinds = new Set(shown.map(({ subject }) => subject.kind));
  const [kind = "subject"] = kinds;
  return kinds.size > 1 ? count(n, "subject") : count(n, kind, kind === "push" ? "pushes" : `${kind}s`);
}

/** Findings are written to stand behind a label; here they stand alone. */
export const sentence = (text: string): string =>
  `${text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase())}.`;

const example = (row: AuditRow, withMessage: boolean): Content => [
  element("span", { class: "oid" }, nameOf(row)),
  ` ${bytes(row.title, 120)}`,
  by(row),
  withMessage ? `: ${bytes(row.message, 300)}` : "",
];

const nameOf = ({ oid, ref, kind }: AuditRow): string =>
  kind === "commit" && oid !== null ? shortId(oid) : [ref === null ? kind : bytes(ref), shortId(oid ?? "")].join(" ");

const by = ({ committer, at }: AuditRow): Content => {
  const who = committer === "" ? "" : `, ${bytes(committer, 100)}`;
  return element("span", { class: "soft" }, `${who}${at === null ? "" : `, ${day(at)}`}`);
};

export function exemptionTable(exemptions: readonly AuditExemption[], now: Seconds): Markup {
  const rows = exemptions.map(({ oid, ancestors, reason, until, codes }) =>
    element(
      "tr",
      {},
      element(
        "td",
        { class: "tight" },
        element("span", { class: "oid" }, shortId(oid)),
        ancestors ? " and before" : "",
      ),
      element("td", {}, words(reason)),
      element("td", {}, codes.join(", ")),
      element("td", { class: until !== null && until <= now ? "soft tight" : "tight" }, endOf(until, now)),
    ),
  );
  return table(["Commit", "Reason", "Forgives", "May newly arrive"], rows);
}

function endOf(until: Seconds | null, now: Seconds): string {
  if (until === null) return "without end";
  if (until <= now) return `until ${day(until)} (over)`;
  const days = Math.ceil((until - now) / 86_400);
  return `until ${day(until)} (${count(days, "day")} left)`;
}

export const table = (heads: readonly string[], rows: readonly Markup[]): Markup =>
  element(
    "div",
    { class: "scroll" },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          heads.map((head) => element("th", {}, head)),
        ),
      ),
      element("tbody", {}, rows),
    ),
  );

export const day = (time: Seconds): string => formatTime(time).slice(0, 10);

const COLUMNS = ["at", "oid", "kind", "ref", "title", "author", "committer"] as const;
const VERDICT_COLUMNS = ["principal", "format", "standing", "verdict", "code", "message"] as const;

/** The rows as data for the script. Nothing in it can end the element that it stands in. */
export function rowData({ rows }: AuditFacts): Markup {
  const columns = [...COLUMNS, ...VERDICT_COLUMNS];
  const data = rows.map((row): readonly string[] => [
    row.at === null ? "" : formatTime(row.at),
    row.oid ?? "",
    row.kind,
    row.ref === null ? "" : bytes(row.ref),
    bytes(row.title, 160),
    bytes(row.author, 160),
    bytes(row.committer, 160),
    words(row.principal ?? "", 64),
    row.format ?? "none",
    row.standing,
    row.verdict,
    row.code ?? "",
    bytes(row.message, 400),
  ]);
  // HTML, script data: `<` begins what could end it, and JSON may write it as an escape; the others for good measure.
  return raw(toJson({ columns, rows: data }).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`));
}
