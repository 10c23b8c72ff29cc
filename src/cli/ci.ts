import type { Command } from "commander";
import { Option } from "commander";
import { escapeAnnotation } from "../encoding/text.ts";
import { SignpolicyError, UsageError } from "../errors.ts";
import { REPORT_FORMATS } from "../report/formats.ts";
import type { ReportFormat } from "../report/renderer.ts";
import { show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { addPolicyOptions, checkPolicyOptions, collect, parseReportFormat } from "./options.ts";
import type { PolicyOptions } from "./options.ts";
import { createReport, createTextReport, joinOutputs } from "./output.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly format?: ReportFormat;
  readonly report?: readonly string[];
  readonly as?: string;
  readonly base?: string;
  readonly head?: string;
  readonly full?: boolean;
  readonly byMerge?: boolean;
  readonly summary: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function registerCi(program: Command, context: Context): void {
  const command = program
    .command("ci")
    .summary("judge what a job of CI is about")
    .description(
      "Find out from the platform what has happened (pull or merge request, push, tag, merge queue, schedule), judge that " +
        "range by the policy as it stood before, and print what the platform shows. Knows GitHub, Gitea and Forgejo " +
        "Actions, GitLab CI, Jenkins and Azure Pipelines; elsewhere it takes what HEAD has and the remote's default branch " +
        "lacks. A shallow clone is refused.",
    )
    .option("--as <ref>", "judge by the rules for this ref, whatever the platform says")
    .option("--base <revision>", "judge what lies above this (then the platform is not asked)")
    .option("--head <revision>", "judge up to this, not to what the platform names")
    .option("--full", "judge the whole history")
    .option("--by-merge", "requests land by merge commits: judge what one brings by `side` of the rules");
  addPolicyOptions(command)
    .addOption(
      new Option("--format <format>", "what to print (default: what the platform shows)")
        .choices(REPORT_FORMATS)
        .argParser(parseReportFormat),
    )
    .option("--report <format=file>", "write a report to a file, too; may be given several times", collect)
    .option("--no-summary", "leave the job's summary page alone (GITHUB_STEP_SUMMARY)")
    .option("-q, --quiet", "print denials only")
    .option("-v, --verbose", "print every subject, none left out")
    .addHelpText("after", exampleText("ci"))
    .action(async (options: Options) => context.exit(await judge(options, context.folder())));
}

async function judge(options: Options, cwd: string): Promise<number> {
  const environment = process.env;
  const { policy, policyRef } = checkPolicyOptions(options);
  const asked = (options.report ?? []).map(parseReport);
  const { as, base, head } = options;
  for (const word of [base, head]) {
    // git would read it as an option of its own
    if (word?.startsWith("-")) throw new UsageError(say.noTarget(word));
  }
  const [{ findPlatform, judgeCi }, { readClock }, { appendText, writeReport }] = await Promise.all([
    import("../check/ci.ts"),
    import("../io/clock.ts"),
    import("../io/report-file.ts"),
  ]);
  const platform = findPlatform(environment);
  const isGithub = ["github", "gitea", "forgejo"].includes(platform.name);
  const format = options.format ?? (isGithub ? "github" : "text");
  const summary = isGithub && options.summary ? environment["GITHUB_STEP_SUMMARY"] : undefined;
  const others = asked.map(({ format, file }) => createTextReport(format, (text) => writeReport(cwd, file, text)));
  if (summary !== undefined && summary !== "") {
    others.push(createTextReport("markdown", (text) => appendText(summary, text)));
  }
  try {
    const report = joinOutputs(createReport({ ...options, format }), others);
    await judgeCi(
      {
        ...{ cwd, environment, policy, policyRef, as, base, head },
        ...{ full: options.full ?? false, byMerge: options.byMerge ?? false, now: readClock() },
      },
      report,
    );
    return (await report.finish()).exitCode;
  } catch (error) {
    if (isGithub && error instanceof SignpolicyError) {
      const text = escapeAnnotation(
        [show(error.message), ...(error.hint === undefined ? [] : [show(error.hint)])].join("\n"),
      );
      (format === "github" ? writeOut : writeError)(`::error title=signpolicy::${text}\n`);
    }
    throw error;
  }
}

/** `sarif=report.sarif` */
function parseReport(text: string): { readonly format: ReportFormat; readonly file: string } {
  const [, format = "", file = ""] = /^([^=]*)=(.+)$/s.exec(text) ?? [];
  if (file === "") throw new UsageError(say.noReportFile(text), { hint: say.reportLooksLike });
  return { format: parseReportFormat(format), file };
}
