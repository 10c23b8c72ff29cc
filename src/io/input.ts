import { readSync } from "node:fs";
import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/** Most bytes taken from standard input: some 400,000 refs. */
const INPUT_CAP = 64 * 1024 * 1024;

/**
 * All of standard input. Read without Node's streams, which take longer to load than a push takes to read.
 *
 * @throws ParseError when there is more than anybody pushes
 */
export function readInput(): Bytes {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    // A line or two is what most pushes are.
    const chunk = Buffer.allocUnsafe(size === 0 ? 1024 : 65_536);
    const read = readChunk(chunk);
    if (read === 0) return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
    size += read;
    if (size > INPUT_CAP) throw new ParseError("push", `more than ${INPUT_CAP} bytes on standard input`, size);
    chunks.push(chunk.subarray(0, read));
  }
}

function readChunk(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows tells the end of a pipe by an error.
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      // Another process made the shared pipe non-blocking; there is nothing to wait on but time.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}
