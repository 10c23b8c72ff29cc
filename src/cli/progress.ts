import { isatty } from "node:tty";
import { progressLine } from "./messages.ts";
import { writeError } from "./streams.ts";

/** Counts what is done; says so on stderr, on a terminal, once the work has lasted a second. */
export interface Progress {
  /** Work became known: `total` grows as git lists more. */
  expect(total: number): void;
  step(): void;
  /** Takes the bar away, so that the report starts on a clean line. */
  clear(): void;
}

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 100;
const BAR = 24;

interface Terminal {
  write(text: string): void;
  now(): number;
}

const stderr: Terminal = {
  write: writeError,
  now: () => performance.now(),
};

const realTerminal = (): Terminal | null => (isatty(2) && process.env["TERM"] !== "dumb" ? stderr : null);

/** Null where nobody would see it. */
export function createProgress(wanted: boolean, terminal: Terminal | null = realTerminal()): Progress | null {
  if (!wanted || terminal === null) return null;
  const start = terminal.now();
  let total: number | null = null;
  let done = 0;
  let next = start + FIRST_AFTER_MS;
  let drawn = false;
  return {
    expect(known) {
      total = known;
    },
    step() {
      done++;
      // The clock is asked for every sixteenth subject: asking costs as much as some of them do.
      if (done % 16 !== 0) return;
      const now = terminal.now();
      if (now < next) return;
      next = now + EVERY_MS;
      drawn = true;
      terminal.write(`\r${renderBar(done, total)}\u001b[K`);
    },
    clear() {
      if (drawn) terminal.write("\r\u001b[K");
      drawn = false;
    },
  };
}

function renderBar(done: number, total: number | null): string {
  if (total === null || total < done) return progressLine(`${done}`);
  const filled = Math.round((BAR * done) / Math.max(1, total));
  return `[${"#".repeat(filled)}${"-".repeat(BAR - filled)}] ${progressLine(`${done} of ${total}`)}`;
}
