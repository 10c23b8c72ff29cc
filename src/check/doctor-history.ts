/** Rows about what is there already: commits not pushed yet, and the clock they were made by. */
import { SignpolicyError } from "../errors.ts";
import { tryGit } from "../io/git.ts";
import { findRepository } from "../io/repository.ts";
import type { Decision } from "../model.ts";
import { verifyCommits } from "./commits.ts";
import type { Examination } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { defaultBranch, defaultRemote } from "./governing.ts";
import { openSession } from "./session.ts";
import { trackedRefs } from "./tracking.ts";

const lastCommits: Examination = async ({ directory, environment, now }) => {
  const repository = await findRepository(directory, environment);
  const session = await openSession(repository);
  let base: string | null = null;
  let there: readonly string[] = [];
  try {
    const { status, stdout } = await tryGit(repository, ["rev-parse", "--verify", "-q", "@{push}"]);
    base = status === 0 ? stdout.toString("latin1").trim() : ((await defaultBranch(session))?.tracking ?? null);
    if ((await tryGit(repository, ["rev-parse", "--verify", "-q", "HEAD"])).status !== 0) return [];
    // What stands on another branch of the remote was pushed, too.
    const remote = defaultRemote(session);
    there = remote === null ? [] : [...new Set((await trackedRefs(session, remote)).values())];
  } finally {
    session.close();
  }
  const denied: Decision[] = [];
  let checked = 0;
  try {
    await verifyCommits(
      {
        cwd: directory,
        environment,
        targets: base === null ? ["HEAD"] : [`${base}..HEAD`, ...there.map((oid) => `^${oid}`)],
        tags: false,
        all: false,
        noWalk: base === null,
        mine: true,
        now,
      },
      {
        begin: () => undefined,
        decision: (decision) => {
          checked += 1;
          if (!decision.allow) denied.push(decision);
        },
      },
    );
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return [];
  }
  const what = base === null ? "the last commit" : `${checked} commit${checked === 1 ? "" : "s"} not pushed yet`;
  const [first] = denied;
  const finding = first?.findings[0];
  if (first === undefined || finding === undefined)
    return [pass("last.commits", checked === 0 ? "everything here was pushed" : `${what}: all good`)];
  if (finding.code === "policy-missing") return [];
  const short = (first.subject.oid ?? "").slice(0, 12);
  // Of the first one: its command begins below it, and so mends those above it as well.
  const fix = finding.hint ?? `signpolicy explain ${short}`;
  return [
    fail(
      "last.commits",
      `${what}, ${denied.length} would be refused: ${short} ${finding.code}: ${finding.message}`,
      fix,
    ),
  ];
};

const MINUTES = 5;

const clock: Examination = async ({ directory, environment, now }) => {
  const repository = await findRepository(directory, environment);
  const { status, stdout } = await tryGit(repository, [
    "for-each-ref",
    "--sort=-committerdate",
    "--count=1",
    "--format=%(committerdate:unix) %(objectname:short=12)",
    "refs/heads",
    "refs/remotes",
  ]);
  const [date, oid = ""] = stdout.toString("latin1").trim().split(" ");
  const newest = Number(date);
  if (status !== 0 || !(newest > 0)) return [];
  const ahead = Math.round((newest - now) / 60);
  if (ahead <= MINUTES) return [pass("clock", "no commit is dated after this machine's clock")];
  return [
    warn(
      "clock",
      `the newest commit, ${oid}, is dated ${ahead} minutes after this machine's clock; one of the two is wrong`,
      process.platform === "darwin" ? "sntp -sS time.apple.com" : "timedatectl set-ntp true",
    ),
  ];
};

export const HISTORY_ROWS: readonly Examination[] = [lastCommits, clock];
