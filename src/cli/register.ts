import type { Command } from "commander";

/** What a command file gets from the program it adds itself to. */
export interface Context {
  /** The exit code of a command that ended without an exception. */
  exit(code: number): void;
  /** The folder to work in: `-C`, or where the process was started. */
  folder(): string;
  /** The file of the program that runs: its name holds a digest of all that it loads. */
  readonly program: string;
}

export type Register = (program: Command, context: Context) => void;
