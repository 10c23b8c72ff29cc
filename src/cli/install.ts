import { Option } from "commander";
import type { Command } from "commander";
import { CLIENT_VIAS, type ClientVia, type InstallReport, type PerRepository } from "../check/installation.ts";
import { EXIT, UsageError } from "../errors.ts";
import { show } from "../report/show.ts";
import type { LayoutWord } from "./layout.ts";
import { layoutNamed, layoutOption } from "./layout.ts";
import { exampleText } from "./examples.ts";
import { reportFailure } from "./failure.ts";
import * as say from "./messages.ts";
import { spoken } from "./own-program.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options {
  readonly via?: ClientVia;
  readonly server?: readonly string[];
  readonly policy?: string;
  readonly prefix?: string;
  readonly layout?: LayoutWord;
  readonly selfContained?: true;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function registerInstall(program: Command, context: Context): void {
  program
    .command("install")
    .summary("put the hooks into this clone, or into bare repositories")
    .description(
      "Put the hooks into this clone: into .husky or lefthook.yml where the project uses them, else into git's " +
        "hooks folder. " +
        "A hook that is there already is kept and runs, too. Running it twice changes nothing.",
    )
    .addOption(new Option("--via <manager>", "how git finds the hooks").choices([...CLIENT_VIAS]))
    .option("--server <dir...>", "install the server's hooks into these bare repositories, or into a gitolite")
    .option("--policy <file>", "with --server: pin this policy file in the repository's config")
    .option("--self-contained", "with --server: install one file that needs no node there")
    .addOption(layoutOption())
    .option("--prefix <dir>", "with --server: keep the program here, not in <repository>/signpolicy")
    .option("-q, --quiet", "say nothing but warnings")
    .option("-v, --verbose", "say also what was in place already")
    .addHelpText("after", exampleText("install"))
    .action(async (options: Options) => context.exit(await install(options, context.folder())));
}

async function install(options: Options, directory: string): Promise<number> {
  const { server, policy, prefix, layout, selfContained, via } = options;
  if (server === undefined) {
    for (const [flag, value] of [
      ["--policy", policy],
      ["--prefix", prefix],
      ["--layout", layout],
      ["--self-contained", selfContained],
    ] as const) {
      if (value !== undefined) throw new UsageError(say.onlyWithServer(flag));
    }
    const { installClient } = await import("../check/install-client.ts");
    const environment = process.env;
    printSteps(
      "installed",
      await installClient({ directory, environment, ...(via === undefined ? {} : { via }) }),
      options,
      "",
    );
    return EXIT.allowed;
  }
  if (via !== undefined) throw new UsageError(say.notWithServer("--via"));
  const { installServers } = await import("../check/install-servers.ts");
  const done = await installServers(server, {
    directory,
    environment: process.env,
    ...(policy === undefined ? {} : { policy }),
    ...(prefix === undefined ? {} : { prefix }),
    ...layoutNamed(layout),
    ...(selfContained === undefined ? {} : { selfContained }),
  });
  return eachRepository(done, (report, repository) => {
    printSteps("installed", report, options, repository);
    return EXIT.allowed;
  });
}

/** Prints what was done to one place. */
export function printSteps(
  done: "installed" | "removed",
  report: InstallReport,
  options: { readonly quiet?: boolean; readonly verbose?: boolean },
  where: string,
): void {
  const at = where === "" ? "" : `${show(where)}: `;
  for (const warning of report.warnings) writeError(`signpolicy: warning: ${at}${spoken(show(warning))}\n`);
  if (options.quiet === true) return;
  for (const { what, changed } of report.steps) {
    if (changed) writeOut(`${at}${done}: ${show(what)}\n`);
    else if (options.verbose === true) writeOut(`${at}${say.alreadySo(show(what))}\n`);
  }
  if (report.steps.every((step) => !step.changed)) writeOut(`${at}${say.nothingToChange}\n`);
}

/** Every repository is told about; the exit code is the first bad one's. */
export function eachRepository<Result>(
  all: readonly PerRepository<Result>[],
  print: (result: Result, repository: string) => number,
): number {
  let exitCode: number = EXIT.allowed;
  for (const one of all) {
    let code: number;
    if ("error" in one) {
      writeError(`signpolicy: ${say.inRepository(show(one.repository))}\n`);
      code = reportFailure(one.error);
    } else code = print(one.result, one.repository);
    if (exitCode === EXIT.allowed) exitCode = code;
  }
  return exitCode;
}
