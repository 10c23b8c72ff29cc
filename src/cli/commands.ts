import { Command, CommanderError } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import type { OpenHistory } from "../check/open-history.ts";
import { registerApprove } from "./approve.ts";
import { registerCi } from "./ci.ts";
import { registerCheckInstall } from "./check-install.ts";
import { registerCompletion } from "./completion.ts";
import { exampleText } from "./examples.ts";
import { registerDoctor } from "./doctor.ts";
import { registerExplain } from "./explain.ts";
import { registerHook } from "./hook-help.ts";
import { registerInit } from "./init.ts";
import { registerInstall } from "./install.ts";
import { registerJoin } from "./join.ts";
import { registerKeys } from "./keys.ts";
import * as say from "./messages.ts";
import { parseFolder } from "./options.ts";
import type { Register } from "./register.ts";
import { registerReport } from "./report.ts";
import { writeError, writeOut } from "./streams.ts";
import { registerResign } from "./resign.ts";
import { registerUninstall } from "./uninstall.ts";
import { registerPolicy } from "./policy.ts";
import { registerRecord } from "./record.ts";
import { registerWatch } from "./watch.ts";
import { registerVerify } from "./verify.ts";

/** Each command in its own file; what a command needs to run is loaded when it runs. */
const COMMANDS: readonly Register[] = [
  registerInit,
  registerJoin,
  registerVerify,
  registerCi,
  registerExplain,
  registerReport,
  registerDoctor,
  registerResign,
  registerApprove,
  registerInstall,
  registerUninstall,
  registerCheckInstall,
  registerPolicy,
  registerKeys,
  registerRecord,
  registerWatch,
  registerCompletion,
  registerHook,
];

/** What is known of the program before its words are read. */
interface Start {
  /** Its file. */
  readonly file: string;
  /** The repository in this folder, where git began to read it already. */
  readonly begun: Promise<OpenHistory> | null;
}

const NO_START: Start = { file: "", begun: null };

/** Runs what the words after `signpolicy` ask for and gives the exit code. */
export async function runCommand(words: readonly string[], start: Start = NO_START): Promise<number> {
  let exitCode: number = EXIT.allowed;
  const program = createProgram((code) => (exitCode = code), start);
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

export function createProgram(exit: (code: number) => void, { file, begun }: Start = NO_START): Command {
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
  for (const register of COMMANDS)
    register(program, {
      exit,
      folder: () => program.opts<{ C?: string }>().C ?? process.cwd(),
      program: file,
      begun: () => (program.opts<{ C?: string }>().C === undefined ? begun : null),
    });
  return program;
}
