import type { Command } from "commander";

/** What a command file gets from the program it adds itself to. */
export interface Context {
  /** The exit code of a command that ended without an exception. */
  exit(code: number): void;
  /** The folder to work in: `-C`, or where the process was started. */
  folder(): string;
}

export type Register = (program: Command, context: Context) => void;
