import { markdownCode } from "../encoding/text.ts";
import type { Decision, PolicyOrigin, ReportHead, Summary } from "../model.ts";
import { Causes } from "./causes.ts";
import type { Cause } from "./causes.ts";
import { subjectName } from "./findings.ts";
import type { Renderer } from "./renderer.ts";
import { count, show, showText } from "./show.ts";

const SHOWN = 20;

/**
 * The report as Markdown, for a job's summary page or a comment. Whatever a stranger wrote stands in a code span: no link, no
 * image, no HTML, no mention.
 */
export function createMarkdownRenderer(): Renderer {
  const denied = new Causes(SHOWN);
  const warned = new Causes(SHOWN);
  let head: ReportHead | null = null;
  return {
    begin(start) {
      head = start;
      return "";
    },
    decision(decision: Decision) {
      if (!decision.allow) denied.add(decision);
      else if (!decision.exempt) warned.add(decision);
      return "";
    },
    end(summary) {
      const parts = [
        `### signpolicy: ${verdict(summary)}`,
        policyLine(head?.policy ?? null),
        ...(head?.notes ?? []).map((note) => `Note: ${markdownCode(show(note))}`),
        ...denied.list().map((cause) => causeOf(cause, "Denied")),
        ...warned.list().map((cause) => causeOf(cause, "Warning")),
      ];
      return `${parts.join("\n\n")}\n\n`;
    },
  };
}

function verdict({ checked, denied, exempt, warned }: Summary): string {
  if (checked === 0) return "nothing to check, the range is empty";
  const asides = [...(exempt > 0 ? [`${exempt} exempt`] : []), ...(warned > 0 ? [`${warned} with warnings`] : [])];
  const aside = asides.length === 0 ? "" : ` (${asides.join(", ")})`;
  return denied === 0 ? `${checked} checked, all allowed${aside}` : `${denied} of ${checked} denied${aside}`;
}

const policyLine = (policy: PolicyOrigin | null): string =>
  policy === null ? "No policy" : `Policy ${markdownCode(`${show(policy.source)} ${policy.digest}`)}`;

function causeOf(cause: Cause, label: string): string {
  const rule = cause.rule === null ? "" : `, rule ${markdownCode(showText(cause.rule, 60))}`;
  const title = `#### ${label}: ${markdownCode(cause.code)}, ${count(cause.count, "time")}${rule}`;
  const message = cause.message === null ? [] : [markdownCode(show(cause.message))];
  const subjects = cause.shown.map((decision) => {
    const [first] = decision.findings;
    const { shown } = decision;
    const who = shown === null || shown.committer === "" ? "" : ` by ${markdownCode(show(shown.committer, 100))}`;
    const own = cause.message === null && first !== undefined ? `: ${markdownCode(show(first.message))}` : "";
    return `- ${markdownCode(subjectName(decision))}${who}${own}`;
  });
  if (cause.count > cause.shown.length) subjects.push(`- and ${cause.count - cause.shown.length} more`);
  const mend = cause.hint === null ? [] : [`Mend: ${markdownCode(show(cause.hint))}`];
  return [title, ...message, subjects.join("\n"), ...mend].join("\n\n");
}
