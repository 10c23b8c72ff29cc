import { isatty } from "node:tty";
import type { Command } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, addWitnessOptions, checkPolicyOptions, formatOption, parseAt } from "./options.ts";
import type { PolicyOptions, WitnessOptions } from "./options.ts";
import { wantsColour } from "./colour.ts";
import { spoken } from "./own-program.ts";
import type { Context } from "./register.ts";
import { writeOut } from "./streams.ts";

interface Options extends PolicyOptions, WitnessOptions {
  readonly as?: string;
  readonly at?: Seconds;
  readonly format: RenderFormat;
}

export function registerExplain(program: Command, context: Context): void {
  const command = program
    .command("explain <object>")
    .summary("why one commit or tag is allowed or denied")
    .description(
      "Tell on one screen what was signed, by which key of whom, which rules asked what of it, which clock decided, and the " +
        "command that mends it. A commit that a server refused is still here: give its id. Exits as verify does.",
    )
    .option("--as <ref>", "judge by the rules for this ref (default: the ref named, else the branch)")
    .option("--at <time>", "judge as if our clock showed this time", parseAt);
  addWitnessOptions(addPolicyOptions(command))
    .addOption(formatOption())
    .addHelpText("after", exampleText("explain"))
    .action(async (target: string, options: Options) => context.exit(await explain(target, options, context.folder())));
}

async function explain(target: string, options: Options, cwd: string): Promise<number> {
  const { policy, policyRef } = checkPolicyOptions(options);
  if (target.startsWith("-")) throw new UsageError(say.noTarget(target));
  const [{ explainObject }, { renderExplanation, explanationJson }, { readClock }] = await Promise.all([
    import("../check/explain.ts"),
    import("../report/explain.ts"),
    import("../io/clock.ts"),
  ]);
  const now = options.at ?? readClock();
  const { as, witness, witnessKey } = options;
  const chosen = { policy, policyRef, as, witness, witnessKey };
  const it = await explainObject({ cwd, environment: process.env, target, ...chosen, now });
  const colour = isatty(1) && wantsColour();
  const paint = (text: string, bad: boolean): string => (colour ? `\u001b[${bad ? 31 : 32}m${text}\u001b[0m` : text);
  writeOut(options.format === "json" ? explanationJson(it) : renderExplanation(it, paint, spoken));
  return it.verdict.allow ? EXIT.allowed : EXIT.denied;
}
