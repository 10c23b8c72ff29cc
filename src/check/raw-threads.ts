import type { KeyObject } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { assetText, isExecutable } from "../io/executable.ts";
import { verifyHere, type RawCheck, type RawVerifier } from "../signature/raw.ts";
import { isPackable, packBatch, type RawAnswers, type RawBatch } from "./raw-batch.ts";

/** Enough that handing over costs little beside the checks, few enough that nobody waits long for the last thread. */
const BATCH = 64;
/** Batches at one thread: it must find the next when it is done with one. */
const AT_ONCE = 3;
/** Longer messages are hashed where they are. */
const LONGEST = 64 * 1024;

interface Asked {
  readonly check: RawCheck;
  readonly resolve: (good: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Raw checks on all cores but this one, and on this one where the others have enough to do. A thread that ends before it
 * has answered fails every question that is open or still to come: nothing is verified twice or taken for verified.
 */
export class RawThreads {
  readonly #threads: readonly RawThread[];
  #gathered: Asked[] = [];
  #flushing = false;
  #failure: Error | null = null;

  /** `program`: what threads run. */
  constructor(program = threadProgram(), count = Math.max(1, availableParallelism() - 1)) {
    const failed = (error: Error): void => this.#fail(error);
    this.#threads = Array.from({ length: count }, () => new RawThread(program, () => this.#answered(), failed));
  }

  readonly verify: RawVerifier = (check) => {
    if (check.message.length > LONGEST || !isPackable(check)) return Promise.resolve(verifyHere(check));
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#gathered.push({ check, resolve, reject });
      if (this.#gathered.length >= BATCH) this.#handOver();
      else if (!this.#flushing) {
        this.#flushing = true;
        // Whoever asks little asks no more for now, and waits.
        setImmediate(() => {
          this.#flushing = false;
          this.#answered();
        });
      }
    });
  };

  /** Questions that are open are not answered any more. */
  close(): void {
    for (const thread of this.#threads) thread.close();
  }

  /** A full batch goes to the thread that has the least to do; when all have enough, it is ours. */
  #handOver(): void {
    const batch = this.#gathered;
    this.#gathered = [];
    const thread = this.#leastBusy();
    if (thread.open < AT_ONCE) thread.ask(batch);
    else for (const { check, resolve } of batch) resolve(verifyHere(check));
  }

  /** What does not fill a batch waits only as long as every thread is busy. */
  #answered(): void {
    if (this.#gathered.length > 0 && this.#leastBusy().open === 0) this.#handOver();
  }

  #leastBusy(): RawThread {
    return this.#threads.reduce((least, thread) => (thread.open < least.open ? thread : least));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#gathered.splice(0)) reject(error);
    for (const thread of this.#threads) thread.abandon(error);
  }
}

const PROGRAM = "raw-thread.cjs";

interface ThreadProgram {
  /** A file, or text where there are no files. */
  readonly program: string;
  readonly isText: boolean;
}

const threadProgram = (): ThreadProgram =>
  isExecutable()
    ? { program: assetText(PROGRAM), isText: true }
    : { program: join(import.meta.dirname, PROGRAM), isText: false };

class RawThread {
  readonly #worker: Worker;
  readonly #numbers = new Map<KeyObject, number>();
  readonly #asked: (readonly Asked[])[] = [];

  constructor({ program, isText }: ThreadProgram, answered: () => void, failed: (error: Error) => void) {
    this.#worker = new Worker(program, { eval: isText });
    this.#worker.on("message", (answers: RawAnswers) => {
      const [batch] = this.#asked;
      if (batch?.length !== answers.length) {
        failed(new Error("a verifying thread gave another number of answers than it was asked for"));
        return;
      }
      this.#asked.shift();
      batch.forEach(({ resolve }, index) => resolve(answers[index] === 1));
      answered();
    });
    this.#worker.on("error", (cause) => failed(new Error("a verifying thread failed", { cause })));
    this.#worker.on("exit", () => failed(new Error("a verifying thread ended")));
  }

  /** Batches that are not answered. */
  get open(): number {
    return this.#asked.length;
  }

  ask(batch: readonly Asked[]): void {
    const keys: KeyObject[] = [];
    const numberOf = (key: KeyObject): number => {
      let number = this.#numbers.get(key);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(key, number);
        keys.push(key);
      }
      return number;
    };
    const checks = batch.map(({ check }) => check);
    const packed: RawBatch = { ...packBatch(checks, numberOf), keys };
    this.#asked.push(batch);
    this.#worker.postMessage(packed, [packed.bytes]);
  }

  abandon(error: Error): void {
    for (const batch of this.#asked.splice(0)) for (const { reject } of batch) reject(error);
  }

  close(): void {
    void this.#worker.terminate();
  }
}
