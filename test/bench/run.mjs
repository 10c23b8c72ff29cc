// npm run bench -- [--quick] [--check]: prints what the hooks and `verify` cost as ratios to something measured beside
// them, since a ratio means the same on every machine. BENCH_COMMITS changes the length of the history.
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { CASES, count } from "./cases.mjs";
import { openScene } from "./scene.mjs";

/** The targets of `verify` are for histories of this length; a short one measures the start of a process instead. */
const FULL = 10_000;

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, check: { type: "boolean" } } });
const commits = commitCount();
const plan = { commits, sample: Math.min(commits, options.quick ? 60 : 300), runs: options.quick ? 7 : 11 };

process.stdout.write(
  `node ${process.versions.node}, ${versionOf("git")}, ${versionOf("gpg") ?? "no gpg"}, ${cpus().length} cores, ` +
    `${count(commits)} commits, medians of ${plan.runs} runs (least–most)\n\n`,
);
const scene = openScene(commits);
process.once("SIGINT", () => {
  scene.close();
  process.exit(130);
});
let missed = 0;
try {
  for (const benchCase of CASES) missed += report(benchCase) ? 0 : 1;
} finally {
  scene.close();
}
if (missed > 0) process.stdout.write(`\n${missed} ${missed === 1 ? "target" : "targets"} missed\n`);
process.exitCode = options.check && missed > 0 ? 1 : 0;

/** Measures a case and prints its row; false when its target is missed. */
function report(benchCase) {
  if (benchCase.needs !== undefined && versionOf(benchCase.needs) === null) {
    process.stdout.write(`${benchCase.name.padEnd(28)}not measured: ${benchCase.needs} is absent\n`);
    return true;
  }
  const { subject, baseline, ratio, against } = benchCase.measure(scene, plan);
  const { met, words } = judge(benchCase, ratio);
  process.stdout.write(
    `${benchCase.name.padEnd(28)}${show(subject).padEnd(24)}${against.padEnd(44)}${show(baseline).padEnd(26)}` +
      `${ratio.toFixed(2).padStart(7)} ×  ${words}\n`,
  );
  return met;
}

function judge({ atMost = null, atLeast = null }, ratio) {
  if (atMost !== null) return verdict(ratio <= atMost, `at most ${atMost}`);
  if (atLeast !== null && commits >= FULL) return verdict(ratio >= atLeast, `at least ${atLeast}`);
  return { met: true, words: atLeast === null ? "" : `(target: at least ${atLeast} for ${count(FULL)} commits)` };
}

function verdict(met, target) {
  return { met, words: `${target}: ${met ? "met" : "MISSED"}` };
}

function show({ median, least, most }) {
  const unit = median >= 10_000 ? [1000, " s"] : [1, " ms"];
  const one = (value) => (value / unit[0]).toFixed(unit[0] > 1 ? 1 : 0);
  return `${one(median)}${unit[1]} (${one(least)}–${one(most)})`;
}

function commitCount() {
  const given = process.env.BENCH_COMMITS;
  if (given === undefined) return options.quick ? 1000 : FULL;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new Error(`BENCH_COMMITS is no count of commits: ${given}`);
  return number;
}

function versionOf(program) {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0].replace(/ version| \(GnuPG\)/g, "") : null;
}
