// Times whole processes side by side: subject and baseline take turns, so that what else the machine does meets both.
import { spawnSync } from "node:child_process";

/**
 * What takes milliseconds is run until it has taken this long altogether: a median of seven such processes is a twentieth off as
 * often as not, either way.
 */
const ENOUGH_MS = 4000;
const MOST_RUNS = 51;

/**
 * @param processes - each with its `before`, which is not timed; `isLong`: so long that no warming up can show
 * @returns the milliseconds of at least `runs` turns of each, after one of each that does not count, but of the long
 * @throws when a process does not end as it should: a wrong answer is not worth timing
 */
export function timeInTurns(runs, ...processes) {
  const named = processes.map((process) => ({ process, times: [] }));
  for (const { process } of named) if (!process.isLong) timeProcess(process);
  const spent = () => named.flatMap(({ times }) => times).reduce((sum, time) => sum + time, 0);
  for (let turn = 1; turn <= runs || (turn <= MOST_RUNS && spent() < ENOUGH_MS); turn += 1) {
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
