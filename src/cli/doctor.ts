import { isatty } from "node:tty";
import type { Command } from "commander";
import type { DoctorOptions, DoctorRow } from "../check/doctor.ts";
import { EXIT, SignpolicyError, UsageError } from "../errors.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { count, show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./setup-messages.ts";
import { formatOption } from "./options.ts";
import { spoken } from "./own-program.ts";
import { wantsColour } from "./colour.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options {
  readonly server?: string;
  readonly fire?: boolean;
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly format: RenderFormat;
}

export function registerDoctor(program: Command, context: Context): void {
  program
    .command("doctor")
    .summary("what keeps signing from working here, and what mends it")
    .description(
      "Look at git's configuration, the hooks, the keys, gpg and ssh and their agents, sign a nonce with the program that git " +
        "would use, and say of each what is wrong and the one command that mends it. Exits with 1 when anything fails.",
    )
    .option("--server <dir>", "look at this bare repository and its hooks instead")
    .option("--fire", "start signpolicy as the hooks would, and nothing else of them")
    .option("--fix", "run the commands that are safe, after asking for each")
    .option("--yes", "with --fix: do not ask")
    .option("-q, --quiet", "print what is not in order alone")
    .addOption(formatOption())
    .addHelpText("after", exampleText("doctor"))
    .action(async (options: Options) => context.exit(await doctor(options, context.folder())));
}

async function doctor(options: Options, directory: string): Promise<number> {
  const { server, fire = false, fix = false, yes = false, format, quiet = false } = options;
  if (server !== undefined && fire) throw new UsageError(say.notWithServer("--fire"));
  if (server !== undefined && fix) throw new UsageError(say.notWithServer("--fix"));
  if (fix && !yes && !(isatty(0) && isatty(2))) throw new UsageError(say.fixNeedsYes, { hint: say.fixWithYes });
  const { readClock } = await import("../io/clock.ts");
  const asked: DoctorOptions = { directory, environment: process.env, now: readClock(), terminal: isatty(0), fire };
  const rows: DoctorRow[] = [];
  const tell = (row: DoctorRow): void => {
    rows.push(row);
    if (format === "text" && !(quiet && row.status === "pass")) writeOut(rowText(row));
  };
  if (server === undefined) {
    const { examineClone } = await import("../check/doctor.ts");
    await examineClone(asked, tell);
  } else {
    const { examineServer } = await import("../check/doctor-server.ts");
    await examineServer(server, asked, tell);
  }
  if (fix) {
    await mend(rows, asked, yes);
    // What was mended is looked at again: that a command ran does not say that it helped.
    rows.length = 0;
    const { examineClone } = await import("../check/doctor.ts");
    await examineClone(asked, (row) => rows.push(row));
  }
  const failed = rows.filter(({ status }) => status === "fail").length;
  if (format === "json")
    writeOut(
      `${toJson({ schemaVersion: 1, rows: rows.map(({ repair, ...row }) => ({ ...row, safe: repair !== null })) }, 2)}\n`,
    );
  else if (!quiet || failed > 0) writeOut(`${summary(rows)}\n`);
  return failed === 0 ? EXIT.allowed : EXIT.denied;
}

const LABELS = { pass: "PASS", warn: "WARN", fail: "FAIL" } as const;
const COLOURS = { pass: 32, warn: 33, fail: 31 } as const;

export function rowText({ id, status, why, fix }: DoctorRow): string {
  const label = wantsColour() ? `\u001b[${COLOURS[status]}m${LABELS[status]}\u001b[0m` : LABELS[status];
  const line = `${label} ${id.padEnd(16)} ${show(why)}\n`;
  // A command is never folded: it is there to be copied.
  return fix === null ? line : `${line}     ${"fix".padEnd(16)} ${spoken(show(fix))}\n`;
}

function summary(rows: readonly DoctorRow[]): string {
  const of = (status: DoctorRow["status"]): number => rows.filter((row) => row.status === status).length;
  const safe = rows.filter(({ status, repair }) => status !== "pass" && repair !== null).length;
  const offer = safe === 0 ? "" : `; ${spoken("signpolicy doctor --fix")} mends ${count(safe, "of them", "of them")}`;
  return `${of("pass")} passed, ${count(of("warn"), "warning")}, ${of("fail")} failed${offer}`;
}

async function mend(rows: readonly DoctorRow[], asked: DoctorOptions, yes: boolean): Promise<void> {
  const { repair } = await import("../check/doctor.ts");
  const done = new Set<string>();
  for (const row of rows.filter(({ status }) => status !== "pass")) {
    const what = row.fix ?? "";
    const mended = done.has(what) || (row.repair !== null && (yes || (await confirm(what))));
    if (mended && !done.has(what)) {
      try {
        await repair(row, asked);
        done.add(what);
        writeError(`signpolicy: ${say.didFix(show(what))}\n`);
      } catch (error) {
        if (!(error instanceof SignpolicyError)) throw error;
        writeError(`signpolicy: ${say.couldNotFix(show(what), show(error.message))}\n`);
      }
    }
  }
}

async function confirm(what: string): Promise<boolean> {
  const { agree } = await import("./wizard.ts");
  return agree(`run: ${show(what)}`);
}
