// npm run bench:limits: what the largest pushes cost the server's hook, in seconds and in memory: 100,000 commits, one
// commit of 200 MB, 3,000 refs with as many tips, a server of 100,000 refs. Peak memory is the kernel's (VmHWM) of the hook's process; git's
// children are not counted. Linux. The numbers stand in docs/policy.md.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPack, storePacked } from "./history.mjs";
import { createSshSigner } from "./ssh-signer.mjs";

const BIN = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const MB = 1024 * 1024;
const ZERO = "0".repeat(40);
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const signer = createSshSigner({ seed: "alice" });
const root = mkdtempSync(join(tmpdir(), "sp-limits-"));
const git = { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
const now = Math.floor(Date.now() / 1000);

const policy = {
  version: 1,
  principals: { alice: { emails: ["alice@example.org"], keys: [{ ssh: signer.line }] } },
  rules: [{ name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["alice"] }, updates: { force: "deny" } }],
};

function server(name) {
  const dir = join(root, `${name}.git`);
  execFileSync("git", ["init", "-q", "--bare", "--template=", dir], { env: git });
  mkdirSync(join(dir, "hooks"));
  writeFileSync(join(root, "policy.json"), JSON.stringify(policy));
  execFileSync("git", ["-C", dir, "config", "signpolicy.policy", join(root, "policy.json")], { env: git });
  return dir;
}

function commit(pack, parents, { sign = true, body = "change\n", at = now } = {}) {
  const who = `Alice <alice@example.org> ${at} +0000`;
  const head = [
    `tree ${EMPTY_TREE}`,
    ...parents.map((oid) => `parent ${oid}`),
    `author ${who}`,
    `committer ${who}`,
    "",
  ];
  const text = `${head.join("\n")}\n${body}`;
  if (!sign) return pack.add("commit", text);
  const signature = signer.sign(Buffer.from(text)).armored.trimEnd().replaceAll("\n", "\n ");
  return pack.add("commit", `${head.join("\n")}gpgsig ${signature}\n\n${body}`);
}

/** Runs the hook as git would and follows its memory. */
function receive(dir, lines) {
  return new Promise((resolve) => {
    const started = process.hrtime.bigint();
    const child = spawn(process.execPath, [BIN, "hook", "pre-receive"], { cwd: dir, env: { ...git, GIT_DIR: "." } });
    let peak = 0;
    const watch = setInterval(() => {
      try {
        const [, kb] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
        peak = Math.max(peak, Number(kb ?? 0) * 1024);
      } catch {
        // It ended between two looks.
      }
    }, 5);
    let text = "";
    child.stderr.on("data", (chunk) => (text += chunk));
    child.stdin.end(lines.map(([old, oid, ref]) => `${old} ${oid} ${ref}\n`).join(""));
    child.on("close", (status) => {
      clearInterval(watch);
      resolve({ status, text, seconds: Number(process.hrtime.bigint() - started) / 1e9, peak });
    });
  });
}

async function measure(name, expected, dir, lines) {
  const { status, seconds, peak, text } = await receive(dir, lines);
  if (status !== expected) throw new Error(`${name}: exit code ${status}\n${text}`);
  const memory = `${Math.round(peak / MB)} MB`;
  process.stdout.write(`${name.padEnd(52)}${seconds.toFixed(1).padStart(7)} s${memory.padStart(9)}\n`);
}

function chain(pack, length, options) {
  let last = null;
  for (let n = 0; n < length; n += 1) last = commit(pack, last === null ? [] : [last], { ...options, body: `${n}\n` });
  return last;
}

try {
  const dir = server("long");
  const pack = createPack();
  pack.add("tree", "");
  const first = commit(pack, []);
  const tip = chain(pack, 100_000);
  const unsigned = chain(pack, 100_000, { sign: false });
  const [fan, again] = [[], []];
  for (let n = 0; n < 3000; n += 1) {
    fan.push(commit(pack, [first], { body: `fan ${n}\n` }));
    again.push(commit(pack, [fan[n]], { body: `again ${n}\n` }));
  }
  storePacked(git, dir, pack);
  const refs = (tips, old) => tips.map((oid, n) => [old?.[n] ?? ZERO, oid, `refs/heads/topic/${n}`]);
  await measure("one commit", 0, dir, [[ZERO, first, "refs/heads/one"]]);
  await measure("100,000 commits", 0, dir, [[ZERO, tip, "refs/heads/main"]]);
  await measure("100,000 commits, none of them signed", 1, dir, [[ZERO, unsigned, "refs/heads/main"]]);
  await measure("3,000 refs, a tip each", 0, dir, refs(fan));
  for (const [index, oid] of fan.entries()) {
    const ref = join(dir, "refs/heads/topic", String(index));
    mkdirSync(join(dir, "refs/heads/topic"), { recursive: true });
    writeFileSync(ref, `${oid}\n`);
  }
  await measure("3,000 refs, each moved on by a commit", 0, dir, refs(again, fan));

  const large = server("large");
  const heavy = createPack();
  heavy.add("tree", "");
  const big = commit(heavy, [], { body: `${"x".repeat(200 * MB)}\n` });
  const most = [];
  for (let n = 0; n < 24; n += 1) most.push(commit(heavy, most.slice(-1), { body: `${"y".repeat(60 * MB)}${n}\n` }));
  storePacked(git, large, heavy);
  const crowded = server("crowded");
  const many = createPack();
  many.add("tree", "");
  const trunk = commit(many, []);
  const stands = Array.from({ length: 100_000 }, (_, n) => commit(many, [trunk], { sign: false, body: `${n}\n` }));
  const top = commit(many, [trunk]);
  storePacked(git, crowded, many);
  const sorted = stands.map((oid, n) => `${oid} refs/heads/crowd/${String(n).padStart(6, "0")}\n`);
  writeFileSync(join(crowded, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${sorted.join("")}`);
  execFileSync(process.execPath, [BIN, "record", "baseline"], { cwd: crowded, env: git, stdio: "ignore" });
  await measure("one commit, where 100,000 refs stand", 0, crowded, [[ZERO, top, "refs/heads/main"]]);

  await measure("a commit of 200 MB", 1, large, [[ZERO, big, "refs/heads/main"]]);
  await measure("24 commits of 60 MB each", 0, large, [[ZERO, most.at(-1), "refs/heads/main"]]);
} finally {
  rmSync(root, { recursive: true, force: true });
}
