import type { Command } from "commander";
import type { RecordEntry } from "../check/record-state.ts";
import { EXIT, SignpolicyError } from "../errors.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { shortId, show, showText } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./messages.ts";
import { formatOption } from "./options.ts";
import type { Context } from "./register.ts";
import { writeOut } from "./streams.ts";

export function registerRecord(program: Command, context: Context): void {
  const record = program
    .command("record")
    .summary("a server's receive record")
    .description(
      "The receive record of a server's repository: what landed when, and which rules passed it. What it names as judged " +
        "is not judged again; where it was begun and is lost, pushes are denied.",
    )
    .addHelpText("after", exampleText("record"));
  record
    .command("show")
    .description("print the record, oldest entry first")
    .addOption(formatOption())
    .action(async ({ format }: { format: RenderFormat }) => context.exit(await showIt(context.folder(), format)));
  record
    .command("baseline")
    .description("begin a record: what stands on the refs counts as judged by the rules that name them")
    .option("--anew", "even where a sound record is there")
    .action(async ({ anew }: { anew?: boolean }) => context.exit(await baseline(context.folder(), anew ?? false)));
}

async function showIt(directory: string, format: RenderFormat): Promise<number> {
  const { showRecord } = await import("../check/record-show.ts");
  const { path, entries } = await showRecord({ directory, environment: process.env });
  if (format === "json") writeOut(`${JSON.stringify({ path, entries }, null, 2)}\n`);
  else writeOut([`${show(path)}\n`, ...entries.map((entry) => `${entryLine(entry)}\n`)].join(""));
  return EXIT.allowed;
}

function entryLine(entry: RecordEntry): string {
  if (entry.kind === "begin") return `${show(entry.at)} begun, id ${show(entry.id)}`;
  if (entry.kind === "met") {
    const tips = Object.entries(entry.tips).map(([ref, oid]) => `${show(ref)} ${shortId(oid)}`);
    return `${show(entry.at)} met rule "${showText(entry.rule)}", baseline: ${tips.length === 0 ? "nothing" : tips.join(", ")}`;
  }
  const [from, to] = [entry.old, entry.new].map((oid) => (oid === null ? "nothing" : shortId(oid)));
  const rules = entry.rules.length === 0 ? "no rule" : entry.rules.map((rule) => `"${showText(rule)}"`).join(", ");
  return `${show(entry.at)} landed ${show(entry.ref)} ${from ?? ""}..${to ?? ""}, passed by ${rules}`;
}

/** For an administrator who was told that the record is gone or damaged, and has looked why. */
async function baseline(directory: string, anew: boolean): Promise<number> {
  const [{ beginRecord }, { readClock }] = await Promise.all([import("../check/record.ts"), import("../io/clock.ts")]);
  const options = { directory, environment: process.env, now: readClock() };
  let begun;
  try {
    begun = await beginRecord({ ...options, anew });
  } catch (error) {
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_RECORD_BROKEN") throw error;
    begun = await beginRecord({ ...options, anew: true });
  }
  const { path, rules } = begun;
  if (!begun.begun) writeOut(`${say.recordIsSound(show(path))}\n`);
  else
    writeOut(
      `${say.recordBegun(
        show(path),
        rules.map((rule) => `"${showText(rule)}"`),
      )}\n`,
    );
  return EXIT.allowed;
}
