import type { Decision, ReportHead } from "../model.ts";

/**
 * Where a use case hands its decisions as they fall: `begin` once, before anything else, then `decision` for each, in
 * the report's order. Await both: a sink that writes to a slow pipe holds the producer back, so that memory does not
 * grow with the history. A sink never changes a verdict.
 */
export interface ReportSink {
  begin(head: ReportHead): void | Promise<void>;
  decision(decision: Decision): void | Promise<void>;
  /** About how many decisions are to come, as soon as that is known; only for those who show progress. */
  expect?(total: number): void;
}

export { addToSummary, EMPTY_SUMMARY } from "../policy/summary.ts";
