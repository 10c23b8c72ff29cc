import type { Decision, Evidence, PolicyOrigin, ReportHead, SubjectKind, SubjectRef, Summary } from "../model.ts";
import { escapeLogLines } from "../encoding/text.ts";
import { formatTime } from "../encoding/time.ts";
import { Causes } from "./causes.ts";
import type { Cause } from "./causes.ts";
import type { Renderer } from "./renderer.ts";
import { count, namesRule, shortId, show, showText, wrap } from "./show.ts";

export interface TextOptions {
  readonly colour: boolean;
  /** Every subject with its signer, and no limit to how many are shown. */
  readonly verbose: boolean;
  /** Denials alone: neither notes nor warnings, and nothing at all when everything is allowed. */
  readonly quiet: boolean;
  /** A hint with its commands as they can be run here. */
  readonly spoken?: (hint: string) => string;
}

/** What a report that shows no subject says of them. */
export interface Tallied {
  readonly kinds: Iterable<readonly [SubjectKind, number]>;
  readonly refs: Iterable<string>;
}

const WIDTH = 100;
const SHOWN = 20;

/**
 * The report for people: what is denied, grouped by cause, with who signed and one command that mends it; then what is
 * only warned about; last a line that sums up. It keeps the first subjects of each cause, not all.
 */
export function createTextRenderer(options: TextOptions, before: Tallied = { kinds: [], refs: [] }): Renderer {
  const keep = options.verbose ? Infinity : SHOWN;
  const denied = new Causes(keep);
  const warned = new Causes(keep);
  const kinds = new Map(before.kinds);
  const refs = new Set(before.refs);
  const paint = painter(options);
  let policy: PolicyOrigin | null = null;
  /** Something stands above what `end` writes. */
  let opened = false;

  return {
    begin(head: ReportHead): string {
      policy = head.policy;
      opened = !options.quiet && head.notes.length > 0;
      return options.quiet ? "" : lines(head.notes.flatMap((note) => folded(`note: ${show(note)}`, "", "  ")));
    },
    decision(decision: Decision): string {
      tally(decision.subject, 1, kinds, refs);
      if (!decision.allow) denied.add(decision);
      else if (!decision.exempt) warned.add(decision);
      if (!options.verbose || !decision.allow) return "";
      opened = true;
      return lines([allowedLine(decision)]);
    },
    counted(ref, count) {
      tally({ kind: "commit", ref }, count, kinds, refs);
    },
    end(summary: Summary): string {
      const parts = opened ? [""] : [];
      parts.push(...denied.list().map((cause) => lines(causeLines(cause, refs.size > 1, paint))));
      if (!options.quiet) parts.push(...warned.list().map((cause) => lines(causeLines(cause, refs.size > 1, paint))));
      if (!options.quiet || summary.denied > 0) parts.push(lines(summaryLines(summary, kinds, refs, policy, paint)));
      return parts.join("\n");
    },
  };
}

