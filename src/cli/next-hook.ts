import { spawnSync } from "node:child_process";
import { EXIT, SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { cannotRun } from "./messages.ts";

/**
 * Runs the hook that was there before ours, with the same arguments, environment and standard input, and gives its exit
 * code; a signal that ended it counts as a refusal.
 *
 * @throws SignpolicyError ERR_INSTALL when it cannot be started
 */
export function runNextHook(file: string, args: readonly string[], input: Bytes | null): number {
  // Windows knows no #! line; git's own sh is on the PATH of its hooks.
  const [program, words] = process.platform === "win32" ? ["sh", [file, ...args]] : [file, [...args]];
  const { status, signal, error } = spawnSync(program, words, {
    stdio: [input === null ? "inherit" : "pipe", "inherit", "inherit"],
    ...(input === null ? {} : { input }),
  });
  if (status !== null) return status;
  // A hook may end without reading what it is given: that is no failure, and it has a status then.
  if (signal !== null || error === undefined) return EXIT.denied;
  throw new SignpolicyError("ERR_INSTALL", cannotRun(file, error.message), { cause: error });
}
