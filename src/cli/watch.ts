import type { Command } from "commander";
import type { WatchReport } from "../check/watch.ts";
import { EXIT } from "../errors.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { count, show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, checkPolicyOptions, formatOption, parseDuration } from "./options.ts";
import type { PolicyOptions } from "./options.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly since?: string;
  readonly principal?: string;
  readonly silence: string;
  readonly within: string;
  readonly forget?: string;
  readonly fail?: boolean;
  readonly format: RenderFormat;
}

export function registerWatch(program: Command, context: Context): void {
  const command = program
    .command("watch")
    .summary("signs that a key or a server is in other hands")
    .description(
      "Tell what a developer should look at: commits by your key that were not made here, keys first used or used after a long " +
        "silence, people who sign with another key, signatures dated before their parents, keys and exemptions about to end, " +
        "and remotes that go back behind what this clone last verified. Nothing is fetched. Exits with 0 unless --fail is given.",
    )
    .option("--since <rev>", "what this revision does not reach, or what is newer than this time (default: 30 days)")
    .option("--principal <name>", "this principal's findings alone (default: everybody's; yours by user.email)")
    .option("--silence <time>", "how long a key must have been silent to be told", "90d")
    .option("--within <time>", "how far ahead ends are told", "30d")
    .option("--forget <remote>", "remember nothing of this remote from before")
    .option("--fail", "exit with 1 when anything is found");
  addPolicyOptions(command)
    .addOption(formatOption())
    .addHelpText("after", exampleText("watch"))
    .action(async (options: Options) => context.exit(await watch(options, context.folder())));
}

async function watch(options: Options, directory: string): Promise<number> {
  const { policy, policyRef } = checkPolicyOptions(options);
  const { since, principal, forget } = options;
  const [silence, within] = [parseDuration(options.silence), parseDuration(options.within)];
  const [{ watchRepository }, { readClock }] = await Promise.all([
    import("../check/watch.ts"),
    import("../io/clock.ts"),
  ]);
  const place = { directory, environment: process.env, policy, policyRef };
  const found = await watchRepository({ ...place, since, principal, forget, silence, within, now: readClock() });
  for (const text of found.notes) writeError(`signpolicy: ${say.note(text)}\n`);
  if (options.format === "json") writeOut(`${toJson(found, 2)}\n`);
  else for (const line of linesOf(found)) writeOut(`${line}\n`);
  return options.fail === true && found.findings.length > 0 ? EXIT.denied : EXIT.allowed;
}

function linesOf({ findings }: WatchReport): readonly string[] {
  return [
    ...findings.flatMap(({ code, message, hint, oid }) => [
      `${code}: ${show(message, 400)}${oid === undefined || message.includes(oid) ? "" : ` (${oid})`}`,
      ...(hint === undefined ? [] : [`  hint: ${show(hint)}`]),
    ]),
    findings.length === 0 ? say.nothingToLookAt : `${count(findings.length, "finding")} to look at`,
  ];
}
