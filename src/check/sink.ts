import type { Decision, RefName, ReportHead, Summary } from "../model.ts";

/**
 * Where a use case hands its decisions as they fall: `begin` once, before anything else, then `decision` for each, in
 * the report's order. Await both: a sink that writes to a slow pipe holds the producer back, so that memory does not
 * grow with the history. A sink never changes a verdict.
 */
export interface ReportSink {
  begin(head: ReportHead): void | Promise<void>;
  decision(decision: Decision): void | Promise<void>;
  /**
   * So many commits on one ref were allowed, without a finding, and are not handed on one by one. Only for those who list none;
   * where it is absent each is judged and handed on.
   */
  counted?(ref: RefName | null, summary: Summary): void;
  /** About how many decisions are to come, as soon as that is known; only for those who show progress. */
  expect?(total: number): void;
}

export { addSummaries, addToSummary, EMPTY_SUMMARY } from "../policy/summary.ts";