/** Counts subjects on a ref; of more than one ref none is named. */
export function tally(
  { kind, ref }: Pick<SubjectRef, "kind" | "ref">,
  count: number,
  kinds: Map<SubjectKind, number>,
  refs: Set<string>,
): void {
  if (count > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  if (refs.size < 2 && ref !== null) refs.add(ref);
}

function causeLines(cause: Cause, manyRefs: boolean, paint: Painter): string[] {
  const label = cause.severity === "error" ? paint.bad("denied") : paint.doubtful("warning");
  const rule = cause.rule === null || namesRule(cause.message) ? "" : `, rule "${showText(cause.rule, 60)}"`;
  const out = [`${label}: ${cause.code}, ${subjects(cause)}${rule}`];
  if (cause.message !== null) out.push(...folded(show(cause.message), "  ", "  "));
  for (const decision of cause.shown) out.push(...subjectLines(decision, cause, manyRefs, paint));
  if (cause.count > cause.shown.length) out.push(`  +${cause.count - cause.shown.length} more (--verbose shows all)`);
  // A command is never folded: it is there to be copied.
  if (cause.hint !== null) out.push(`  fix: ${paint.hint(show(cause.hint))}`);
  return out;
}

function subjectLines(decision: Decision, cause: Cause, manyRefs: boolean, paint: Painter): string[] {
  const { subject, shown, findings, evidence } = decision;
  const title = shown === null ? "" : ` "${show(shown.title, 80)}"`;
  const name = subject.oid === null ? "" : paint.name(shortId(subject.oid));
  const isNamed = subject.ref !== null && (manyRefs || subject.kind !== "commit" || subject.oid === null);
  const ref = isNamed ? show(subject.ref) : "";
  const line = `  ${[name, ref].filter(Boolean).join(" ")}${title}`;
  const out = shown === null ? [line].filter((text) => text.trim() !== "") : peopleLines(line, shown);
  const first = findings[0];
  for (const piece of evidence) {
    // Most messages name the key already.
    const key = piece.outcome === "verified" ? piece.signer.key.fingerprint : piece.issuer;
    if (key === null || !first?.message.includes(key)) out.push(...folded(evidenceText(piece), "    ", "      "));
  }
  if (first !== undefined && cause.message === null) out.push(...folded(show(first.message), "    ", "      "));
  if (first?.hint !== undefined && cause.hint === null) out.push(`    fix: ${paint.hint(show(first.hint))}`);
  for (const also of findings.slice(1)) {
    const rule = also.rule === null || also.rule === cause.rule ? "" : ` (rule "${showText(also.rule, 60)}")`;
    const label = also.severity === "error" ? "also" : "warning";
    out.push(...folded(`${label}: ${also.code}${rule}: ${show(also.message)}`, "    ", "      "));
  }
  return out;
}

/** One person, beside the title where there is room; else both, since their e-mails are what the rules compare. */
function peopleLines(
  subject: string,
  { author, committer }: { readonly author: string; readonly committer: string },
): string[] {
  if (author !== committer && author !== "" && committer !== "") {
    return [subject, `    author ${show(author, 88)}`, `    committer ${show(committer, 85)}`];
  }
  const person = show(author === "" ? committer : author, 90);
  if (person === "") return [subject];
  const line = `${subject} by ${person}`;
  return line.length <= WIDTH ? [line] : [subject, `    by ${person}`];
}

/** What one signature says, empty where there is none. */
function evidenceText(evidence: Evidence): string {
  const when = evidence.signedAt === null ? "" : `, dated ${formatTime(evidence.signedAt)}`;
  if (evidence.outcome === "verified") {
    const { key, principal } = evidence.signer;
    const subkey = key.primary === key.fingerprint ? "" : ` of ${key.primary}`;
    return `signed by ${showText(principal, 70)}, ${key.algorithm} ${key.fingerprint}${subkey}${when}`;
  }
  if (evidence.outcome === "absent") return "";
  const issuer = evidence.issuer === null ? "" : `, names key ${show(evidence.issuer, 100)}`;
  const suspect = evidence.suspect === null ? "" : `, tried as ${showText(evidence.suspect, 70)}`;
  return `${evidence.format} signature${issuer}${suspect}${when}`;
}

function allowedLine(decision: Decision): string {
  const { subject, shown, exempt, principal } = decision;
  const oid = subject.oid === null ? "" : ` ${shortId(subject.oid)}`;
  const ref = subject.ref !== null && subject.kind !== "commit" ? ` ${show(subject.ref)}` : "";
  const who = exempt ? " (exempt)" : principal === null ? "" : ` (${showText(principal, 70)})`;
  return `allowed:${oid}${ref}${shown === null ? "" : ` "${show(shown.title, 70)}"`}${who}`;
}

function summaryLines(
  summary: Summary,
  kinds: ReadonlyMap<SubjectKind, number>,
  refs: ReadonlySet<string>,
  policy: PolicyOrigin | null,
  paint: Painter,
): string[] {
  const [only] = refs;
  const on = refs.size === 1 && only !== undefined ? ` on ${show(only)}` : "";
  const origin = policy === null ? "no policy" : `policy ${policyName(policy)}`;
  if (summary.checked === 0) return ["nothing to check: the range is empty (checked: 0)", origin];
  const what = [...kinds].map(([kind, n]) => count(n, NOUNS[kind])).join(", ");
  const asides = [
    ...(summary.exempt > 0 ? [`${summary.exempt} exempt`] : []),
    ...(summary.warned > 0 ? [`${summary.warned} with warnings`] : []),
  ];
  const aside = asides.length === 0 ? "" : ` (${asides.join(", ")})`;
  const verdict =
    summary.denied === 0
      ? `checked${on}, ${paint.good("all allowed")}${aside}`
      : `checked${on}: ${summary.allowed} allowed${aside}, ${paint.bad(`${summary.denied} denied`)}`;
  return [`${what} ${verdict}`, origin];
}

const NOUNS: Readonly<Record<SubjectKind, string>> = { commit: "commit", tag: "tag", ref: "ref", push: "push" };

const subjects = (cause: Cause): string => {
  const kinds = new Set(cause.shown.map((decision) => decision.subject.kind));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === undefined) return count(cause.count, "subject");
  return count(cause.count, NOUNS[kind], kind === "push" ? "pushes" : `${NOUNS[kind]}s`);
};

const policyName = ({ source, digest, serial }: PolicyOrigin): string =>
  `${show(source)}${serial === null ? "" : ` serial ${serial}`} ${digest.slice(0, "sha256:".length + 12)}`;

const folded = (text: string, first: string, rest: string): string[] =>
  text === "" ? [] : wrap(text, WIDTH - rest.length).map((line, i) => (i === 0 ? first : rest) + line);

/** A report is often printed where a program reads the log and obeys some lines. */
const lines = (all: readonly string[]): string => escapeLogLines(all.map((line) => `${line}\n`).join(""));

interface Painter {
  /** As it can be run where it is read. */
  hint(text: string): string;
  bad(text: string): string;
  doubtful(text: string): string;
  good(text: string): string;
  name(text: string): string;
}

function painter({ colour, spoken }: TextOptions): Painter {
  const paint = (sgr: number) => (text: string) => (colour ? `\u001b[${sgr}m${text}\u001b[0m` : text);
  const hint = spoken ?? ((text: string) => text);
  return { hint, bad: paint(31), doubtful: paint(33), good: paint(32), name: paint(33) };
}
