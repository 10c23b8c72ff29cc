import type { ReadinessOptions } from "../check/readiness.ts";
import type { ReceiveOptions } from "../check/receive.ts";
import { EXIT, GitError, UsageError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { createHookRenderer } from "../report/hook.ts";
import type { HookStage } from "../report/hook.ts";
import { readClock } from "../io/clock.ts";
import { isCodingAgent } from "../io/coding-agent.ts";
import { readInput } from "../io/input.ts";
import { mayReadAlone, openRepository, startReading } from "../io/reading.ts";
import { findHookPlace } from "../io/repository.ts";
import { isGitlab, reportFailure } from "./failure.ts";
import * as say from "./messages.ts";
import { spoken } from "./own-program.ts";
import { writeError } from "./streams.ts";
import { createTally } from "./tally.ts";
import type { Output } from "./tally.ts";

/** What a hook was called with: git's arguments, and the hook that ran before ours was installed. */
interface Call {
  readonly args: readonly string[];
  readonly then: string | null;
}

type Run = (call: Call) => Promise<number>;

/** Every hook that a shim may name. */
const HOOKS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ["pre-commit", preflight],
  ["pre-merge-commit", (call) => preflight(call, true)],
  ["post-commit", advise],
  ["pre-push", beforePush],
  ["pre-receive", receive],
  ["post-receive", remember],
]);

/**
 * Runs one hook and gives its exit code, 0 being the only one that lets the commit or push go on. Called for every
 * commit and push: what it imports at the top is what each of them waits for.
 *
 * @throws UsageError for a hook that is not ours
 */
export async function runHook(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === "--help" || name === "-h") return (await import("./commands.ts")).runCommand(["hook", "--help"]);
  const hint = say.hooksAre([...HOOKS.keys()]);
  if (name === undefined) throw new UsageError(say.noHookName, { hint });
  const run = HOOKS.get(name);
  if (run === undefined) throw new UsageError(say.unknownHook(name), { hint });
  if (rest[0] !== "--then") return run({ args: rest, then: null });
  const [, then, ...args] = rest;
  if (then === undefined) throw new UsageError(say.thenNeedsFile);
  return run({ args, then });
}

async function preflight(call: Call, merging = false): Promise<number> {
  const { checkReadiness } = await import("../check/readiness.ts");
  const output = hookOutput("commit");
  await checkReadiness({ ...here(), merging }, output);
  const { exitCode } = output.finish();
  return exitCode === EXIT.allowed ? next(call, null) : exitCode;
}

/** The commit is made; all that is left is to say so. */
async function advise(call: Call): Promise<number> {
  try {
    const { adviseCommit } = await import("../check/readiness.ts");
    const output = hookOutput("advice");
    if ((await adviseCommit(here(), output)) !== null) output.finish();
  } catch (error) {
    reportFailure(error, "hook");
  }
  return next(call, null);
}

/** The next hook reads the same lines: standard input is read once and handed on. */
async function beforePush(call: Call): Promise<number> {
  // git finds the repository while we load what judges; whoever asks for that is told what went wrong.
  const begun = openRepository(process.cwd(), process.env);
  begun.catch(() => undefined);
  const { judgePrePush } = await import("../check/pre-push.ts");
  const input = readInput();
  const [remote = "", url = ""] = call.args;
  const output = hookOutput("push");
  await judgePrePush({ ...here(), remote, url, input, now: readClock(), begun }, output);
  const { exitCode } = output.finish();
  return exitCode === EXIT.allowed ? next(call, input) : exitCode;
}

async function receive(call: Call): Promise<number> {
  // git reads while we load what judges, where it is needed.
  const begun = beginReading();
  const { judgeReceive } = await import("../check/receive.ts");
  const input = readInput();
  const output = hookOutput("push");
  await judgeReceive({ ...here(), input, now: readClock, ...begun }, output);
  const { exitCode } = output.finish();
  return exitCode === EXIT.allowed ? next(call, input) : exitCode;
}

/** The refs have moved; what could not be written down is judged again next time, so that is all there is to say. */
async function remember(call: Call): Promise<number> {
  const input = readInput();
  try {
    const { recordReceive } = await import("../check/record-receive.ts");
    await recordReceive({ ...here(), input, now: readClock() });
  } catch (error) {
    reportFailure(error, "hook");
  }
  return next(call, input);
}

async function next({ args, then }: Call, input: Bytes | null): Promise<number> {
  return then === null ? EXIT.allowed : (await import("./next-hook.ts")).runNextHook(then, args, input);
}

/** Nothing is begun where there is no repository: the one who judges says what that means. */
function beginReading(): Pick<ReceiveOptions, "place" | "reading"> {
  try {
    const place = findHookPlace(process.cwd(), process.env);
    return { place, reading: mayReadAlone(place) ? undefined : startReading(place) };
  } catch (error) {
    if (error instanceof GitError) return {};
    throw error;
  }
}

const here = (): ReadinessOptions => ({ cwd: process.cwd(), environment: process.env });

const hookOutput = (stage: HookStage): Output =>
  createTally(createHookRenderer({ stage, gitlab: isGitlab(), agent: isCodingAgent(process.env), spoken }), writeError);
