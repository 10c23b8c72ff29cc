import type { Command } from "commander";
import { formatTime } from "../encoding/time.ts";
import { EXIT, UsageError } from "../errors.ts";
import { shortId, show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./setup-messages.ts";
import { addPolicyOptions, checkPolicyOptions, type PolicyOptions } from "./options.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly as?: string;
  readonly asSquash?: boolean;
  readonly push?: boolean;
  readonly withdraw?: boolean;
}

export function registerApprove(program: Command, context: Context): void {
  const command = program
    .command("approve")
    .summary("approve commits, where a rule asks for more than one person")
    .description(
      "Sign that you approve the commits of a range for a branch, and keep that in refs/signpolicy/approvals/YOU, where " +
        "verify and the hooks look for it. It is signed as git signs your commits, names each commit by its tree and " +
        "parents, and lasts 90 days.",
    )
    .argument("<range>", "BASE..TIP")
    .option("--as <ref>", "the ref they are approved for (default: the branch that BASE is, else the default branch)")
    .option("--as-squash", "approve the one commit that squashing the range onto BASE gives")
    .option("--withdraw", "take an approval of them back")
    .option("--push", "push the approvals to the remote, too");
  addPolicyOptions(command)
    .addHelpText("after", exampleText("approve"))
    .action(async (range: string, options: Options) => context.exit(await approveIt(range, options, context.folder())));
}

async function approveIt(range: string, options: Options, cwd: string): Promise<number> {
  const { policy, policyRef } = checkPolicyOptions(options);
  if (range.startsWith("-")) throw new UsageError(say.noTarget(range));
  const [{ approve }, { readClock }] = await Promise.all([import("../check/approve.ts"), import("../io/clock.ts")]);
  const environment = process.env;
  const withdraw = options.withdraw ?? false;
  const report = await approve({
    cwd,
    environment,
    range,
    as: options.as,
    squash: options.asSquash ?? false,
    withdraw,
    policy,
    policyRef,
    now: readClock(),
  });
  const { commits, principal, ref, stored, until, remote } = report;
  writeOut(`${say.approved(commits.length, show(ref), principal, until === null ? null : formatTime(until))}\n`);
  for (const { oid, title } of commits) writeOut(`  ${shortId(oid)} ${show(title)}\n`);
  if (options.push !== true) {
    writeError(`${say.toShare(show(remote ?? "REMOTE"), stored)}\n`);
    return EXIT.allowed;
  }
  if (remote === null) throw new UsageError(say.noRemote, { hint: say.pushItself(stored) });
  const { pushRef } = await import("../io/approval-store.ts");
  return (await pushRef(cwd, environment, remote, stored)) === 0 ? EXIT.allowed : EXIT.denied;
}
