import type { Command } from "commander";
import type { DoctorRow } from "../check/doctor.ts";
import type { InitOptions } from "../check/init.ts";
import { EXIT, UsageError } from "../errors.ts";
import { show, showText } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./setup-messages.ts";
import { spoken, spokenToTeam } from "./own-program.ts";
import { ownKey } from "./own-key.ts";
import type { KeyChoice } from "./own-key.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends KeyChoice {
  readonly yes?: boolean;
  readonly principal?: string;
  readonly commit?: boolean;
}

export function registerJoin(program: Command, context: Context): void {
  program
    .command("join")
    .summary("add your key to a policy that is there, and set git up to sign")
    .description(
      "For a further developer, after `npm install`: choose or make a key, let git sign with it, add it to the policy and " +
        "prepare the commit that a maintainer takes. A new key never vouches for itself: the policy decides who may add it.",
    )
    .option("-y, --yes", "do not ask")
    .option("--key <key>", "sign with this key: a fingerprint, or the path of a .pub file")
    .option("--new-key", "make an SSH key and sign with it")
    .option("--principal <name>", "who you are in the policy (default: who owns your e-mail, else a new one)")
    .option("--commit", "commit the change on a branch join/NAME")
    .addHelpText("after", exampleText("join"))
    .action(async (options: Options) => context.exit(await join(options, context.folder())));
}

async function join(options: Options, directory: string): Promise<number> {
  const { canAsk, opening, tell, agree } = await import("./wizard.ts");
  const interactive = options.yes !== true;
  if (interactive && !canAsk()) throw new UsageError(say.fixNeedsYes, { hint: say.joinWithYes });
  const [{ surveyJoin, performJoin, commitJoin }, { readClock }] = await Promise.all([
    import("../check/join.ts"),
    import("../io/clock.ts"),
  ]);
  const asked: InitOptions = { directory, environment: process.env, now: readClock(), key: options.key };
  const first = await surveyJoin(asked);
  if (interactive) {
    opening("signpolicy join");
    tell(say.whoJoins(showText(first.me.name), showText(first.me.email), first.principal));
  }
  const { survey, key } = await ownKey("join", first, options, interactive, asked, () => surveyJoin(asked));
  const joined = await performJoin(survey, key, options.principal, asked);
  for (const setting of joined.settings) writeOut(`ran ${show(setting)}\n`);
  for (const what of joined.installed) writeOut(`installed: ${show(what)}\n`);
  for (const warning of joined.warnings) writeError(`signpolicy: warning: ${spoken(show(warning))}\n`);
  if (joined.written.length === 0) {
    writeOut(`${say.keyIsThere(joined.principal)}\n`);
    if (survey.pending.has(key.fingerprint)) writeOut(`${say.keyIsPending}\n`);
  } else {
    for (const file of joined.written) writeOut(`wrote and staged ${show(file)}\n`);
    const commit = options.commit === true || (interactive && (await agree(say.commitOn(joined.principal))));
    if (commit) writeOut(`${say.committedOn(await commitJoin(joined, asked))}\n`);
    if (joined.maintainer !== null) {
      const { command, certificate } = joined.maintainer;
      const words = spokenToTeam(showText(command, 2000));
      writeOut(`${say.maintainerRuns(certificate === null ? null : show(certificate), words, key.fingerprint)}\n`);
    }
    writeOut(`${say.afterJoining(commit ? "git switch -" : show(joined.undo))}\n`);
  }
  return await lookAround(asked);
}

/** What else would keep commits from coming out signed. */
async function lookAround(asked: InitOptions): Promise<number> {
  const { examineClone } = await import("../check/doctor.ts");
  const { rowText } = await import("./doctor.ts");
  const rows: DoctorRow[] = [];
  await examineClone({ ...asked, terminal: true }, (row) => {
    // The change that was just made differs from what judges, and is not allowed by it yet.
    if (row.status !== "pass" && !["policy.drift", "last.commits"].includes(row.id)) rows.push(row);
  });
  for (const row of rows) writeOut(rowText(row));
  if (rows.some(({ repair }) => repair !== null)) writeOut(`${spoken(say.doctorMends)}\n`);
  return rows.some(({ status }) => status === "fail") ? EXIT.denied : EXIT.allowed;
}
