import type { Command } from "commander";
import type { Simulation } from "../check/simulate.ts";
import type { Count } from "../check/simulate-tally.ts";
import { EXIT, UsageError } from "../errors.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { count, shortId, show, showText } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, checkPolicyOptions, formatOption } from "./options.ts";
import type { PolicyOptions } from "./options.ts";
import type { Context } from "./register.ts";
import { writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly since?: string;
  readonly history?: boolean;
  readonly pushes?: boolean;
  readonly fail?: boolean;
  readonly verbose?: boolean;
  readonly format: RenderFormat;
}

export function registerPolicySimulate(policy: Command, context: Context): void {
  const command = policy
    .command("simulate")
    .description("say what a policy would have denied, by rule and by person, before it is turned on")
    .option("--since <rev>", "leave out what this revision reaches, or what is older than this time")
    .option("--history", "go through branches and tags (default where there is no receive record)")
    .option("--pushes", "go through the pushes of the receive record, each at its own time")
    .option("--fail", "exit with 1 when anything would have been denied")
    .option("-v, --verbose", "print every subject, none left out");
  addPolicyOptions(command)
    .addOption(formatOption())
    .addHelpText("after", exampleText("policy"))
    .action(async (options: Options) => context.exit(await simulate(options, context.folder())));
}

async function simulate(options: Options, directory: string): Promise<number> {
  const { policy, policyRef } = checkPolicyOptions(options);
  const { since, history = false, pushes = false } = options;
  if (history && pushes) throw new UsageError(say.historyOrPushes);
  const over = history ? ("history" as const) : pushes ? ("pushes" as const) : undefined;
  const [{ simulatePolicy }, { readClock }] = await Promise.all([
    import("../check/simulate.ts"),
    import("../io/clock.ts"),
  ]);
  const environment = process.env;
  const found = await simulatePolicy({ directory, environment, policy, policyRef, since, over, now: readClock() });
  if (options.format === "json") writeOut(`${toJson(found, 2)}\n`);
  else for (const line of linesOf(found, options.verbose === true ? Infinity : SHOWN)) writeOut(`${line}\n`);
  return options.fail === true && found.denied > 0 ? EXIT.denied : EXIT.allowed;
}

const SHOWN = 10;

function linesOf(found: Simulation, most: number): readonly string[] {
  const { policy, over, since, refs, checked, denied, warned, byRule, byPerson, subjects } = found;
  const where =
    over === "history"
      ? count(refs, "branch or tag", "branches and tags")
      : `${count(refs, "push", "pushes")} to a ref`;
  const start = since === null ? "" : ` since ${show(since)}`;
  const shown = subjects.slice(0, most);
  return [
    `${showText(policy.source)} over ${where}${start}: ${count(checked, "subject")}`,
    ...table(
      "by rule",
      byRule.map((one) => [one.rule === null ? "(no rule)" : showText(one.rule), one]),
    ),
    ...table(
      "by person",
      byPerson.map((one) => [nameOf(one), one]),
    ),
    ...(shown.length === 0 ? [] : ["", "first of them"]),
    ...shown.map(({ kind, oid, ref, at, title, findings }) => {
      const codes = [...new Set(findings.map(({ code }) => code))].join(", ");
      const what = `${kind} ${oid === null ? "(deleted)" : shortId(oid)}${title === null ? "" : ` "${show(title, 60)}"`}`;
      return `  ${codes}: ${what} ${ref === null ? "" : show(ref)}${at === null ? "" : ` ${at}`}`;
    }),
    ...(subjects.length > shown.length ? [`  and ${subjects.length - shown.length} more (--verbose)`] : []),
    "",
    denied + warned === 0 ? say.nothingDenied : say.wouldBeDenied(denied, warned, checked),
  ];
}

const nameOf = ({ person, principal }: Simulation["byPerson"][number]): string =>
  person === null ? "(nobody known)" : principal ? showText(person) : show(person, 100);

function table(title: string, rows: readonly (readonly [string, Count])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = ([name, { denied, warned, codes }]: readonly [string, Count]): string => {
    const told = Object.entries(codes).map(([code, times]) => `${code} ${times}`);
    return `  ${name}: ${denied} denied, ${warned} warned (${told.join(", ")})`;
  };
  return ["", title, ...rows.map(line)];
}
