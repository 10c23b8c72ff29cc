import { Option } from "commander";
import type { Command } from "commander";
import type { InitChoice, InitOptions, InitPlan, Survey } from "../check/init.ts";
import { EXIT, UsageError } from "../errors.ts";
import { count, show, showText } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./setup-messages.ts";
import { spoken, spokenToTeam } from "./own-program.ts";
import { ownKey } from "./own-key.ts";
import type { KeyChoice } from "./own-key.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends KeyChoice {
  readonly yes?: boolean;
  readonly policyFormat: "yaml" | "json";
  readonly hooks: boolean;
  readonly dryRun?: boolean;
}

export function registerInit(program: Command, context: Context): void {
  program
    .command("init")
    .summary("a first policy from what this clone uses already, and the hooks")
    .description(
      "Read git's configuration, the keys on this machine and who signed the newest commits; write a policy, its key files " +
        "and the hooks, and let git sign. Asks on a terminal; with --yes it takes what is most likely. Nothing is committed.",
    )
    .option("-y, --yes", "do not ask")
    .option("--key <key>", "sign with this key: a fingerprint, or the path of a .pub file")
    .option("--new-key", "make an SSH key and sign with it")
    .addOption(
      new Option("--policy-format <format>", "how the policy is written").choices(["yaml", "json"]).default("yaml"),
    )
    .option("--no-hooks", "do not install the hooks")
    .option("-n, --dry-run", "print the policy, change nothing")
    .addHelpText("after", exampleText("init"))
    .action(async (options: Options) => context.exit(await init(options, context.folder())));
}

async function init(options: Options, directory: string): Promise<number> {
  const { yes = false, dryRun = false, policyFormat, hooks } = options;
  const { canAsk, opening } = await import("./wizard.ts");
  const interactive = !yes && !dryRun;
  if (dryRun && options.newKey === true) throw new UsageError(say.dryRunMakesNoKey);
  if (interactive && !canAsk()) throw new UsageError(say.fixNeedsYes, { hint: say.initWithYes });
  const [{ surveyClone, planInit, performInit, strangersOf }, { readClock }] = await Promise.all([
    import("../check/init.ts"),
    import("../io/clock.ts"),
  ]);
  const asked: InitOptions = { directory, environment: process.env, now: readClock(), key: options.key };
  const first = await surveyClone(asked);
  if (interactive) {
    opening("signpolicy init");
    await describe(first);
  }
  const { survey, key } = await ownKey("init", first, options, interactive, asked, () => surveyClone(asked));
  const signers = interactive ? await chooseSigners(survey) : undefined;
  const choice: InitChoice = { key, format: policyFormat, hooks, ...(signers === undefined ? {} : { signers }) };
  const plan = await planInit(survey, choice, asked);
  if (dryRun) {
    writeOut(plan.text);
    return EXIT.allowed;
  }
  if (interactive && !(await confirmPlan(plan, hooks))) throw new UsageError(say.stopped);
  const done = await performInit(survey, plan, choice, asked);
  for (const warning of done.warnings) writeError(`signpolicy: warning: ${spoken(show(warning))}\n`);
  for (const file of done.written) writeOut(`wrote ${show(file)}\n`);
  for (const step of done.steps) writeOut(`${step.startsWith("git ") ? `ran ${show(step)}` : show(step)}\n`);
  for (const { issuer, email, commits } of survey.recent.unknown) {
    const told = say.signerWithoutKey(show(email), show(issuer), count(commits, "commit"));
    writeError(`signpolicy: ${spoken(told)}\n`);
  }
  for (const fingerprint of strangersOf(survey))
    writeError(`signpolicy: ${spoken(say.notOnThisMachine(show(fingerprint)))}\n`);
  writeOut(`${say.commitPolicy(done.toCommit, "Enforce the signing policy")}\n${spokenToTeam(say.thenServer)}\n`);
  return EXIT.allowed;
}

async function describe({ me, recent, branches, place, ownKeys }: Survey): Promise<void> {
  const { tell } = await import("./wizard.ts");
  const signed = recent.looked - recent.unsigned;
  const lines = [
    say.whoSigns(showText(me.name), showText(me.email), count(ownKeys.length, "key")),
    say.whatIsSigned(recent.looked, signed, recent.signers.length),
    say.protects(branches.map((ref) => show(ref))),
    ...recent.forges.map(say.forgeSigned),
    say.hooksGoTo(place.usesHusky),
  ];
  tell(lines.join("\n"));
}

async function chooseSigners(survey: Survey): Promise<readonly string[] | undefined> {
  const { recent, me } = survey;
  const { isOwn } = await import("../check/init.ts");
  const mine = recent.signers.filter(({ key }) => isOwn(survey, key.fingerprint));
  const others = recent.signers.filter(
    (signer) => !mine.includes(signer) && signer.emails.some((email) => email !== me.email),
  );
  if (others.length === 0) return undefined;
  const { chooseMany } = await import("./wizard.ts");
  const chosen = await chooseMany(
    say.whoElse,
    others.map(({ key, name, emails, commits }) => ({
      value: key.fingerprint,
      label: `${showText(name, 40)} <${showText(emails.join(", "), 80)}>, ${count(commits, "commit")}, ${key.fingerprint}`,
    })),
  );
  return [...mine.map(({ key }) => key.fingerprint), ...chosen];
}

async function confirmPlan(plan: InitPlan, hooks: boolean): Promise<boolean> {
  const { agree, showLines } = await import("./wizard.ts");
  const lines = plan.text.trimEnd().split("\n");
  showLines(
    plan.policyFile,
    lines.map((line) => showText(line, 200)),
  );
  const steps = [
    ...[plan.policyFile, ...plan.keyFiles.keys()].map((file) => `write ${file}`),
    ...plan.settings.map(({ key, value }) => `git config ${key} ${show(value)}`),
    ...(hooks ? ["signpolicy install"] : []),
  ];
  showLines(say.whatWillBeDone, steps);
  return agree("go on?");
}
