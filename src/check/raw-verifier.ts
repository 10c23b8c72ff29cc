import { verifyHere, verifyInPool, type RawVerifier } from "../signature/raw.ts";
import type { RawThreads } from "./raw-threads.ts";

/** node's pool takes as long to start as a few checks do. */
const FEW = 4;
/** A thread takes as long to start as some hundred checks do. */
const MANY = 400;

/**
 * The arithmetic of one run: at once for the first few signatures, in node's own pool for more, in threads of our own from
 * the moment they turn out to be many. The answers are the same, node:crypto's, and so is what is asked.
 */
export class SessionRawVerifier {
  #asked = 0;
  #isStarted = false;
  #threads: RawThreads | null = null;
  #closed = false;

  readonly verify: RawVerifier = (check) => {
    if (this.#threads !== null) return this.#threads.verify(check);
    this.#asked += 1;
    if (this.#asked <= FEW) return Promise.resolve(verifyHere(check));
    this.expect(this.#asked);
    return verifyInPool(check);
  };

  /** So many checks are to come, or have: threads start while other work is done. */
  expect(checks: number): void {
    if (checks >= MANY) void this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#threads?.close();
  }

  async #start(): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { RawThreads, threadProgram } = await import("./raw-threads.ts");
    const program = threadProgram();
    if (!this.#closed && program !== null) this.#threads = new RawThreads(program);
  }
}
