import { isatty } from "node:tty";
import type { ReportSink } from "../check/sink.ts";
import { EXIT } from "../errors.ts";
import type { Decision, ReportHead, Summary } from "../model.ts";
import { showText } from "../report/show.ts";
import type { Renderer } from "../report/renderer.ts";
import { writeError, writeOut } from "./streams.ts";

/** Written at once when it grows past this; a decision is a few hundred bytes and a write costs a system call. */
const CHUNK = 16_384;

/** Counts decisions on their way to a renderer; `finish` ends the report and gives the exit code. */
export interface Output extends ReportSink {
  finish(): { readonly summary: Summary; readonly exitCode: number };
}

/** A report on stdout, or on stderr for hooks, whose stdout may belong to the next program in the pipe. */
export function createOutput(renderer: Renderer, to: "stdout" | "stderr"): Output {
  const write = to === "stdout" ? writeOut : writeError;
  let pending = "";
  let summary: Summary = { checked: 0, allowed: 0, denied: 0, exempt: 0, warned: 0 };
  const put = (text: string): void => {
    pending += text;
    if (pending.length < CHUNK) return;
    write(pending);
    pending = "";
  };

  return {
    begin: (head: ReportHead) => put(renderer.begin(head)),
    decision(decision: Decision) {
      summary = counted(summary, decision);
      put(renderer.decision(decision));
    },
    finish() {
      write(pending + renderer.end(summary));
      pending = "";
      return { summary, exitCode: summary.denied === 0 ? EXIT.allowed : EXIT.denied };
    },
  };
}

function counted(summary: Summary, decision: Decision): Summary {
  const warned = decision.allow && decision.findings.length > 0 && !decision.exempt;
  return {
    checked: summary.checked + 1,
    allowed: summary.allowed + (decision.allow ? 1 : 0),
    denied: summary.denied + (decision.allow ? 0 : 1),
    exempt: summary.exempt + (decision.exempt ? 1 : 0),
    warned: summary.warned + (warned ? 1 : 0),
  };
}

/** Notes of a JSON report, which has no place for them. */
export const sayNotes = (notes: readonly string[]): void => {
  for (const note of notes) writeError(`signpolicy: note: ${showText(note)}\n`);
};

/** Colour is for people: a terminal, and NO_COLOR (no-color.org) unset or empty. */
export const wantsColour = (env: NodeJS.ProcessEnv): boolean =>
  isatty(1) && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
