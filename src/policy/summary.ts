import type { Decision, Summary } from "../model.ts";

export const EMPTY_SUMMARY: Summary = { checked: 0, allowed: 0, denied: 0, exempt: 0, warned: 0 };

export const addSummaries = (a: Summary, b: Summary): Summary => ({
  checked: a.checked + b.checked,
  allowed: a.allowed + b.allowed,
  denied: a.denied + b.denied,
  exempt: a.exempt + b.exempt,
  warned: a.warned + b.warned,
});

/**
 * Counts one more decision. `checked` is `allowed` plus `denied`; `exempt` and `warned` are among the allowed and never
 * the same ones: allowed by an exemption, or allowed with warnings.
 */
export function addToSummary(summary: Summary, { allow, exempt, findings }: Decision): Summary {
  return {
    checked: summary.checked + 1,
    allowed: summary.allowed + (allow ? 1 : 0),
    denied: summary.denied + (allow ? 0 : 1),
    exempt: summary.exempt + (allow && exempt ? 1 : 0),
    warned: summary.warned + (allow && !exempt && findings.length > 0 ? 1 : 0),
  };
}
