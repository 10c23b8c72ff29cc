// `verify` of whole histories beside everything that answers the same question, and beside the floor that nothing in node
// can go below. Each case first makes sure that what it times gives the right answer.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { besideGittuf } from "./gittuf-case.mjs";
import { openHistory } from "./histories.mjs";
import { peakMemory } from "./memory.mjs";
import { environment } from "./scene.mjs";
import { scale, summarise, timeInTurns } from "./timing.mjs";

const program = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const floor = fileURLToPath(new URL("floor.mjs", import.meta.url));
const NODE = process.execPath;
const number = (value) => value.toLocaleString("en-US");

/** One row of the table for each `[peer, bound]`: at least so many times as fast, or at most so many times as long. */
const historyCase = (kind, count, targets, options = {}) => ({
  name: `verify, ${number(count)} commits, ${options.shown ?? kind}`,
  async measure({ peers, runs, sample, isWhole }) {
    return withHistory(kind, count, options, async (place) => {
      const parts = { git: isWhole ? count : Math.min(sample, count), "sq-git": Math.min(sample, count - 1) };
      const rivals = rivalsOf(place, peers, parts).filter(({ name }) => name in targets);
      const subject = verifying(place);
      const [time, ...others] = timeInTurns({ runs }, subject, ...rivals.map(({ process }) => process));
      const comparisons = rivals.map(({ name, shown, factor }, index) => {
        const rival = scale(others[index], factor);
        return compare(shown, time, rival, targets[name]);
      });
      return { time, items: count, memory: await peakMemory(subject), comparisons };
    });
  },
});

function compare(name, time, rival, target) {
  const faster = target?.atLeast !== undefined || target?.show === "faster";
  const ratio = faster ? rival.median / time.median : time.median / rival.median;
  return { name, rival, ratio, ...target };
}

