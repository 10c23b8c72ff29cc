import type { Command } from "commander";
import type { PolicyCommandOptions } from "../check/policy-commands.ts";
import { EXIT, exitCodeOf, PolicyError, UsageError } from "../errors.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { toJson } from "../report/json.ts";
import { count, show, showText } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { registerPolicySimulate } from "./policy-simulate.ts";
import { addPolicyOptions, checkPolicyOptions, formatOption } from "./options.ts";
import type { PolicyOptions } from "./options.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly format: RenderFormat;
  readonly quiet?: boolean;
}

interface DiffOptions {
  readonly as?: string;
  readonly format: RenderFormat;
}

export function registerPolicy(program: Command, context: Context): void {
  const policy = program
    .command("policy")
    .summary("look at the policy: check, show, diff, simulate, schema")
    .description(
      "Check the policy file, print what it comes to, what changed in it and who may change it, or the schema of the format.",
    )
    .addHelpText("after", exampleText("policy"));
  withPolicy(policy.command("check"), "find every mistake in the policy, and warn of keys that cannot sign today")
    .option("-q, --quiet", "say nothing of a policy that is good")
    .action(async (file: string | undefined, options: Options) =>
      context.exit(await check(chosen(file, options, context.folder()), options)),
    );
  withPolicy(policy.command("show"), "print the policy with presets, groups and defaults applied").action(
    async (file: string | undefined, options: Options) =>
      context.exit(await showIt(chosen(file, options, context.folder()), options)),
  );
  policy
    .command("diff")
    .description("print what changed between two policies, and who may make each change")
    .argument("[before]", "a policy file or a revision (default: the policy that governs here)")
    .argument("[after]", "a policy file or a revision (default: the work tree's own)")
    .option("--as <ref>", "the ref that the policy governs from (default: the default branch)")
    .addOption(formatOption())
    .addHelpText("after", exampleText("policy"))
    .action(async (before: string | undefined, after: string | undefined, options: DiffOptions) =>
      context.exit(await diff(before, after, options, context.folder())),
    );
  registerPolicySimulate(policy, context);
  policy
    .command("schema")
    .description("print the JSON Schema of the policy format, for editors")
    .action(async () => {
      const { policySchema } = await import("../check/policy-commands.ts");
      writeOut(`${JSON.stringify(await policySchema(), null, 2)}\n`);
      context.exit(EXIT.allowed);
    });
}

const withPolicy = (command: Command, description: string): Command =>
  addPolicyOptions(
    command.description(description).argument("[file]", "the policy file (default: the work tree's own)"),
  )
    .addOption(formatOption())
    .addHelpText("after", exampleText("policy"));

function chosen(file: string | undefined, options: Options, directory: string): PolicyCommandOptions {
  const { policy, policyRef } = checkPolicyOptions(options);
  if (file !== undefined && (policy ?? policyRef) !== undefined) throw new UsageError(say.policyTwice);
  return { directory, environment: process.env, policy: file ?? policy, policyRef };
}

async function check(choice: PolicyCommandOptions, { format, quiet = false }: Options): Promise<number> {
  const [{ checkPolicyFile }, { readClock }] = await Promise.all([
    import("../check/policy-commands.ts"),
    import("../io/clock.ts"),
  ]);
  let checked;
  try {
    checked = await checkPolicyFile(choice, readClock());
  } catch (error) {
    if (format !== "json" || !(error instanceof PolicyError) || error.issues.length === 0) throw error;
    writeOut(`${toJson({ valid: false, issues: error.issues }, 2)}\n`);
    return exitCodeOf(error);
  }
  const { origin, principals, keys, rules, warnings, files } = checked;
  if (format === "json") {
    writeOut(`${toJson({ valid: true, policy: origin, files, principals, keys, rules, warnings }, 2)}\n`);
    return EXIT.allowed;
  }
  for (const { where, message } of warnings)
    writeError(`signpolicy: ${say.policyWarning(show(where), show(message))}\n`);
  if (quiet) return EXIT.allowed;
  const counts = [count(principals, "principal"), count(keys, "key"), count(rules, "rule")].join(", ");
  writeOut(`${say.policyIsGood(show(origin.source), counts)}\n${say.digestIs(origin.digest)}\n`);
  return EXIT.allowed;
}

async function showIt(choice: PolicyCommandOptions, { format }: Options): Promise<number> {
  const { showPolicy } = await import("../check/policy-commands.ts");
  const shown = await showPolicy(choice);
  if (format === "json") {
    writeOut(`${toJson(shown, 2)}\n`);
    return EXIT.allowed;
  }
  const { stringify } = await import("yaml");
  // Names and e-mails of a policy are no more to be trusted on a terminal than a commit's.
  const safe: unknown = JSON.parse(JSON.stringify(shown), (_, value: unknown) =>
    typeof value === "string" ? show(value) : value,
  );
  writeOut(stringify(safe, { lineWidth: 0 }));
  return EXIT.allowed;
}

async function diff(
  before: string | undefined,
  after: string | undefined,
  { as, format }: DiffOptions,
  directory: string,
): Promise<number> {
  const [{ comparePolicies }, { readClock }] = await Promise.all([
    import("../check/policy-difference.ts"),
    import("../io/clock.ts"),
  ]);
  const found = await comparePolicies({ directory, environment: process.env, before, after, as, now: readClock() });
  if (format === "json") {
    const { before: was, after: is, ref, changes } = found;
    writeOut(`${toJson({ before: was, after: is, ref, changes }, 2)}\n`);
    return EXIT.allowed;
  }
  const { serial: was } = found.before;
  const { serial: is } = found.after;
  if (was !== is) writeOut(`serial ${was ?? "none"} -> ${is ?? "none"}\n`);
  for (const { effect, path, message, takes } of found.changes) {
    writeOut(`${effect}: ${showText(path)} ${showText(message)}\n  takes ${showText(takes)}\n`);
  }
  if (found.ref !== found.branch && as === undefined && found.ref !== null) {
    writeError(`signpolicy: ${say.note(say.judgedFor(show(found.ref)))}\n`);
  }
  if (found.changes.length === 0) writeOut(`${say.samePolicy}\n`);
  return EXIT.allowed;
}
