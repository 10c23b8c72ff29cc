import type { Finding, Severity, VerdictCode } from "../model.ts";

/** What a rule holds against a subject, before it is known how strict the rule is. */
export interface Objection {
  readonly code: VerdictCode;
  /** Lower case, no final period, one line; may quote hostile latin-1 text, which renderers escape. */
  readonly message: string;
  /** One command or action that mends it. */
  readonly hint: string;
  /** Never denies, however strict the rule. */
  readonly advisory?: true;
}

export function findingOf(
  objection: Omit<Objection, "hint"> & { readonly hint?: string },
  rule: string | null,
  severity: Severity,
): Finding {
  const finding: Finding = {
    code: objection.code,
    severity: objection.advisory === true ? "warning" : severity,
    rule,
    message: oneLine(objection.message),
  };
  return objection.hint === undefined ? finding : { ...finding, hint: oneLine(objection.hint) };
}

/** Reasons, rule names and details come from several hands; a report line stays one line. */
const oneLine = (text: string): string => (/[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, " ") : text);
