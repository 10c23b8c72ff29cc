import type { Command } from "commander";
import type { OpenHistory } from "../check/open-history.ts";

/** What a command file gets from the program it adds itself to. */
export interface Context {
  /** The exit code of a command that ended without an exception. */
  exit(code: number): void;
  /** The folder to work in: `-C`, or where the process was started. */
  folder(): string;
  /** The file of the program that runs: its name holds a digest of all that it loads. */
  readonly program: string;
  /** The repository in the folder to work in, where git began to read it before that was known. */
  begun(): Promise<OpenHistory> | null;
}

export type Register = (program: Command, context: Context) => void;
