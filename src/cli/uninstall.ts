import type { Command } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import type { LayoutWord } from "./layout.ts";
import { layoutNamed, layoutOption } from "./layout.ts";
import { exampleText } from "./examples.ts";
import { eachRepository, printSteps } from "./install.ts";
import * as say from "./messages.ts";
import type { Context } from "./register.ts";

interface Options {
  readonly server?: readonly string[];
  readonly prefix?: string;
  readonly layout?: LayoutWord;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function registerUninstall(program: Command, context: Context): void {
  program
    .command("uninstall")
    .summary("take the hooks out again")
    .description("Take out what install put in, and restore the hooks that were there before.")
    .option("--server <dir...>", "uninstall from these bare repositories")
    .addOption(layoutOption())
    .option("--prefix <dir>", "with --server: where install kept the program")
    .option("-q, --quiet", "say nothing but warnings")
    .option("-v, --verbose", "say also what was gone already")
    .addHelpText("after", exampleText("uninstall"))
    .action(async (options: Options) => context.exit(await uninstall(options, context.folder())));
}

async function uninstall(options: Options, directory: string): Promise<number> {
  const { server, prefix, layout } = options;
  const environment = process.env;
  if (server === undefined) {
    if (prefix !== undefined) throw new UsageError(say.onlyWithServer("--prefix"));
    if (layout !== undefined) throw new UsageError(say.onlyWithServer("--layout"));
    const { uninstallClient } = await import("../check/install-client.ts");
    printSteps("removed", await uninstallClient({ directory, environment }), options, "");
    return EXIT.allowed;
  }
  const { uninstallServers } = await import("../check/install-servers.ts");
  const done = await uninstallServers(server, {
    directory,
    environment,
    ...(prefix === undefined ? {} : { prefix }),
    ...layoutNamed(layout),
  });
  return eachRepository(done, (report, repository) => {
    printSteps("removed", report, options, repository);
    return EXIT.allowed;
  });
}
