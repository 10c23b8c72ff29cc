// Times whole processes side by side: subject and baseline take turns, so that what else the machine does meets both.
import { spawnSync } from "node:child_process";

/**
 * @param processes - each with its `before`, which is not timed; `isLong`: so long that no warming up can show
 * @returns the milliseconds of `runs` turns of each, after one of each that does not count, but of the long
 * @throws when a process does not end as it should: a wrong answer is not worth timing
 */
export function timeInTurns(runs, ...processes) {
  const times = processes.map(() => []);
  for (let turn = 0; turn <= runs; turn += 1) {
    processes.forEach((process, index) => {
      if (turn === 0 && process.isLong) return;
      const taken = timeProcess(process);
      if (turn > 0) times[index].push(taken);
    });
  }
  return times.map(summarise);
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
