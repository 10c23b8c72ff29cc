import { Command, CommanderError } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import type { OpenHistory } from "../check/open-history.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { parseFolder } from "./options.ts";
import type { Register } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

/** What is known of the program before its words are read. */
export interface Start {
  /** Its file. */
  readonly file: string;
  /** The repository in this folder, where git began to read it already. */
  readonly begun: Promise<OpenHistory> | null;
}

const NO_START: Start = { file: "", begun: null };

/** Runs what the words after `signpolicy` ask for, where it is among these commands, and gives the exit code. */
export async function runAmong(
  commands: readonly Register[],
  words: readonly string[],
  start: Start = NO_START,
): Promise<number> {
  let exitCode: number = EXIT.allowed;
  const program = programOf(commands, (code) => (exitCode = code), start);
  if (words.length === 0) {
    writeError(program.helpInformation());
    return EXIT.usage;
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.allowed;
    if (error.code === "commander.help") return EXIT.usage;
    const command = program.commands.find((one) => words.includes(one.name()));
    const help = command === undefined ? "signpolicy" : `signpolicy ${command.name()}`;
    throw new UsageError(inOurVoice(error.message), { hint: say.seeHelp(help) });
  }
  return exitCode;
}

/** What commander says, as everything else is said: one line, in lower case, without a period. */
const inOurVoice = (message: string): string =>
  message
    .replace(/^error: (?:command-argument (?=value))?/, "")
    .replaceAll("\n", " ")
    .replace(/\. ([A-Z])/g, (_, letter: string) => `; ${letter.toLowerCase()}`)
    .replace(/\.$/, "");

export function programOf(
  commands: readonly Register[],
  exit: (code: number) => void,
  { file, begun }: Start = NO_START,
): Command {
  const program = new Command("signpolicy")
    .description("enforce a commit-signing policy: one policy file, one verdict everywhere")
    .version(SIGNPOLICY_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .option("-C <folder>", "run as if started in this folder", parseFolder)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut, writeErr: writeError, outputError: () => undefined, getOutHelpWidth: () => 80 })
    .addHelpText("after", exampleText("signpolicy"))
    .exitOverride()
    .showSuggestionAfterError(true);
  for (const register of commands)
    register(program, {
      exit,
      folder: () => program.opts<{ C?: string }>().C ?? process.cwd(),
      program: file,
      begun: () => (program.opts<{ C?: string }>().C === undefined ? begun : null),
    });
  return program;
}
