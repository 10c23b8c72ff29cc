import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { assetText, isExecutable } from "../io/executable.ts";
import { verifyHere, type RawCheck, type RawVerifier } from "../signature/raw.ts";
import { isPackable, packBatch, type RawAnswers, type RawBatch } from "./raw-batch.ts";

/** Enough that handing over costs little beside the checks, few enough that nobody waits long for the last thread. */
const BATCH = 32;
/** Batches at one thread: it must find the next when it is done with one. */
const AT_ONCE = 3;
/** Checks done here at a time, between looks at what has come in. */
const HERE = 8;
/** Longer messages are hashed where they are. */
const LONGEST = 64 * 1024;

/**
 * V8 makes what is hot faster while we run, on the cores that verify. A third of what it would draw into one function takes it
 * less than that gives back in the second or so that ten thousand signatures take, and so it is with the long functions, which
 * do little themselves: they are left as they are. A longer run loses next to nothing.
 */
const LESS_OPTIMIZED = ["--max-inlined-bytecode-size-cumulative=300", "--max-optimized-bytecode-size=450"];
/** V8's own. Compiled code names the flags that differ from V8's, and is not taken in, or written, under others. */
const AS_EVER = ["--max-inlined-bytecode-size-cumulative=920", "--max-optimized-bytecode-size=61440"];

/** Of the memory from which node cuts small buffers: its own would last for two commits, and making it anew is not cheap. */
const POOL = 64 * 1024;

interface Asked {
  readonly check: RawCheck;
  readonly resolve: (good: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Raw checks on all cores: the other threads are kept busy, and what they have no room for is done here as soon as there is
 * nothing else to do. A thread that ends before it has answered fails every question that is open or still to come: nothing
 * is verified twice or taken for verified.
 */
export class RawThreads {
  readonly #threads: readonly RawThread[];
  readonly #waiting = new Queue<Asked>();
  #planned = false;
  #isHot = false;
  #failure: Error | null = null;
  readonly #pool = Buffer.poolSize;

  /** `program`: what threads run. */
  constructor(program: ThreadProgram, count = Math.max(1, availableParallelism() - 1)) {
    const failed = (error: Error): void => this.#fail(error);
    Buffer.poolSize = POOL;
    this.#threads = Array.from({ length: count }, () => new RawThread(program, () => this.#plan(), failed));
  }

  readonly verify: RawVerifier = (check) => {
    if (check.message.length > LONGEST || !isPackable(check)) return Promise.resolve(verifyHere(check));
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ check, resolve, reject });
      if (this.#waiting.length >= BATCH) this.#handOver(BATCH);
      this.#plan();
    });
  };

  /** Questions that are open are not answered any more. */
  close(): void {
    for (const flag of AS_EVER) setFlagsFromString(flag);
    Buffer.poolSize = this.#pool;
    for (const thread of this.#threads) thread.close();
    this.#waiting.take(this.#waiting.length);
  }

  /** Looks again once all that is at hand is done: who asks for much has asked for it by then. */
  #plan(): void {
    if (this.#planned || this.#waiting.length === 0) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#handOver(1);
      for (const { check, resolve } of this.#waiting.take(HERE)) resolve(verifyHere(check));
      this.#plan();
    });
  }

  /** Gives to whoever has room, while there is this much to give. */
  #handOver(least: number): void {
    while (this.#waiting.length >= least) {
      const thread = this.#threads.reduce((idlest, other) => (other.open < idlest.open ? other : idlest));
      if (thread.open >= AT_ONCE || (thread.open > 0 && this.#waiting.length < BATCH)) return;
      // Not before: what judges is loaded by now, and its compiled code was taken in.
      if (!this.#isHot) for (const flag of LESS_OPTIMIZED) setFlagsFromString(flag);
      this.#isHot = true;
      thread.ask(this.#waiting.take(BATCH));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.take(this.#waiting.length)) reject(error);
    for (const thread of this.#threads) thread.abandon(error);
  }
}

/** First in, first out; what was taken is let go from time to time. */
class Queue<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  take(most: number): T[] {
    const taken = this.#items.slice(this.#first, this.#first + most);
    this.#first += taken.length;
    if (this.#first > 1024 || this.#first === this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }
}

const PROGRAM = "raw-thread.cjs";

interface ThreadProgram {
  /** A file, or text where there are no files. */
  readonly program: string;
  readonly isText: boolean;
}

/** Null where we were not built, and node cannot run what stands beside us. */
export function threadProgram(): ThreadProgram | null {
  if (isExecutable()) return { program: assetText(PROGRAM), isText: true };
  const program = join(import.meta.dirname, PROGRAM);
  return existsSync(program) ? { program, isText: false } : null;
}

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
