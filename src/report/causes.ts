import type { Decision, Finding, Severity, VerdictCode } from "../model.ts";

/** Subjects that share a primary finding: the same code, from the same rule, in the same words. */
export interface Cause {
  readonly code: VerdictCode;
  readonly severity: Severity;
  readonly rule: string | null;
  /** Null where the subjects' messages differ; then each has its own. */
  readonly message: string | null;
  /** Null where they differ or none has one. */
  readonly hint: string | null;
  /** How many subjects; `shown` holds the first of them. */
  readonly count: number;
  readonly shown: readonly Decision[];
}

interface OpenCause {
  readonly finding: Finding;
  sameMessage: boolean;
  sameHint: boolean;
  count: number;
  shown: Decision[];
}

/** Messages may quote the subject, and an attacker chooses how many differ: past this many they share a cause. */
const MAX_DISTINCT = 40;

/** Collects decisions by their primary finding and keeps the first `keep` of each, so that memory is bounded. */
export class Causes {
  readonly #causes = new Map<string, OpenCause>();
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** `decision.findings[0]` is the primary cause; a decision without findings has none and is not kept. */
  add(decision: Decision): void {
    const finding = decision.findings[0];
    if (finding === undefined) return;
    const broad = JSON.stringify([finding.severity, finding.code, finding.rule]);
    const exact = `${broad}\n${finding.message}`;
    const key = this.#causes.has(exact) || this.#causes.size < MAX_DISTINCT ? exact : broad;
    let cause = this.#causes.get(key);
    if (cause === undefined) {
      cause = { finding, sameMessage: true, sameHint: true, count: 0, shown: [] };
      this.#causes.set(key, cause);
    }
    cause.sameMessage &&= cause.finding.message === finding.message;
    cause.sameHint &&= cause.finding.hint === finding.hint;
    cause.count++;
    if (cause.shown.length < this.#keep) cause.shown.push(decision);
  }

  list(): readonly Cause[] {
    return [...this.#causes.values()].map(({ finding, sameMessage, sameHint, count, shown }) => ({
      code: finding.code,
      severity: finding.severity,
      rule: finding.rule,
      message: sameMessage ? finding.message : null,
      hint: sameHint ? (finding.hint ?? null) : null,
      count,
      shown,
    }));
  }
}
