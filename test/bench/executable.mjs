// npm run bench:executable: how large the one-file program is, and what it costs to start it beside `node -e 0` and the
// package's own file. The hook gets an empty push: what is timed is the start, not a judgement.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { timeInTurns } from "./timing.mjs";

const RUNS = 31;
const root = fileURLToPath(new URL("../..", import.meta.url));
const executable = join(root, "executable", "signpolicy");
const bundle = join(root, "dist", "signpolicy.cjs");
const node = process.execPath;
const megabytes = (file) => `${(statSync(file).size / 1e6).toFixed(1)} MB`;

const cases = [
  ["node -e 0", node, ["-e", "0"]],
  ["executable --version", executable, ["--version"]],
  ["package --version", node, [bundle, "--version"]],
  ["executable hook pre-receive", executable, ["hook", "pre-receive"]],
  ["package hook pre-receive", node, [bundle, "hook", "pre-receive"]],
];
// Without a node on the PATH, which the executable needs nowhere.
const git = dirname(spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim());
const place = { cwd: tmpdir(), env: { PATH: git } };
const times = timeInTurns({ runs: RUNS }, ...cases.map(([, file, args]) => ({ file, args, ...place })));

process.stdout.write(
  `node ${process.versions.node}: ${megabytes(node)}; executable/signpolicy: ${megabytes(executable)}\n`,
);
process.stdout.write(`medians of ${RUNS} runs (least–most)\n\n`);
times.forEach(({ median, least, most }, index) => {
  const ratio = median / times[0].median;
  const range = `(${least.toFixed(0)}–${most.toFixed(0)})`;
  process.stdout.write(
    `${cases[index][0].padEnd(30)}${median.toFixed(1).padStart(6)} ms ${range.padEnd(10)}${ratio.toFixed(2)} × node -e 0\n`,
  );
});
