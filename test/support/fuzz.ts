/**
 * Properties with two lengths. In `npm test` each is tried a few hundred times, from the same seed in every run. In
 * `npm run test:slow` they are tried for as long as SIGNPOLICY_FUZZ_SECONDS says, divided among all of them, from a seed
 * that is printed; SIGNPOLICY_FUZZ_SEED and SIGNPOLICY_FUZZ_PATH, which a failure names, play one again.
 */
import { expect, it } from "@jest/globals";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";

const isSlow = process.env["SLOW"] === "1";

const SECONDS = Number(process.env["SIGNPOLICY_FUZZ_SECONDS"] ?? "660");
const SEED = process.env["SIGNPOLICY_FUZZ_SEED"];
const PATH = process.env["SIGNPOLICY_FUZZ_PATH"];
/** Of the short mode: whoever changes nothing sees nothing new. */
const FIXED_SEED = 0x516e;
/** Beyond the time a property has, to set it up and to shrink what it found. */
const GRACE_MS = 300_000;

if (!(SECONDS > 0)) throw new Error("SIGNPOLICY_FUZZ_SECONDS is no number of seconds");

const FOLDER = fileURLToPath(new URL("../properties", import.meta.url));

/** Files that get more than one share of the time: what a stranger's bytes meet first, and what starts git for every step. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "signed-objects.test.ts": 6,
  "hostile-bytes.test.ts": 5,
  "remembered-verdicts.test.ts": 4,
  "remembered-pushes.test.ts": 3,
  "remembered-preflight.test.ts": 2,
};
const weightOf = (file: string): number => WEIGHTS[file] ?? 1;

/** Seconds for the properties of this test file. */
function secondsHere(): number {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".test.ts"));
  const all = files.reduce((sum, file) => sum + weightOf(file), 0);
  return (SECONDS * weightOf(basename(expect.getState().testPath ?? ""))) / all;
}

let registered = 0;

export interface Lengths {
  /** Times that the property is tried in `npm test`. */
  readonly runs?: number;
}

/** Milliseconds of the processor that something takes: what else the machine does is not counted. */
export async function costOf(body: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** `it` for a property; `property` is made when it runs. */
export function itHolds<T>(name: string, property: () => fc.IRawProperty<T>, { runs = 500 }: Lengths = {}): void {
  registered += 1;
  it(
    name,
    async () => {
      const details = await fc.check(property(), isSlow ? long() : { seed: FIXED_SEED, numRuns: runs });
      if (isSlow) process.stderr.write(`${String(details.numRuns).padStart(9)} runs, seed ${details.seed}: ${name}\n`);
      // With next to no time nothing is tried, which fast-check calls a failure.
      if (!details.failed || (details.interrupted && details.counterexample === null)) return;
      const again = `SIGNPOLICY_FUZZ_SEED=${details.seed} SIGNPOLICY_FUZZ_PATH=${details.counterexamplePath ?? ""}`;
      const report = fc.defaultReportMessage(details as fc.RunDetails<unknown>) ?? "";
      throw new Error(`${report}\nAgain: ${again} npm run test:slow -- -t '${name}'`, { cause: details.errorInstance });
    },
    isSlow ? SECONDS * 1000 + GRACE_MS : GRACE_MS,
  );
}

function long(): fc.Parameters<unknown> {
  return {
    numRuns: Number.POSITIVE_INFINITY,
    plugins: [fc.interruptAfterTimeLimit((secondsHere() * 1000) / registered)],
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH, endOnFailure: false }),
  };
}
