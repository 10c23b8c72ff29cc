/** Programs other than git. */
import { spawn } from "node:child_process";
import { SignpolicyError } from "../errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  /** Both outputs as they came, at most 64 KiB. */
  readonly output: string;
}

const OUTPUT_CAP = 64 * 1024;

export interface ProgramOptions {
  readonly cwd: string;
  readonly environment: Variables;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
}

/**
 * Runs a program with an argument array and no shell, and collects what it prints.
 *
 * @throws SignpolicyError ERR_IO when it cannot be started
 */
export function runProgram(program: string, argv: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { uid, gid, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      cwd: options.cwd,
      env: options.environment,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    // spawn()'s own `timeout` keeps node waiting when the program could not be started.
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let output = "";
    const take = (chunk: Buffer) => {
      if (output.length < OUTPUT_CAP) output += chunk.toString("latin1");
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new SignpolicyError("ERR_IO", `cannot run ${program}`, { cause }));
    });
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status, output: output.slice(0, OUTPUT_CAP) });
    });
  });
}
