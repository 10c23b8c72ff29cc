import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/** Most bytes taken from standard input: some 400,000 refs. */
const INPUT_CAP = 64 * 1024 * 1024;

/**
 * All of standard input.
 *
 * @throws ParseError when there is more than anybody pushes
 */
export async function readInput(): Promise<Bytes> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > INPUT_CAP) throw new ParseError("push", `more than ${INPUT_CAP} bytes on standard input`, size);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
