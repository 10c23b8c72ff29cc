import type { Seconds } from "../model.ts";

/**
 * The moment by which work must have come to its end, whatever it waits for: a git child that hangs, a file system that
 * does not answer. It cannot interrupt code that computes without a pause, which nothing here does for long.
 */
export class Deadline {
  /** Resolves when the time is up; never rejects, and stays open for good once `meet` was called in time. */
  readonly passed: Promise<void>;
  /** `performance` would be loaded for this alone, and every push would wait for it. */
  readonly #started = process.uptime();
  #pass: () => void = () => undefined;
  #seconds: Seconds;
  #timer: NodeJS.Timeout | undefined;
  #open = true;

  constructor(seconds: Seconds) {
    this.passed = new Promise((resolve) => (this.#pass = resolve));
    this.#seconds = seconds;
    // What waits for nothing needs no timer, and ends before one could be heard: a timer takes longer to set than a ref to read.
    // This is called once everything waits.
    process.nextTick(() => this.#set());
  }

  /** Sets the time anew, counted from the start. */
  allow(seconds: Seconds): void {
    this.#seconds = seconds;
    if (this.#timer !== undefined) this.#set();
  }

  #set(): void {
    if (!this.#open) return;
    clearTimeout(this.#timer);
    const left = Math.max(0, this.#seconds * 1000 - (process.uptime() - this.#started) * 1000);
    this.#timer = setTimeout(() => {
      this.#open = false;
      this.#pass();
    }, left);
    // Where nothing else is left to wait for, the process ends, and ends in a refusal.
    this.#timer.unref();
  }

  /** The work is done: the time cannot run out any more. */
  meet(): void {
    clearTimeout(this.#timer);
    this.#open = false;
  }
}
