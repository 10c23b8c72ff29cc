/** Programs other than git. */
import { spawn } from "node:child_process";
import { SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  /** Both outputs as they came, at most 64 KiB unless asked for more; latin-1. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
  /** Ended because its time was up. */
  readonly timedOut: boolean;
}

const OUTPUT_CAP = 64 * 1024;

/**
 * Runs a program on the user's own terminal, who sees what it says and may answer it.
 *
 * @throws SignpolicyError ERR_IO when it cannot be started
 */
export function runAttached(
  program: string,
  argv: readonly string[],
  { cwd, environment }: Pick<ProgramOptions, "cwd" | "environment">,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // What it prints is talk: the report alone goes to standard output.
    const child = spawn(program, argv, { cwd, env: environment, stdio: ["inherit", 2, 2] });
    child.once("error", (cause) => reject(new SignpolicyError("ERR_IO", `cannot run ${program}`, { cause })));
    child.once("close", (status) => resolve(status));
  });
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly environment: Variables;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
  /** What it reads on standard input; nothing unless given. */
  readonly input?: Bytes | string;
  /** Most characters kept of what it prints. */
  readonly cap?: number;
}

/**
 * Runs a program with an argument array and no shell, and collects what it prints.
 *
 * @throws SignpolicyError ERR_IO when it cannot be started
 */
export function runProgram(program: string, argv: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { uid, gid, timeoutMs, input, cap = OUTPUT_CAP } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      cwd: options.cwd,
      env: options.environment,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      windowsHide: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    // spawn()'s own `timeout` keeps node waiting when the program could not be started.
    let timedOut = false;
    const stop = () => {
      timedOut = true;
      child.kill("SIGKILL");
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
    let output = "";
    let stdout = "";
    const take = (chunk: Buffer) => {
      if (output.length < cap) output += chunk.toString("latin1");
    };
    child.stdout?.on("data", (chunk: Buffer) => {
      if (stdout.length < cap) stdout += chunk.toString("latin1");
      take(chunk);
    });
    child.stderr?.on("data", take);
    // A program that ends without reading is no failure of ours.
    child.stdin?.on("error", () => undefined);
    if (input !== undefined) child.stdin?.end(input);
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new SignpolicyError("ERR_IO", `cannot run ${program}`, { cause }));
    });
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status, output: output.slice(0, cap), stdout: stdout.slice(0, cap), timedOut });
    });
  });
}
