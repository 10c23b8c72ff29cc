// npm run bench -- [--quick] [--whole] [--check] [--compare | --record] [--peers DIR] [--only TEXT]
//
// Prints what the hooks and `verify` cost as ratios to what is measured beside them in the same run, since a ratio means the
// same on every machine. A whole run writes docs/benchmarks.md.
//   --quick    the hooks, and `verify` of a short history
//   --whole    git judges every commit of a history, too, not a part that is scaled: an hour
//   --check    fails when a target is missed
//   --compare  fails when a ratio is more than a fifth worse than the one in ratios.json; --record writes them there
//   --peers    a folder with programs to measure beside ours, before those on the PATH
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CASES as HOOKS_AND_SHORT, HOOKS, manyRefs } from "./cases.mjs";
import { findPeers } from "./peers.mjs";
import { openScene } from "./scene.mjs";
import { describeMachine, isMissed, printRow, renderDocument, worsened } from "./table.mjs";
import { CASES as histories } from "./verify-cases.mjs";

const RATIOS = new URL("ratios.json", import.meta.url);
const DOCUMENT = new URL("../../docs/benchmarks.md", import.meta.url);
const FEW = 10_000;
const MANY = 100_000;
const SHORT = 1000;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    whole: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    compare: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    peers: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const peers = findPeers(options.peers);
const commits = options.quick ? SHORT : FEW;
const often = options.quick ? { runs: 9, enough: 1500 } : { runs: 7, enough: 15_000 };
const plan = { commits, peers, sample: options.quick ? 60 : 300, ...often, isWhole: options.whole };
const cases = [...(options.quick ? HOOKS_AND_SHORT : [...HOOKS, manyRefs(MANY), ...histories(FEW, MANY)])].filter(
  ({ name }) => name.includes(options.only),
);

const machine = describeMachine(peers);
process.stdout.write(`${machine.join("\n")}\nmedians of at least ${plan.runs} runs (least–most)\n\n`);
// Hooks wait for one new commit, however many there are; only a long history shows that they do.
const scene = openScene(options.quick ? SHORT : MANY);
process.once("SIGINT", () => {
  scene.close();
  process.exit(130);
});
const rows = [];
const known = JSON.parse(readFileSync(RATIOS, "utf8"));
const worse = [];
try {
  for (const benchCase of cases) {
    if (benchCase.needs !== undefined && !peers.has(benchCase.needs)) {
      process.stdout.write(`${benchCase.name}: not measured, ${benchCase.needs} is absent\n`);
      continue;
    }
    let row = { name: benchCase.name, ...(await benchCase.measure(plan, scene)) };
    // Once may be what else the machine did.
    for (let again = 0; options.compare && again < 3 && worsened(row, known).length > 0; again += 1) {
      row = { name: benchCase.name, ...(await benchCase.measure(plan, scene)) };
    }
    if (options.compare) worse.push(...worsened(row, known));
    printRow(row);
    rows.push(row);
  }
} finally {
  scene.close();
}

const missed = rows.flatMap(({ comparisons }) => comparisons.filter(isMissed)).length;
if (missed > 0) process.stdout.write(`\n${missed} ${missed === 1 ? "target" : "targets"} missed\n`);
for (const words of worse) process.stdout.write(`${words}\n`);
if (options.record) {
  for (const { name, comparisons } of rows) {
    known[name] = Object.fromEntries(comparisons.map(({ name: peer, ratio }) => [peer, Number(ratio.toPrecision(3))]));
  }
  writeFileSync(RATIOS, `${JSON.stringify(known, null, 2)}\n`);
}
if (!options.quick && options.only === "") {
  const { format, resolveConfig } = await import("prettier");
  const style = await resolveConfig(DOCUMENT);
  writeFileSync(DOCUMENT, await format(renderDocument(machine, plan.runs, rows), { ...style, parser: "markdown" }));
}
process.exitCode = (options.check && missed > 0) || worse.length > 0 ? 1 : 0;
