// Times whole processes side by side: subject and baseline take turns, so that what else the machine does meets both.
import { spawnSync } from "node:child_process";

const MOST_RUNS = 201;

/**
 * @param plan - `runs`: at least so many; `enough`: what takes milliseconds is run on until it has taken so many altogether. Of a
 *   hook beside node's start the ratio of two medians scatters by a thirtieth (its standard deviation) where each is of 7 runs, by a
 *   seventieth where it is of 51, and by less than a hundredth where it is of 201
 * @param processes - each with its `before`, which is not timed; `isLong`: so long that no warming up can show
 * @returns the milliseconds of the turns of each, after one of each that does not count, but of the long
 * @throws when a process does not end as it should: a wrong answer is not worth timing
 */
export function timeInTurns({ runs, enough = 0 }, ...processes) {
  const named = processes.map((process) => ({ process, times: [] }));
  for (const { process } of named) if (!process.isLong) timeProcess(process);
  const spent = () => named.flatMap(({ times }) => times).reduce((sum, time) => sum + time, 0);
  for (let turn = 1; turn <= runs || (turn <= MOST_RUNS && spent() < enough); turn += 1) {
    // What a process leaves behind, in caches and to be cleared away, meets each of the others as often.
    const order = turn % 2 === 1 ? named : named.toReversed();
    for (const { process, times } of order) times.push(timeProcess(process));
  }
  return named.map(({ times }) => summarise(times));
}

function timeProcess({ file, args, cwd, env, input = "", before = () => undefined }) {
  before();
  const start = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(file, args, { cwd, env, input, stdio: ["pipe", "ignore", "pipe"] });
  const taken = Number(process.hrtime.bigint() - start) / 1e6;
  if (error) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return taken;
}

export function summarise(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1), runs: sorted.length };
}

/** The same measure for another amount of work. */
export const scale = ({ median, least, most, runs }, factor) => ({
  median: median * factor,
  least: least * factor,
  most: most * factor,
  runs,
});
