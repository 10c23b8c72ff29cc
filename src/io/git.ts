import { spawn, spawnSync, type ChildProcessByStdio, type ChildProcessWithoutNullStreams } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { GitError } from "../errors.ts";
import type { Bytes, HashAlgorithm } from "../model.ts";

/** A repository that was found, and the environment in which git reads it. */
export interface Repository {
  /** Absolute. In a linked worktree its own directory; refs and objects are in `commonDir`. */
  readonly gitDir: string;
  readonly commonDir: string;
  /** Absolute top of the work tree; null in a bare repository and in a server's hook. */
  readonly workTree: string | null;
  readonly algorithm: HashAlgorithm;
  /** Folder in which git children run. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Given before the command: a commit-graph in the repository may lie about parents; nothing may page or be watched. */
const PROTECTIVE_OPTIONS = [
  "--no-pager",
  "--literal-pathspecs",
  "-c",
  "core.commitGraph=false",
  "-c",
  "core.fsmonitor=false",
  // We name the graft file ourselves, so that there is none; git would explain grafts to whoever it fails.
  "-c",
  "advice.graftFileDeprecated=false",
];

export type GitPlace = Pick<Repository, "cwd" | "environment">;

export interface GitResult {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

const running = new Set<Child>();

/** Ends every git child there is: who waits for one is told by an error. */
export function stopGit(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts git with an argument array; no shell, no string in which a ref name could become an option. */
export const startGit = (place: GitPlace, argv: readonly string[]): ChildProcessWithoutNullStreams =>
  start(place, argv, "pipe") as ChildProcessWithoutNullStreams;

/** A pipe takes as long to set up as git takes to answer, so a child that is told nothing gets none to read from. */
function start(place: GitPlace, argv: readonly string[], stdin: "pipe" | "ignore"): Child {
  const child = spawn("git", [...PROTECTIVE_OPTIONS, ...argv], {
    cwd: place.cwd,
    env: place.environment,
    stdio: [stdin, "pipe", "pipe"],
    windowsHide: true,
  }) as Child;
  // A child that ends early breaks the pipe we write to; its exit code tells, not this error.
  child.stdin?.on("error", () => undefined);
  running.add(child);
  child.once("close", () => running.delete(child));
  child.once("error", () => running.delete(child));
  return child;
}

/** Resolves with the exit code once the child has ended and its streams are closed; rejects when it could not start or was killed. */
export function gitEnded(child: Child, argv: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(notStarted(cause, argv)));
    child.once("close", (status, signal) => {
      if (status === null) {
        reject(stopped(signal, argv));
      } else {
        resolve(status);
      }
    });
  });
}

function notStarted(cause: NodeJS.ErrnoException, argv: readonly string[]): GitError {
  return cause.code === "ENOENT"
    ? new GitError("ERR_GIT_MISSING", "git was not found, or the folder to run it in is gone", { argv, cause })
    : new GitError("ERR_GIT_FAILED", "git could not be started", { argv, cause });
}

const stopped = (signal: NodeJS.Signals | null, argv: readonly string[]): GitError =>
  new GitError("ERR_GIT_FAILED", `git ${argv[0] ?? ""} was stopped by ${signal ?? "a signal"}`, { argv });

/** Most of what git may print into memory at once; object contents and commit lists are streamed instead. */
const OUTPUT_CAP = 256 * 1024 * 1024;

/**
 * Runs git and collects its output. Any exit code is returned, so that the caller decides which of them mean an answer.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function tryGit(place: GitPlace, argv: readonly string[], input?: Bytes | string): Promise<GitResult> {
  const child = start(place, argv, input === undefined ? "ignore" : "pipe");
  const ended = gitEnded(child, argv);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > OUTPUT_CAP) child.kill("SIGKILL");
    else out.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (err.length < 64) err.push(chunk);
  });
  child.stdin?.end(input);
  const status = await ended;
  return { status, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString("latin1").trimEnd() };
}

/**
 * The same, while nothing else goes on: node then sets up no streams, which takes as long as git takes for a short answer.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export function askGit({ cwd, environment }: GitPlace, argv: readonly string[]): GitResult {
  const { status, signal, stdout, stderr, error } = spawnSync("git", [...PROTECTIVE_OPTIONS, ...argv], {
    cwd,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: OUTPUT_CAP,
    windowsHide: true,
  });
  if (error !== undefined) throw notStarted(error, argv);
  if (status === null) throw stopped(signal, argv);
  return { status, stdout, stderr: stderr.toString("latin1").trimEnd() };
}

/**
 * Runs git where any exit code but 0 is a failure.
 *
 * @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED
 */
export async function runGit(place: GitPlace, argv: readonly string[], input?: Bytes | string): Promise<Buffer> {
  const { status, stdout, stderr } = await tryGit(place, argv, input);
  if (status !== 0) throw gitFailed(argv, status, stderr);
  return stdout;
}

export function gitFailed(argv: readonly string[], status: number, stderr: string): GitError {
  const said = stderr === "" ? "" : `: ${stderr.split("\n").at(-1) ?? ""}`;
  return new GitError("ERR_GIT_FAILED", `git ${argv[0] ?? ""} failed with exit code ${status}${said}`, {
    argv,
    status,
    stderr,
  });
}
