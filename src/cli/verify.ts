import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, addReportOptions, addWitnessOptions, checkPolicyOptions, parseAt } from "./options.ts";
import type { PolicyOptions, ReportOptions, WitnessOptions } from "./options.ts";
import { createReport } from "./output.ts";
import type { Context } from "./register.ts";

/** What judges history takes; `report` has the same. */
export interface VerifyCommandOptions extends ReportOptions, PolicyOptions, WitnessOptions {
  readonly as?: string;
  readonly tags?: boolean;
  readonly all?: boolean;
  readonly walk: boolean;
  readonly at?: Seconds;
  readonly trustRoot?: string;
  readonly via?: string;
}

export function registerVerify(program: Command, context: Context): void {
  const command = program
    .command("verify")
    .summary("judge commits and tags that are here")
    .description(
      "Judge what the targets reach by the policy, each commit by its own signature. A target is a range (A..B), a ref " +
        "or an object id; without one it is HEAD. Exits with 0 when all is allowed, 1 when anything is denied.",
    );
  addReportOptions(addWitnessOptions(addPolicyOptions(addTargets(command))))
    .addHelpText("after", exampleText("verify"))
    .action(async (targets: readonly string[], options: VerifyCommandOptions) =>
      context.exit(await verify(targets, options, context)),
    );
}

export const addTargets = (command: Command): Command =>
  command
    .argument("[targets...]", "ranges, refs and object ids", [])
    .option(
      "--as <ref>",
      "judge by the rules for this ref, named in full (default: the target itself, else the branch)",
    )
    .option("--tags", "judge every tag")
    .option("--all", "judge every branch and every tag")
    .option("--no-walk", "judge the objects named alone, not their history")
    .option(
      "--trust-root <oid>",
      "authenticate the history from this commit, each commit by the policy of its parents (default: git config signpolicy.trustRoot)",
    )
    .option("--via <commit>", "with a trust root: only a path that leads through this commit counts")
    .option("--at <time>", "judge as if our clock showed this time", parseAt);

/** @throws UsageError */
export function chosenTargets(targets: readonly string[], options: VerifyCommandOptions, cwd: string) {
  const { policy, policyRef } = checkPolicyOptions(options);
  if (options.trustRoot !== undefined && (policy ?? policyRef) !== undefined) throw new UsageError(say.rootAndPolicy);
  if (options.trustRoot !== undefined && !options.walk) throw new UsageError(say.rootWithoutWalk);
  for (const target of targets) {
    // git would read it as an option of its own
    if (target.startsWith("-")) throw new UsageError(say.noTarget(target));
  }
  return {
    cwd,
    environment: process.env,
    targets,
    policy,
    policyRef,
    witness: options.witness,
    witnessKey: options.witnessKey,
    as: options.as,
    tags: options.tags ?? false,
    all: options.all ?? false,
    trustRoot: options.trustRoot,
    configuredRoot: true,
    via: options.via,
    noWalk: !options.walk,
  };
}

async function verify(targets: readonly string[], options: VerifyCommandOptions, context: Context): Promise<number> {
  const { program } = context;
  const cwd = context.folder();
  const chosen = chosenTargets(targets, options, cwd);
  const [{ verifyCommits }, { readClock }] = await Promise.all([
    import("../check/commits.ts"),
    import("../io/clock.ts"),
  ]);
  const report = createReport(options);
  const now = options.at ?? readClock();
  const words = process.argv.slice(2);
  const frontier =
    program !== "" && words[0] === "verify" && mayBeRepeated(options)
      ? new (await import("../check/frontier.ts")).Frontier({
          ...chosen,
          program,
          words,
          isElsewhere: cwd !== process.cwd(),
          now,
          quiet: options.quiet ?? false,
        })
      : null;
  await verifyCommits({ ...chosen, now, frontier, begun: context.begun() }, frontier?.over(report) ?? report);
  const { exitCode } = report.finish();
  // The verdict is given; what could not be kept is judged again.
  await frontier?.keep().catch(() => undefined);
  return exitCode;
}

/** Only text that names no subject: what programs read lists every one, and is made anew each time. */
const mayBeRepeated = ({ format, verbose, at, trustRoot, via, witness, witnessKey }: VerifyCommandOptions): boolean =>
  format === "text" &&
  verbose !== true &&
  [at, trustRoot, via, witness, witnessKey].every((given) => given === undefined);
