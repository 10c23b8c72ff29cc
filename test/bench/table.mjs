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
ssh-keygen, and sq-git and gittuf where they are installed (\`-- --peers DIR\`). Times are medians of at least ${runs} runs (of what
takes milliseconds, of up to 201), with the least and the most. A slow program judges a part of the history, and its time is scaled: the number of commits stands beside it.

- ${machine.join("\n- ")}

| work | time | speed | memory | beside | its time | ratio | target |
| ---- | ---- | ----- | ------ | ------ | -------- | ----- | ------ |
${lines.join("\n")}

${epilogue(rows)}`;
}

/** What the figures mean, what is missed and why, and where the time goes. */
export function epilogue(rows) {
  return `"The floor" is a node process that streams the same objects from \`git cat-file --batch\`, looks at none, and does nothing but
the raw verifications of \`node:crypto\` on both cores, prepared to the last byte: nothing in node can be faster. A ratio "faster"
is the other's time by ours; every other is ours by theirs. gittuf judges the entries of its own log: it is timed on a short history
of which it recorded every commit. git spends more on a commit the longer the history: a figure of a part that is scaled is too kind
to it (\`-- --whole\` times it all). Where \`verify\` is measured, no verdict of an earlier run is kept, but in "verify again"; what V8
compiled in one is, and what git said of the configuration. The very first run of a program takes 25 to 40 ms more.

${outOfReach(rows)}## What is left of a run without a cache

Of the time that two cores spend on 10,000 Ed25519 commits, half is the arithmetic itself, in OpenSSL. A tenth is V8
compiling, in its own threads, what has turned hot: by our leave short functions alone, and a third of what it would draw together (a
twentieth of the run is saved by that). A thirtieth is V8 reading node's text for the first time, and ours where no run before has
left its code. A twentieth is git, which goes through the history once: it lists the commits, hands out each, so that no
other git unpacks it, and says whether it touches the policy. It begins when it has found the repository,
while we are loaded; before that, for 30 ms, one core has nothing to do. A thirtieth is collecting garbage. The rest, a fifth, is
reading: hashing each object for its name, splitting it, decoding armor and packets, deciding. It stays because every verdict
rests on the stored bytes. node's own thread pool in place of our thread takes as long for 10,000 and longer for 100,000; trees
compared in pairs by a second git, for changes of the policy, cost node what they save git. Of RSA the arithmetic is a smaller part, and each object
has twice the bytes to read.

## What is left of a hook

A hook that judges one commit is a program that runs once, cold. Of the sixteen milliseconds that \`pre-receive\` takes here beyond
node's own start, most of one is the shell that clears the environment; three are V8 taking our compiled code in, 580 KB of it, and
one is reading that and its text; three are node's modules for cryptography, compression and the streams that both ask for; most of
one is V8 collecting garbage once; most of one the process taken apart, which has touched four megabytes more, and half of one the file
that the verdict is left in; the rest is each step once, in bytecode that nothing has warmed: refs, the policy and its keys, the
record, the object (most of one to unpack it), its signature, the verdict. It starts no git. What a push never calls is not in that code: the installation has the hooks judge a few pushes of its own making first, and
keeps what V8 compiled for them. Functions of node's own that it did not compile ahead take another two or three to compile.
No flag of V8's makes up for what it costs: under any, node compiles its own modules anew, which takes five. A start-up snapshot of
node's would save three, and is not used: node 20 has them on trial, and a node of another version, or on another processor, does not
start from one but ends. Code that a push never runs costs little: a file of it, a sixth of what is loaded, made no difference.
\`pre-commit\` loads none of the cryptography, starts no git either where nothing it was told has changed, and is left with our text and
code. \`pre-push\` starts git six times, for the repository, its configuration, its objects and three lists of refs, which it waits for
together. On a server of a hundred thousand refs a push costs what it costs elsewhere: of the record's seven megabytes it reads its
index's head and the blocks that it asks for, of git's packed refs a few lines.
`;
}

/** Targets that no program in node could meet here, by the floor's own time. */
function outOfReach(rows) {
  const told = rows.flatMap(({ name, comparisons }) => {
    const floor = comparisons.find((one) => one.name === "the floor")?.rival;
    return comparisons.flatMap(({ name: peer, rival, atLeast }) => {
      if (atLeast === undefined || floor === undefined || rival === undefined) return [];
      const allowed = rival.median / atLeast;
      if (allowed >= floor.median) return [];
      const most = (rival.median / floor.median).toFixed(0);
      return [
        `- ${name}: ${atLeast} × ${peer} would be ${ms(allowed)}; the floor takes ${ms(floor.median)}, which is ${most} ×.`,
      ];
    });
  });
  if (told.length === 0) return "";
  return `Out of reach on this machine, whose processes start as fast as its two cores verify slowly:\n\n${told.join("\n")}\n\n`;
}

const ms = (time) => `${time.toFixed(0)} ms`;

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
