import type { Command } from "commander";
import type { CheckReport } from "../check/installation.ts";
import { EXIT, UsageError } from "../errors.ts";
import { show } from "../report/show.ts";
import type { LayoutWord } from "./layout.ts";
import { layoutNamed, layoutOption } from "./layout.ts";
import { exampleText } from "./examples.ts";
import { eachRepository } from "./install.ts";
import * as say from "./messages.ts";
import { spoken } from "./own-program.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options {
  readonly server?: readonly string[];
  readonly prefix?: string;
  readonly layout?: LayoutWord;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function registerCheckInstall(program: Command, context: Context): void {
  program
    .command("check-install")
    .summary("will the hooks run?")
    .description(
      "Look, without running anything, whether git will find and run the hooks, and on a server whether the program " +
        "and the policy are those that were installed. Exits with 1 when something keeps them from it.",
    )
    .option("--server <dir...>", "look at these bare repositories")
    .addOption(layoutOption())
    .option("--prefix <dir>", "with --server: where install kept the program")
    .option("-q, --quiet", "print problems only")
    .option("-v, --verbose", "print also what is in order")
    .addHelpText("after", exampleText("check-install"))
    .action(async (options: Options) => context.exit(await checkInstall(options, context.folder())));
}

async function checkInstall(options: Options, directory: string): Promise<number> {
  const { server, prefix, layout } = options;
  const environment = process.env;
  if (server === undefined) {
    if (prefix !== undefined) throw new UsageError(say.onlyWithServer("--prefix"));
    if (layout !== undefined) throw new UsageError(say.onlyWithServer("--layout"));
    const { checkClient } = await import("../check/check-install.ts");
    return printCheck(await checkClient({ directory, environment }), options, "");
  }
  const { checkServers } = await import("../check/check-install.ts");
  const done = await checkServers(server, {
    directory,
    environment,
    ...(prefix === undefined ? {} : { prefix }),
    ...layoutNamed(layout),
  });
  return eachRepository(done, (report, repository) => printCheck(report, options, repository));
}

function printCheck(report: CheckReport, options: Options, where: string): number {
  const at = where === "" ? "" : `${show(where)}: `;
  if (options.verbose === true) for (const passed of report.passed) writeOut(`${at}ok: ${show(passed)}\n`);
  report.problems.forEach(({ message, fix }, index) => {
    writeOut(`${at}problem: ${show(message)}\n`);
    // One command often mends several of them.
    if (report.problems[index + 1]?.fix !== fix) writeOut(`${at}  fix: ${spoken(show(fix))}\n`);
  });
  for (const { message } of report.warnings) writeError(`signpolicy: warning: ${at}${spoken(show(message))}\n`);
  if (report.problems.length > 0) return EXIT.denied;
  if (options.quiet !== true) writeOut(`${at}${say.hooksWillRun}\n`);
  return EXIT.allowed;
}
