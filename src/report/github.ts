import { escapeAnnotation } from "../encoding/text.ts";
import type { Decision, Summary } from "../model.ts";
import { Causes } from "./causes.ts";
import type { Cause } from "./causes.ts";
import { subjectName } from "./findings.ts";
import type { Renderer } from "./renderer.ts";
import { count, show, showText } from "./show.ts";
import { createTextRenderer } from "./text.ts";
import type { TextOptions } from "./text.ts";

/** GitHub shows ten annotations of a kind for a step and drops the rest in silence. */
const MOST = 10;
const SHOWN = 8;

/**
 * For a log of GitHub Actions (Gitea's and Forgejo's read the same): the text report, then each cause as an annotation, which
 * the run's page shows.
 */
export function createGithubRenderer(options: TextOptions): Renderer {
  const text = createTextRenderer({ ...options, colour: false });
  const denied = new Causes(SHOWN);
  const warned = new Causes(SHOWN);
  return {
    begin: (head) => text.begin(head),
    decision(decision: Decision) {
      if (!decision.allow) denied.add(decision);
      else if (!decision.exempt) warned.add(decision);
      return text.decision(decision);
    },
    end: (summary: Summary) =>
      text.end(summary) +
      annotations("error", denied.list()) +
      (options.quiet ? "" : annotations("warning", warned.list())),
  };
}

function annotations(kind: "error" | "warning", causes: readonly Cause[]): string {
  const shown = causes.length > MOST ? causes.slice(0, MOST - 1) : causes;
  const lines = shown.map((cause) => annotation(kind, titleOf(cause), bodyOf(cause)));
  if (shown.length < causes.length) {
    const more = `${count(causes.length - shown.length, "more cause")}: the log has them`;
    lines.push(annotation(kind, "signpolicy: more", more));
  }
  return lines.join("");
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
const annotation = (kind: string, title: string, body: string): string =>
  `::${kind} title=${escapeAnnotation(title, true)}::${escapeAnnotation(body)}\n`;

function titleOf({ code, count: all, rule }: Cause): string {
  const where = rule === null ? "" : `, rule "${showText(rule, 60)}"`;
  return `signpolicy: ${code}${all === 1 ? "" : ` (${all} times)`}${where}`;
}

function bodyOf(cause: Cause): string {
  const lines = cause.message === null ? [] : [show(cause.message)];
  for (const decision of cause.shown) {
    const [first] = decision.findings;
    const who =
      decision.shown === null || decision.shown.committer === "" ? "" : ` by ${show(decision.shown.committer, 100)}`;
    const own = cause.message === null && first !== undefined ? `: ${show(first.message)}` : "";
    lines.push(`${subjectName(decision)}${who}${own}`);
  }
  if (cause.count > cause.shown.length) lines.push(`+${cause.count - cause.shown.length} more`);
  if (cause.hint !== null) lines.push(`fix: ${show(cause.hint)}`);
  return lines.join("\n");
}
