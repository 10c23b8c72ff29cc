import { isatty } from "node:tty";
import type { Command } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import { count, shortId, show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import * as say from "./setup-messages.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options {
  readonly root?: boolean;
  readonly others?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export function registerResign(program: Command, context: Context): void {
  program
    .command("resign [base]")
    .summary("sign the commits of a branch again, and change nothing else of them")
    .description(
      "Make the commits between the base and HEAD again, signed with your key: the same trees, merges, authors, author dates and " +
        "messages, without conflicts; the committer is you, now. Commits that are signed well already stay as they are. The old " +
        "ones stay reachable under refs/signpolicy/backup/.",
    )
    .option("--root", "no base: the whole history")
    .option("--others", "also what others committed: you vouch for it")
    .option("--all", "also what is signed well already")
    .option("-n, --dry-run", "say what would be done")
    .addHelpText("after", exampleText("resign"))
    .action(async (base: string | undefined, options: Options) =>
      context.exit(await resign(base, options, context.folder())),
    );
}

async function resign(base: string | undefined, options: Options, directory: string): Promise<number> {
  const { root = false, others = false, all = false, dryRun = false } = options;
  if ((base === undefined) !== root) throw new UsageError(say.baseOrRoot, { hint: say.usualBase });
  if (base?.startsWith("-") === true) throw new UsageError(say.noTarget(base));
  const [{ resignBranch }, { readClock }] = await Promise.all([import("../check/resign.ts"), import("../io/clock.ts")]);
  const step = isatty(2)
    ? (done: number, total: number) => writeError(`\rsigning ${done + 1} of ${total}\u001b[K`)
    : undefined;
  const asked = { directory, environment: process.env, base: base ?? null, others, all, dryRun, now: readClock() };
  const done = await resignBranch(step === undefined ? asked : { ...asked, step }).finally(() => {
    if (step !== undefined) writeError("\r\u001b[K");
  });
  if (done.resigned === 0) {
    writeOut(`${say.nothingToResign(count(done.kept, "commit"))}\n`);
    return EXIT.allowed;
  }
  const where = done.ref === null ? "HEAD" : show(done.ref);
  const kept = done.kept === 0 ? "" : `; ${count(done.kept, "commit")} before them stay`;
  if (dryRun) {
    writeOut(`${say.wouldResign(count(done.resigned, "commit"), where)}${kept}\n`);
    return EXIT.allowed;
  }
  writeOut(
    `${say.resigned(count(done.resigned, "commit"), where, `${shortId(done.from)}..${shortId(done.to)}`)}${kept}\n`,
  );
  if (done.backup !== null) writeOut(`${say.backupAt(done.backup)}\n`);
  for (const tag of done.tags) writeError(`signpolicy: ${say.staleTag(show(tag))}\n`);
  if (done.push !== null) writeOut(`next: ${show(done.push)}\n`);
  return EXIT.allowed;
}
