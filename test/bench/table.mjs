// What a run prints and writes: one row for each comparison, the same on the terminal and in docs/benchmarks.md.
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

export function describeMachine(peers) {
  const [cpu] = cpus();
  const versions = [...peers].map(([name, { version }]) => `${name} ${version}`.trim());
  return [
    `${cpu?.model.trim() ?? "unknown processor"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 1e9)} GB, ` +
      `${type()} ${release()}`,
    `node ${process.versions.node} with OpenSSL ${process.versions.openssl}; ${versions.join(", ")}`,
  ];
}

export const isMissed = ({ ratio, atLeast = 0, atMost = Infinity }) => ratio < atLeast || ratio > atMost;

/** What is more than a fifth worse than it was; a ratio that was never recorded is not compared. */
export function worsened({ name, comparisons }, known) {
  return comparisons.flatMap(({ name: peer, ratio, atLeast, show }) => {
    const before = known[name]?.[peer];
    if (before === undefined) return [];
    const faster = atLeast !== undefined || show === "faster";
    const isWorse = faster ? ratio < before / 1.2 : ratio > before * 1.2;
    return isWorse ? [`${name}: ${ratio.toFixed(2)} × ${peer}, it was ${before}`] : [];
  });
}

export function printRow({ name, time, items, memory, comparisons }) {
  const speed = items === undefined ? "" : `, ${rate(items, time)}`;
  process.stdout.write(`${name}: ${range(time)}${speed}${memory ? `, ${memory.toFixed(0)} MB` : ""}\n`);
  for (const comparison of comparisons) {
    const { name: peer, rival } = comparison;
    const against = rival === undefined ? peer : `${peer}, ${range(rival)}`;
    process.stdout.write(`    ${words(comparison).padEnd(16)}${against.padEnd(76)}${target(comparison)}\n`);
  }
}

export function renderDocument(machine, runs, rows) {
  const lines = rows.flatMap(({ name, time, items, memory, comparisons }) =>
    comparisons.map((comparison, index) => {
      const own =
        index > 0
          ? ["", "", "", ""]
          : [name, range(time), items === undefined ? "" : rate(items, time), memory ? `${memory.toFixed(0)} MB` : ""];
      const { name: peer, rival } = comparison;
      return `| ${[...own, peer, rival === undefined ? "" : range(rival), words(comparison), target(comparison)].join(" | ")} |`;
    }),
  );
  return `# Benchmarks

Written by \`npm run bench\`, which builds its own repositories and measures whole processes in turns: ours, git with gpg or
ssh-keygen, and sq-git where it is installed (\`-- --peers DIR\`). Times are medians of at least ${runs} runs, with the least and
the most. A slow program judges a part of the history, and its time is scaled: the number of commits stands beside it.

- ${machine.join("\n- ")}

| work | time | speed | memory | beside | its time | ratio | target |
| ---- | ---- | ----- | ------ | ------ | -------- | ----- | ------ |
${lines.join("\n")}

"The floor" is a node process that streams the same objects from \`git cat-file --batch\`, looks at none, and does nothing but
the raw verifications of \`node:crypto\` on both cores, prepared to the last byte: nothing in node can be faster. A ratio "faster"
is the other's time by ours; every other is ours by theirs. gittuf judges entries of its own log, not the signatures of a history,
and is not timed.

## What is left of a run without a cache

Of the time that two cores spend on 10,000 Ed25519 commits, nearly half is the arithmetic itself, in OpenSSL. A fifth is V8 compiling
and collecting garbage in its own threads, which a longer history makes up for: per commit, 100,000 cost less. A tenth is starting
node, finding the policy and asking git for the list, before the first commit is known. The rest is reading: hashing each object
for its name, splitting it, decoding armor and packets, deciding. It stays because every verdict rests on the stored bytes.
`;
}

const words = ({ ratio, atLeast, show, unit }) =>
  unit === undefined
    ? `${ratio.toFixed(2)} ×${atLeast !== undefined || show === "faster" ? " faster" : ""}`
    : `${ratio.toFixed(0)} ${unit}`;

function target(comparison) {
  const { atLeast, atMost } = comparison;
  if (atLeast === undefined && atMost === undefined) return "";
  return `${atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`}: ${isMissed(comparison) ? "MISSED" : "met"}`;
}

const rate = (items, { median }) => `${Math.round((items / median) * 1000).toLocaleString("en-US")} commits/s`;

function range({ median, least, most }) {
  const [unit, name, digits] = median >= 10_000 ? [1000, "s", 1] : [1, "ms", 0];
  const one = (value) => (value / unit).toFixed(digits);
  return `${one(median)} ${name} (${one(least)}–${one(most)})`;
}
