import type { Command } from "commander";
import type { BeginRecordOptions } from "../check/record-begin.ts";
import type { LinkedEntry, RecordLanded } from "../check/record-entries.ts";
import type { RecordOptions } from "../check/record-show.ts";
import { EXIT } from "../errors.ts";
import { toJson } from "../report/json.ts";
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
      "The receive record of a server's repository: what landed when, by whom, under which policy, and which rules passed " +
        "it. What it names as judged is not judged again; where it was begun and is lost, pushes are denied.",
    )
    .addHelpText("after", exampleText("record"));
  record
    .command("show")
    .description("print the record, oldest entry first")
    .addOption(formatOption())
    .action(async ({ format }: { format: RenderFormat }) => context.exit(await showIt(context.folder(), format)));
  record
    .command("verify")
    .description("read the whole record and prove that nothing in it was changed, dropped, added or cut off")
    .option("--against <file>", "an earlier export, kept elsewhere: what it saw must still stand")
    .addOption(formatOption())
    .action(async ({ format, against }: { format: RenderFormat; against?: string }) =>
      context.exit(await verifyIt(context.folder(), format, against)),
    );
  record
    .command("export")
    .description("print what the record shows of arrivals, signed, for `verify --witness` in clones")
    .requiredOption("--key <key>", "sign with this: the file of an SSH key, or what gpg knows a key by")
    .action(async ({ key }: { key: string }) => context.exit(await exportIt(context.folder(), key)));
  record
    .command("baseline")
    .description(
      "begin a record, or mend a broken one: what stands on the refs counts as judged by the rules that name them",
    )
    .option("--anew", "even where a sound record is there, which is set aside")
    .action(async ({ anew }: { anew?: true }) =>
      context.exit(await baseline(context.folder(), anew ? "anew" : "mend")),
    );
}

/** The repository is a server's user's; root asks about it without being told that it is none of his. */
async function namedOutright(directory: string): Promise<RecordOptions> {
  const { askedServer } = await import("../check/owner-rights.ts");
  return (await askedServer({ directory, environment: process.env })).options;
}

async function showIt(directory: string, format: RenderFormat): Promise<number> {
  const { showRecord } = await import("../check/record-show.ts");
  const isJson = format === "json";
  let separator = "\n    ";
  await showRecord(await namedOutright(directory), {
    begin: (path) => writeOut(isJson ? `{ "path": ${toJson(path)},\n  "entries": [` : `${show(path)}\n`),
    entry(entry) {
      writeOut(isJson ? `${separator}${toJson(entry)}` : `${entryLine(entry)}\n`);
      separator = ",\n    ";
    },
  });
  if (isJson) writeOut(" ] }\n");
  return EXIT.allowed;
}

const quoted = (name: string): string => `"${showText(name)}"`;

const valueOf = (oid: string | null): string => (oid === null ? "nothing" : shortId(oid));

const standing = (tips: Readonly<Record<string, string>>): string => {
  const shown = Object.entries(tips).map(([ref, oid]) => `${show(ref)} ${shortId(oid)}`);
  return shown.length === 0 ? "nothing" : shown.join(", ");
};

function entryLine(entry: LinkedEntry): string {
  const at = show(entry.at);
  switch (entry.kind) {
    case "begin":
      return `${at} begun, id ${show(entry.id)}`;
    case "bound":
      return `${at} belongs to the repository of ${entry.roots.map((oid) => shortId(oid)).join(", ")}`;
    case "segment":
      return `${at} goes on in file ${entry.number}`;
    case "baseline":
      return `${at} taken up again by an administrator, from ${standing(entry.refs)}`;
    case "met":
      if (entry.refs.length === 0 && entry.paths !== true)
        return `${at} rule ${quoted(entry.rule)} is gone from the policy`;
      return `${at} met rule ${quoted(entry.rule)}, baseline: ${standing(entry.tips)}`;
    case "push": {
      const { by, policy, certificate } = entry;
      const who = by.name === null ? "somebody" : show(by.name);
      const signed = certificate === null ? "" : `, signed by ${showText(certificate.principal)}`;
      const judge = policy === null ? "judged by no policy" : `under ${show(policy.source)} ${show(policy.digest, 19)}`;
      return `${at} pushed by ${who}${signed}, ${judge}`;
    }
    case "landed": {
      const rules = entry.rules.length === 0 ? "no rule" : entry.rules.map(quoted).join(", ");
      const warned =
        entry.warned.length === 0 ? "" : `, let through: ${entry.warned.map((code) => show(code)).join(", ")}`;
      const moved = `${show(entry.ref)} ${valueOf(entry.old)}..${valueOf(entry.new)}`;
      return `${at} landed ${moved}, passed by ${rules}${warned}${overrideOf(entry)}`;
    }
  }
}

function overrideOf({ override }: RecordLanded): string {
  if (override === undefined) return "";
  const { principal, reason, codes } = override;
  return `, overridden by ${showText(principal)} (${show(reason, 200)}): ${codes.map((code) => show(code)).join(", ")}`;
}

async function verifyIt(directory: string, format: RenderFormat, against: string | undefined): Promise<number> {
  const { verifyRecord } = await import("../check/record-verify.ts");
  const report = await verifyRecord({ ...(await namedOutright(directory)), against });
  if (format === "json") writeOut(`${toJson(report, 2)}\n`);
  else {
    const lines = report.problems.map((problem) => say.recordProblem(show(problem)));
    const { from, to, head } = report;
    if (from !== null && to !== null) {
      lines.push(say.recordHolds(report.entries, report.files, show(from), show(to)));
    }
    if (head !== null) lines.push(say.recordEndsAt(head.seq, head.digest));
    if (report.cutOff) lines.push(say.note(say.recordCutOff));
    for (const { ref, left, stands } of report.moved) {
      lines.push(say.note(say.refMoved(show(ref), valueOf(left), valueOf(stands))));
    }
    lines.push(report.sound ? say.recordSound : say.recordBroken(show(report.hint ?? "")));
    writeOut(`${lines.join("\n")}\n`);
  }
  return report.sound ? EXIT.allowed : EXIT.denied;
}

async function exportIt(directory: string, key: string): Promise<number> {
  const { exportRecord } = await import("../check/record-export.ts");
  // The signer is the caller's own.
  const { GIT_DIR } = (await namedOutright(directory)).environment;
  const environment = GIT_DIR === undefined ? process.env : { ...process.env, GIT_DIR };
  writeOut(Buffer.from(await exportRecord({ directory, environment, key })).toString("latin1"));
  return EXIT.allowed;
}

/** For an administrator who was told that the record is gone or damaged, and has looked why. */
async function baseline(directory: string, how: BeginRecordOptions["how"]): Promise<number> {
  const [{ beginRecord }, { askedServer }, { readClock }] = await Promise.all([
    import("../check/record-begin.ts"),
    import("../check/owner-rights.ts"),
    import("../io/clock.ts"),
  ]);
  const { options, asOwner } = await askedServer({ directory, environment: process.env });
  const begun = await asOwner(() => beginRecord({ ...options, now: readClock(), how }));
  const path = show(begun.path);
  const rules = begun.rules.map(quoted);
  if (begun.outcome === "sound") writeOut(`${say.recordIsSound(path)}\n`);
  else if (begun.outcome === "resumed") writeOut(`${say.recordResumed(path, rules)}\n`);
  else writeOut(`${say.recordBegun(path, rules)}\n`);
  if (begun.aside !== null) writeOut(`${say.recordAside(show(begun.aside))}\n`);
  return EXIT.allowed;
}
