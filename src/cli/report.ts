import { resolve } from "node:path";
import type { Command } from "commander";
import type { LoadedPolicy } from "../check/policy-source.ts";
import type { Decision, ReportHead } from "../model.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, addReportOptions, addWitnessOptions } from "./options.ts";
import { createReport } from "./output.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";
import { addTargets, chosenTargets } from "./verify.ts";
import type { VerifyCommandOptions } from "./verify.ts";

interface Options extends VerifyCommandOptions {
  readonly html: string;
}

export function registerReport(program: Command, context: Context): void {
  const command = program
    .command("report")
    .summary("a page for people: what was signed, by whom, what was not, and why")
    .description(
      "Judge as verify does, and write one self-contained page of HTML: the share of signed commits over time, by signer and by " +
        "format, how long keys are good, what was denied and why, exemptions, and a searchable table. Exits as verify does.",
    )
    .requiredOption("--html <file>", "where to write the page; `-` is standard output");
  addReportOptions(addWitnessOptions(addPolicyOptions(addTargets(command))))
    .addHelpText("after", exampleText("report"))
    .action(async (targets: readonly string[], options: Options) =>
      context.exit(await report(targets, options, context.folder())),
    );
}

async function report(targets: readonly string[], options: Options, cwd: string): Promise<number> {
  const chosen = chosenTargets(targets, options, cwd);
  const [{ verifyCommits }, { auditPolicy }, { AuditCollector }, { renderAuditPage }, { readClock }, { writeWhole }] =
    await Promise.all([
      import("../check/commits.ts"),
      import("../check/audit.ts"),
      import("../report/audit/collect.ts"),
      import("../report/audit/page.ts"),
      import("../io/clock.ts"),
      import("../io/files.ts"),
    ]);
  const now = options.at ?? readClock();
  const toStdout = options.html === "-";
  const output = createReport(options, toStdout ? () => undefined : writeOut);
  const collector = new AuditCollector();
  const governing: LoadedPolicy[] = [];
  await verifyCommits(
    { ...chosen, now, governed: (policy) => governing.push(policy) },
    {
      ...output,
      begin: (head: ReportHead) => {
        collector.begin(head);
        return output.begin(head);
      },
      decision: (decision: Decision) => {
        collector.decision(decision);
        return output.decision(decision);
      },
    },
  );
  const { summary, exitCode } = output.finish();
  const [loaded] = governing;
  const policy = loaded === undefined ? { keys: [], exemptions: [] } : await auditPolicy(loaded, now);
  const page = renderAuditPage({
    version: SIGNPOLICY_VERSION,
    targets: targetsInWords(targets, options),
    now,
    summary,
    ...collector.collected(),
    ...policy,
  });
  if (toStdout) writeOut(page);
  else {
    await writeWhole(resolve(cwd, options.html), Buffer.from(page));
    if (options.quiet !== true) writeError(`signpolicy: ${say.pageWritten(options.html)}\n`);
  }
  return exitCode;
}

function targetsInWords(targets: readonly string[], { all, tags, as }: Options): readonly string[] {
  const named = [...targets, ...(all === true ? ["all branches and tags"] : tags === true ? ["all tags"] : [])];
  const what = named.length === 0 ? ["HEAD"] : named;
  return as === undefined ? what : [...what, `as ${as}`];
}
