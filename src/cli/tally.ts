import { addSummaries, addToSummary, EMPTY_SUMMARY } from "../check/sink.ts";
import type { ReportSink } from "../check/sink.ts";
import { EXIT } from "../errors.ts";
import type { Decision, RefName, ReportHead, Summary } from "../model.ts";
import type { Renderer } from "../report/renderer.ts";

/**
 * Written at once when it grows past this; a decision is a few hundred bytes and a write costs a system call. The first is
 * shown as it falls, and each chunk may be twice as long as the one before.
 */
const CHUNK = 16_384;
const FIRST_CHUNK = 512;

/** Takes a report; `finish` ends it and gives the exit code. */
export interface Output extends ReportSink {
  finish(): { readonly summary: Summary; readonly exitCode: number };
}

/**
 * Counts decisions on their way through a renderer to `write`, which returns once the text is written. The exit code
 * comes from the decisions alone, whatever became of the text.
 */
export function createTally(renderer: Renderer, write: (text: string) => void): Output {
  let pending = "";
  let chunk = FIRST_CHUNK;
  let begun = false;
  let summary = EMPTY_SUMMARY;
  const put = (text: string): void => {
    pending += text;
    if (pending.length < chunk) return;
    write(pending);
    pending = "";
    chunk = Math.min(CHUNK, chunk * 2);
  };

  return {
    begin(head: ReportHead) {
      begun = true;
      put(renderer.begin(head));
    },
    decision(decision: Decision) {
      summary = addToSummary(summary, decision);
      put(renderer.decision(decision));
    },
    counted(ref: RefName | null, more: Summary) {
      summary = addSummaries(summary, more);
      renderer.counted?.(ref, more.checked);
    },
    finish() {
      // A use case that never began judged nothing, and nothing must not look like "all allowed".
      if (!begun) throw new Error("the report never began");
      write(pending + renderer.end(summary));
      pending = "";
      return { summary, exitCode: summary.denied === 0 ? EXIT.allowed : EXIT.denied };
    },
  };
}
