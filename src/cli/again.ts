/** `verify` where nothing has changed since it last allowed everything: says what it said, and loads nothing that judges. */
import { recallRun, type KeptRun } from "../check/frontier-runs.ts";
import { EXIT } from "../errors.ts";
import { readClock } from "../io/clock.ts";
import { createTextRenderer } from "../report/text.ts";
import { wantsColour } from "./colour.ts";
import { writeOut } from "./streams.ts";

/**
 * The exit code, once the report is written; null where everything must be judged: nothing was kept, something changed, or
 * that cannot be told.
 *
 * @param program - the file of the program that would judge: its name holds a digest of all that it loads
 */
export function answerAgain(program: string, words: readonly string[]): number | null {
  let text: string;
  try {
    const run = recallRun(program, process.cwd(), process.env, words, readClock());
    if (run === null) return null;
    text = reportOf(run);
  } catch {
    return null;
  }
  writeOut(text);
  return EXIT.allowed;
}

/** The report of a run, as it was written then. */
export function reportOf({ policy, notes, summary, quiet, kinds, refs }: KeptRun): string {
  const renderer = createTextRenderer({ colour: wantsColour(), verbose: false, quiet }, { kinds, refs });
  const tool = { name: "signpolicy", version: SIGNPOLICY_VERSION } as const;
  return renderer.begin({ schemaVersion: 1, tool, policy, notes }) + renderer.end(summary);
}
