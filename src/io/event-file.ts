import { readFileSync, statSync } from "node:fs";
import { SignpolicyError } from "../errors.ts";
import { tooLarge } from "./plain-files.ts";

/** GitHub's largest payloads are 25 MB. */
const CAP = 64 * 1024 * 1024;

/**
 * The JSON of the file in which a platform tells what happened.
 *
 * @throws SignpolicyError ERR_IO for one that is absent, larger than any event, or no JSON
 */
export function readEventFile(path: string): unknown {
  try {
    if (statSync(path).size > CAP) throw new Error(tooLarge(CAP));
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const why =
      cause instanceof SyntaxError ? "it is no JSON" : ((cause as NodeJS.ErrnoException).code ?? String(cause));
    throw new SignpolicyError("ERR_IO", `the event of this job cannot be read from ${path}: ${why}`, { cause });
  }
}
