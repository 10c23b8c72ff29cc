import { readSync } from "node:fs";
import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { inputTooLarge } from "./messages.ts";

/** Some 300,000 refs. */
const CAP = 64 * 1024 * 1024;

/**
 * All of standard input. Read without Node's streams, which a hook would wait for, and kept for the next reader.
 *
 * @throws ParseError when it is too long to be a push
 */
export function readInput(): Bytes {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const read = readChunk(chunk);
    if (read === 0) return Buffer.concat(chunks, size);
    size += read;
    if (size > CAP) throw new ParseError("standard input", inputTooLarge(CAP), CAP);
    chunks.push(chunk.subarray(0, read));
  }
}

function readChunk(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows reports the end of a pipe as an error; a shared pipe may have been made non-blocking by another process.
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
