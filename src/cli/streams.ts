import { writeSync } from "node:fs";
import { SignpolicyError } from "../errors.ts";
import { outputFailed } from "./messages.ts";

const closed = new Set<number>();

/**
 * Writes everything before it returns: nothing is lost when the process ends, and a slow reader holds us back. Node's
 * own streams are loaded for neither stdout nor stderr, which a hook that has nothing to say would pay for.
 *
 * A reader that went away (EPIPE) is no error and changes no verdict: the rest is dropped, the work goes on to its end.
 *
 * @throws SignpolicyError ERR_IO for anything else on stdout, such as a full disk: a report that is not written was not given
 */
function writeAll(fd: 1 | 2, text: string): void {
  if (closed.has(fd) || text === "") return;
  const bytes = Buffer.from(text, "utf8");
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") {
        // Another process made the shared pipe non-blocking; there is nothing to wait on but time.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      // Talk that cannot be said is dropped, whatever the reason; only the report must arrive.
      if (code !== "EPIPE" && fd !== 2)
        throw new SignpolicyError("ERR_IO", outputFailed(messageOf(error)), { cause: error });
      closed.add(fd);
      return;
    }
  }
}

export const writeOut = (text: string): void => writeAll(1, text);

export const writeError = (text: string): void => writeAll(2, text);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
