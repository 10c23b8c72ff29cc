// npm run bench:limits [-- CASE…]: what the largest pushes cost the server's hook, in seconds and in memory. Cases: `long`
// (100,000 commits), `refs` (3,000 refs with as many tips), `crowded` (a server of 100,000 refs), `large` (one commit of
// 200 MB); all of them where none is named. Peak memory is the kernel's (VmHWM) of the hook's process; git's children are
// not counted. Linux. The numbers stand in docs/policy.md.
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

/** A server of this name that holds what `fill` puts into the pack. */
function filled(name, fill) {
  const dir = server(name);
  const pack = createPack();
  pack.add("tree", "");
  const held = fill(pack);
  storePacked(git, dir, pack);
  return { dir, ...held };
}

async function long() {
  const { dir, first, tip, unsigned } = filled("long", (pack) => ({
    first: commit(pack, []),
    tip: chain(pack, 100_000),
    unsigned: chain(pack, 100_000, { sign: false }),
  }));
  await measure("one commit", 0, dir, [[ZERO, first, "refs/heads/one"]]);
  await measure("100,000 commits", 0, dir, [[ZERO, tip, "refs/heads/main"]]);
  await measure("100,000 commits, none of them signed", 1, dir, [[ZERO, unsigned, "refs/heads/main"]]);
}

async function refs() {
  const { dir, fan, again } = filled("refs", (pack) => {
    const first = commit(pack, []);
    const fan = Array.from({ length: 3000 }, (_, n) => commit(pack, [first], { body: `fan ${n}\n` }));
    return { fan, again: fan.map((oid, n) => commit(pack, [oid], { body: `again ${n}\n` })) };
  });
  const moved = (tips, old) => tips.map((oid, n) => [old?.[n] ?? ZERO, oid, `refs/heads/topic/${n}`]);
  await measure("3,000 refs, a tip each", 0, dir, moved(fan));
  mkdirSync(join(dir, "refs/heads/topic"), { recursive: true });
  for (const [index, oid] of fan.entries()) writeFileSync(join(dir, "refs/heads/topic", String(index)), `${oid}\n`);
  await measure("3,000 refs, each moved on by a commit", 0, dir, moved(again, fan));
}

async function crowded() {
  const { dir, stands, top } = filled("crowded", (pack) => {
    const trunk = commit(pack, []);
    const stands = Array.from({ length: 100_000 }, (_, n) => commit(pack, [trunk], { sign: false, body: `${n}\n` }));
    return { stands, top: commit(pack, [trunk]) };
  });
  const sorted = stands.map((oid, n) => `${oid} refs/heads/crowd/${String(n).padStart(6, "0")}\n`);
  writeFileSync(join(dir, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${sorted.join("")}`);
  execFileSync(process.execPath, [BIN, "record", "baseline"], { cwd: dir, env: git, stdio: "ignore" });
  await measure("one commit, where 100,000 refs stand", 0, dir, [[ZERO, top, "refs/heads/main"]]);
}

async function large() {
  const { dir, big, last } = filled("large", (pack) => {
    const big = commit(pack, [], { body: `${"x".repeat(200 * MB)}\n` });
    let last = null;
    for (let n = 0; n < 24; n += 1) {
      last = commit(pack, last === null ? [] : [last], { body: `${"y".repeat(60 * MB)}${n}\n` });
    }
    return { big, last };
  });
  await measure("a commit of 200 MB", 1, dir, [[ZERO, big, "refs/heads/main"]]);
  await measure("24 commits of 60 MB each", 0, dir, [[ZERO, last, "refs/heads/main"]]);
}

const cases = { long, refs, crowded, large };

try {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !Object.hasOwn(cases, name));
  if (unknown.length > 0)
    throw new Error(`no such case: ${unknown.join(", ")}; there are ${Object.keys(cases).join(", ")}`);
  for (const name of named.length === 0 ? Object.keys(cases) : named) await cases[name]();
} finally {
  rmSync(root, { recursive: true, force: true });
}