async function withHistory(kind, count, options, act) {
  const history = openHistory(kind, count, options);
  const home = mkdtempSync(join(tmpdir(), "spv-"));
  const env = { ...environment(home), XDG_CACHE_HOME: join(home, "cache") };
  try {
    return await act({ ...history, home, env });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** From the first commit on, each by the policy of its parents; that commit itself is not judged. */
function chaining(place) {
  const { repository, env, count } = place;
  const roots = execFileSync("git", ["rev-list", "--max-parents=0", "main"], {
    cwd: repository,
    env,
    encoding: "utf8",
  });
  return verifying({ ...place, count: count - 1 }, "--trust-root", roots.trim());
}

function verifying({ repository, env, count }, ...more) {
  const args = [program, "verify", "refs/heads/main", ...more];
  const stdio = ["ignore", "pipe", "pipe"];
  const text = execFileSync(NODE, [...args, "--format", "json"], { cwd: repository, env, stdio, maxBuffer: 1 << 30 });
  const { summary } = JSON.parse(
    text
      .subarray(text.lastIndexOf('"summary"') - 1)
      .toString()
      .replace(/^[^"]*/, "{"),
  );
  if (summary.checked !== count || summary.allowed !== count) {
    throw new Error(`verify of ${count} good commits says ${JSON.stringify(summary)}`);
  }
  return { file: NODE, args, cwd: repository, env, before: () => forget(repository) };
}

/** The frontier of an earlier run: what is timed judges everything. */
const forget = (gitDir) => rmSync(join(gitDir, "signpolicy", "frontier"), { force: true });

/** What there is to compare with; those that are slow do a part, and `factor` makes it the whole. */
function rivalsOf({ kind, repository, checks, people, count, home, env }, peers, parts) {
  const rivals = [];
  const from = (part) => (part === count ? "" : ` (from ${number(part)})`);
  const openpgp = people.filter(({ format }) => format === "openpgp");
  const ssh = people.filter(({ format }) => format === "ssh");
  const needed = [...(openpgp.length > 0 ? ["gpg"] : []), ...(ssh.length > 0 ? ["ssh-keygen"] : [])];
  if (needed.every((name) => peers.has(name))) {
    const settings = trustInGit(openpgp, ssh, home, env);
    const log = (many) => ["-C", repository, ...settings, "log", `--max-count=${many}`, "--format=%G?", "main"];
    const tried = parts["sq-git"];
    const verdicts = execFileSync("git", log(tried), { env, encoding: "utf8" }).trim().split("\n");
    if (verdicts.length !== tried || verdicts.some((verdict) => !"UG".includes(verdict))) {
      throw new Error(`git does not find every signature of ${kind} good: ${[...new Set(verdicts)].join(" ")}`);
    }
    const shown = `git log --format=%G? with ${needed.join(", ")}${from(parts.git)}`;
    const process = { file: "git", args: log(parts.git), env, isLong: parts.git > tried };
    rivals.push({ name: "git", shown, factor: count / parts.git, process });
  }
  if (peers.has("sq-git") && ssh.length === 0) {
    // It parses the policy again for each commit: with large certificates a part must do.
    const many = openpgp.length > 1 ? parts["sq-git"] : count - 1;
    const root = execFileSync(
      "git",
      ["-C", repository, "rev-list", "--first-parent", `--skip=${many}`, "--max-count=1", "main"],
      {
        env,
        encoding: "utf8",
      },
    ).trim();
    const start =
      root === ""
        ? execFileSync("git", ["-C", repository, "rev-list", "--max-parents=0", "main"], {
            env,
            encoding: "utf8",
          }).trim()
        : root;
    const { path } = peers.get("sq-git");
    const call = { file: path, args: ["log", "--trust-root", start, "main"], cwd: repository, env };
    // Without a folder for its cache it keeps none.
    const shown = `sq-git, cold${many === count - 1 ? "" : from(many)}`;
    rivals.push({ name: "sq-git", shown, factor: many === count - 1 ? 1 : count / many, process: call });
  }
  rivals.push({
    name: "floor",
    shown: "the floor",
    factor: 1,
    process: { file: NODE, args: [floor, repository, checks], env },
  });
  return rivals;
}

function trustInGit(openpgp, ssh, home, env) {
  if (openpgp.length > 0) {
    mkdirSync(env.GNUPGHOME, { recursive: true, mode: 0o700 });
    const input = openpgp.map(({ certificate }) => certificate).join("");
    const stdio = ["pipe", "ignore", "ignore"];
    execFileSync("gpg", ["--batch", "--quiet", "--no-autostart", "--import"], { env, input, stdio });
  }
  const allowed = join(home, "allowed_signers");
  writeFileSync(allowed, ssh.map(({ name, line }) => `${name}@example.org namespaces="git" ${line}\n`).join(""));
  return ["-c", `gpg.ssh.allowedSignersFile=${allowed}`];
}

/** A hundred thousand beside ten thousand: the time grows no faster than the history, and memory hardly. */
const growth = (few, many) => ({
  name: `verify, ${number(many)} commits, openpgp`,
  measure: ({ runs }) =>
    withHistory("openpgp", few, {}, (small) =>
      withHistory("openpgp", many, {}, async (large) => {
        const [subject, baseline] = [verifying(large), verifying(small)];
        const [time, short] = timeInTurns({ runs: Math.min(runs, 7) }, subject, baseline);
        const [memory, less] = [await peakMemory(subject), await peakMemory(baseline)];
        const comparisons = [compare(`${number(few)} commits`, time, short, { atMost: 10.5 })];
        if (memory !== null && less !== null) {
          comparisons.push({
            name: `memory of ${number(few)} (${less.toFixed(0)} MB)`,
            ratio: memory / less,
            atMost: 1.3,
          });
          comparisons.push({ name: "memory in MB", ratio: memory, atMost: 180 });
        }
        return { time, items: many, memory, comparisons };
      }),
    ),
});

/** A history that authenticates itself under a policy with many keys, beside the same under one with one key. */
const chain = (count) => ({
  name: `verify --trust-root, ${number(count)} commits, seven large certificates`,
  measure: ({ runs }) =>
    withHistory("openpgp", count, {}, (one) =>
      withHistory("large certificates", count, {}, async (seven) => {
        const subject = chaining(seven);
        const [time, small, plain] = timeInTurns({ runs: Math.min(runs, 9) }, subject, chaining(one), verifying(seven));
        const comparisons = [
          compare("one certificate", time, small, { atMost: 1.3 }),
          compare("verify without a trust root", time, plain, {}),
        ];
        return { time, items: count, memory: await peakMemory(subject), comparisons };
      }),
    ),
});

/** Twice the merges take twice the time, though the ways through them are squared. */
const crissCross = (count) => ({
  name: `verify --trust-root, ${number(count)} criss-cross merges`,
  measure: ({ runs }) =>
    withHistory("criss-cross", Math.floor(count / 2) + 1, {}, (half) =>
      withHistory("criss-cross", count + 1, {}, async (whole) => {
        const subject = chaining(whole);
        const [time, less] = timeInTurns({ runs: Math.min(runs, 9) }, subject, chaining(half));
        const comparisons = [compare(`${number(count / 2)} of them`, time, less, { atMost: 2.2 })];
        return { time, items: count, memory: await peakMemory(subject), comparisons };
      }),
    ),
});

const firstDecision = (count) => ({
  name: `first of ${number(count)} decisions as JSON`,
  measure: ({ runs }) =>
    withHistory("openpgp", count, {}, async ({ repository, env }) => {
      const lists = { file: "git", args: ["rev-list", "--topo-order", "--reverse", "main"], cwd: repository, env };
      const judges = {
        file: NODE,
        args: [program, "verify", "refs/heads/main", "--format", "json"],
        cwd: repository,
        env,
      };
      const [ours, git] = [[], []];
      for (let turn = 0; turn < Math.min(runs, 7); turn += 1) {
        git.push(await timeUntil(lists, "\n"));
        ours.push(await timeUntil(judges, '{"subject"'));
      }
      const [time, rival] = [summarise(ours), summarise(git)];
      const name = "milliseconds after the first line of git rev-list --topo-order --reverse";
      return { time, comparisons: [{ name, rival, ratio: time.median - rival.median, atMost: 150, unit: "ms" }] };
    }),
});

function timeUntil({ file, args, cwd, env }, text) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
    let seen = "";
    let taken = null;
    child.stdout.on("data", (chunk) => {
      if (taken !== null) return;
      seen += chunk.toString("latin1");
      if (!seen.includes(text)) return;
      taken = performance.now() - start;
      child.kill();
    });
    child.once("error", reject);
    child.once("close", () => (taken === null ? reject(new Error(`${file} never said ${text}`)) : resolve(taken)));
  });
}

const again = (count) => ({
  name: `verify again, ${number(count)} commits, nothing new`,
  measure: ({ peers, runs, enough }) =>
    withHistory("openpgp", count, {}, async (place) => {
      const nothing = { file: NODE, args: ["-e", "0"], env: place.env };
      const { before: _, ...subject } = verifying(place);
      const [time, node, cached] = timeInTurns({ runs, enough }, subject, nothing, ...cachedSequoia(place, peers));
      const comparisons = [compare("node -e 0", time, node, { atMost: 1.8 })];
      if (cached !== undefined) comparisons.push(compare("sq-git, cached", time, cached, { atMost: 0.6 }));
      return {
        time,
        items: count,
        memory: await peakMemory(subject),
        comparisons,
      };
    }),
});

function cachedSequoia({ repository, env }, peers) {
  if (!peers.has("sq-git")) return [];
  mkdirSync(env.XDG_CACHE_HOME, { recursive: true });
  const root = execFileSync("git", ["-C", repository, "rev-list", "--max-parents=0", "main"], {
    env,
    encoding: "utf8",
  }).trim();
  return [{ file: peers.get("sq-git").path, args: ["log", "--trust-root", root, "main"], cwd: repository, env }];
}

export const CASES = (few, many) => [
  historyCase("openpgp", few, { git: { atLeast: 60 }, "sq-git": { atMost: 0.6 }, floor: { atMost: 1.6 } }),
  historyCase(
    "rsa",
    few,
    { git: { atLeast: 60 }, "sq-git": { atMost: 0.6 }, floor: { atMost: 1.6 } },
    { shown: "RSA-4096 openpgp" },
  ),
  historyCase("ssh", few, { git: { atLeast: 120 }, floor: { atMost: 1.6 } }),
  historyCase("mixed", few, { git: { show: "faster" }, floor: {} }, { shown: "20 principals" }),
  historyCase("merges", few, { git: { show: "faster" }, "sq-git": {}, floor: {} }),
  historyCase(
    "large certificates",
    few,
    { "sq-git": { atMost: 0.05 }, floor: {} },
    { shown: "seven large certificates" },
  ),
  historyCase("openpgp", Math.min(few, 1000), { floor: {} }, { shown: "100,000 refs", refs: 100_000 }),
  chain(few),
  crissCross(Math.max(1000, few / 2)),
  besideGittuf(300),
  again(few),
  growth(few, many),
  firstDecision(many),
];
