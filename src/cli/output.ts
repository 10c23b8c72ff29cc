import type { Decision, RefName, ReportHead, Summary } from "../model.ts";
import { createRenderer } from "../report/index.ts";
import { show } from "../report/show.ts";
import { wantsColour } from "./colour.ts";
import { note } from "./messages.ts";
import type { ReportFormat } from "../report/renderer.ts";
import { spoken } from "./own-program.ts";
import type { ReportOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { createTally } from "./tally.ts";
import type { Output } from "./tally.ts";
import type { ReportSink } from "../check/sink.ts";
import { writeError, writeOut } from "./streams.ts";

/** The report of a command: on stdout in the format asked for, with a bar on a terminal's stderr until it starts. */
export function createReport(options: ReportOptions, write: (text: string) => void = writeOut): Output {
  const { format, quiet = false, verbose = false } = options;
  const renderer = createRenderer(format, { colour: wantsColour(), verbose, quiet, spoken });
  // Text of a whole report comes at its end; before that a terminal shows nothing else.
  const progress = createProgress(format === "text" && !verbose && !quiet);
  const tally = createTally(renderer, write);
  return {
    ...(progress === null ? {} : { expect: (total: number) => progress.expect(total) }),
    begin(head: ReportHead) {
      // JSON has no place for them (design §8), nor has GitLab's report.
      if ((format === "json" || format === "gitlab") && !quiet)
        for (const text of head.notes) writeError(`signpolicy: ${note(show(text))}\n`);
      return tally.begin(head);
    },
    decision(decision: Decision) {
      progress?.step();
      return tally.decision(decision);
    },
    // Who lists every subject wants each.
    ...(format === "text" && !verbose
      ? { counted: (ref: RefName | null, more: Summary) => tally.counted?.(ref, more) }
      : {}),
    finish() {
      progress?.clear();
      return tally.finish();
    },
  };
}

/** An output that takes a while to end. */
export interface PendingOutput extends ReportSink {
  finish(): Promise<ReturnType<Output["finish"]>>;
}

/** A report that is written as a whole at its end. */
export function createTextReport(format: ReportFormat, write: (text: string) => void | Promise<void>): PendingOutput {
  let all = "";
  const renderer = createRenderer(format, { colour: false, verbose: false, quiet: false });
  const tally = createTally(renderer, (text) => (all += text));
  return {
    begin: (head) => tally.begin(head),
    decision: (one) => tally.decision(one),
    async finish() {
      const end = tally.finish();
      await write(all);
      return end;
    },
  };
}

/** One report for several readers; the first one's is the answer. */
export function joinOutputs(first: Output, others: readonly PendingOutput[]): PendingOutput {
  return {
    ...(first.expect === undefined ? {} : { expect: (total: number) => first.expect?.(total) }),
    async begin(head) {
      for (const output of [first, ...others]) await output.begin(head);
    },
    async decision(decision) {
      for (const output of [first, ...others]) await output.decision(decision);
    },
    async finish() {
      const end = first.finish();
      for (const output of others) await output.finish();
      return end;
    },
  };
}
