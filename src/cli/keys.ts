import { Option } from "commander";
import type { Command } from "commander";
import type { PolicyChange } from "../check/policy-edit.ts";
import type { AddKeysOptions } from "../check/keys-add.ts";
import { EXIT, UsageError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { show } from "../report/show.ts";
import { exampleText } from "./examples.ts";
import { registerKeysBlast } from "./keys-blast.ts";
import { registerKeyReports } from "./keys-report.ts";
import * as say from "./setup-messages.ts";
import { collect, formatOption, parseAt } from "./options.ts";
import { spoken } from "./own-program.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface EditOptions {
  readonly policy?: string;
  readonly format: RenderFormat;
}

interface AddOptions extends EditOptions {
  readonly principal?: string;
  readonly email: readonly string[];
  readonly name?: string;
  readonly role?: NonNullable<AddKeysOptions["role"]>;
  readonly owner?: string;
  readonly from?: Seconds;
  readonly until?: Seconds;
  readonly only: readonly string[];
  readonly all?: boolean;
  readonly ca?: boolean;
  readonly url?: string;
  readonly prove?: string | true;
}

export function registerKeys(program: Command, context: Context): void {
  const keys = program
    .command("keys")
    .summary("look at the policy's keys, and change them")
    .description(
      "List the keys of the policy, say which end soon, write them for git, ssh-keygen and gpg, and change them in the " +
        "policy file: only what must change is written, and only when the result is a sound policy.",
    )
    .addHelpText("after", exampleText("keys"));
  registerKeyReports(keys, context);
  registerKeysBlast(keys, context);
  withEdit(
    keys.command("add <source...>"),
    "add a key: a file, a fingerprint in gpg's keyring, an ssh key, an https address, a signed commit, forge:github",
  )
    .option("--principal <name>", "whose key it is (default: who owns the e-mail, else a new principal)")
    .option("--email <address>", "an e-mail of that principal; may be repeated", collect, [])
    .option("--name <text>", "how people call a new principal")
    .addOption(new Option("--role <role>", "of a new principal").choices(["human", "release", "agent", "bot", "forge"]))
    .option("--owner <principal>", "of a new agent: who answers for it")
    .option("--from <time>", "nothing signed before counts", parseAt)
    .option("--until <time>", "nothing signed from then on counts", parseAt)
    .option("--only <fingerprint>", "take this key of several; may be repeated", collect, [])
    .option("--all", "take every key the source holds")
    .option("--ca", "the ssh key is a certificate authority's")
    .option("--url <address>", "with forge:NAME: fetch the known keys from here")
    .option("--prove [signer]", "have the new key sign whose it is, so that `self` lets its owner add it")
    .action(async (source: readonly string[], options: AddOptions) =>
      context.exit(await add(source.join(" "), options, context)),
    );
  withEdit(keys.command("retire <key>"), "nothing new by this key; what it signed stays good")
    .option("--at <time>", "from when on (default: now)", parseAt)
    .action(async (key: string, options: EditOptions & { at?: Seconds }) => {
      const [{ retireKey }, now] = await Promise.all([import("../check/keys-mark.ts"), clock()]);
      const at = options.at ?? now;
      const done = await retireKey({ ...place(options, context), key, now }, at);
      context.exit(printMarked("retired", done, options));
    });
  withEdit(keys.command("revoke [key]"), "this key fell into other hands")
    .option("--since <time>", "keep what the server's record shows received before", parseAt)
    .option(
      "--from <file>",
      "every key that a revocation list of OpenSSH's names: lines of keys, or what ssh-keygen -k makes",
    )
    .action(async (key: string | undefined, options: EditOptions & { since?: Seconds; from?: string }) => {
      if ((key === undefined) === (options.from === undefined)) throw new UsageError(say.revokesOneOrList);
      if (key === undefined) {
        context.exit(await revokeList(options.from ?? "", options, context));
        return;
      }
      const [{ revokeKey }, now] = await Promise.all([import("../check/keys-mark.ts"), clock()]);
      const done = await revokeKey({ ...place(options, context), key, now }, options.since ?? true);
      if (options.since === undefined) writeError(`signpolicy: ${say.note(say.revokedEntirely)}\n`);
      const { fallen, brought } = done;
      if (fallen !== null) writeError(`signpolicy: ${say.note(spoken(say.wouldFall(fallen, done.fingerprint)))}\n`);
      for (const fingerprint of brought) writeError(`signpolicy: ${say.note(spoken(say.broughtIn(fingerprint)))}\n`);
      context.exit(printMarked("marked as compromised", done, options));
    });
  withEdit(
    keys.command("confirm <key>"),
    "this key is sound: it stands although a key that brought it in was compromised",
  ).action(async (key: string, options: EditOptions) => {
    const [{ confirmKey }, now] = await Promise.all([import("../check/keys-mark.ts"), clock()]);
    context.exit(printMarked("confirmed", await confirmKey({ ...place(options, context), key, now }), options));
  });
  withEdit(
    keys.command("renew <key> [source...]"),
    "take a newer copy of an OpenPGP certificate (default: gpg's), or move the policy's own end",
  )
    .option("--until <time>", "the policy's own end of this key", parseAt)
    .action(async (key: string, source: readonly string[], options: EditOptions & { until?: Seconds }) => {
      const [{ renewKey }, now] = await Promise.all([import("../check/keys-mark.ts"), clock()]);
      const from = source.length === 0 ? undefined : source.join(" ");
      const done = await renewKey({ ...place(options, context), key, now, source: from, until: options.until });
      context.exit(printMarked("renewed", done, options));
    });
}

const withEdit = (command: Command, description: string): Command =>
  command
    .description(description)
    .option("--policy <file>", "change this policy file (default: the work tree's own)")
    .addOption(formatOption());

const clock = async (): Promise<Seconds> => (await import("../io/clock.ts")).readClock();

const place = ({ policy }: EditOptions, context: Context) => ({
  directory: context.folder(),
  environment: process.env,
  policy,
});

async function add(source: string, options: AddOptions, context: Context): Promise<number> {
  const { email, all = false, ca = false, role, owner } = options;
  if (role === "agent" && owner === undefined) throw new UsageError(say.agentNeedsOwner);
  const [{ addKeys }, now] = await Promise.all([import("../check/keys-add.ts"), clock()]);
  const done = await addKeys({ ...options, ...place(options, context), source, emails: email, all, ca, now });
  if (options.format === "json") {
    writeOut(`${toJson(done, 2)}\n`);
    return EXIT.allowed;
  }
  for (const fingerprint of done.known) writeOut(`${say.keyKnown(fingerprint)}\n`);
  for (const { principal, emails, role: made } of done.made) {
    writeOut(
      `${say.principalMade(
        principal,
        made,
        emails.map((one) => show(one)),
      )}\n`,
    );
  }
  for (const { principal, format, fingerprint } of done.added) {
    writeOut(`${say.keyAdded(format, fingerprint, principal)}\n`);
  }
  for (const { principal, refusedBy } of done.made) {
    if (refusedBy.length > 0)
      writeOut(
        `${say.note(
          say.notTakenBy(
            principal,
            refusedBy.map((rule) => show(rule)),
          ),
        )}\n`,
      );
  }
  if (done.added.length > 0)
    printChange(done, `Keys: ${[...new Set(done.added.map(({ principal }) => principal))].join(", ")}`);
  return EXIT.allowed;
}

async function revokeList(list: string, options: EditOptions & { since?: Seconds }, context: Context): Promise<number> {
  const [{ revokeListed }, now] = await Promise.all([import("../check/keys-mark.ts"), clock()]);
  const done = await revokeListed({ ...place(options, context), list, now }, options.since ?? true);
  if (options.format === "json") {
    writeOut(`${toJson(done, 2)}\n`);
    return EXIT.allowed;
  }
  for (const fingerprint of done.known) writeOut(`${say.markedAlready(fingerprint)}\n`);
  for (const { principal, fingerprint } of done.marked) {
    writeOut(`${say.keyMarked("marked as compromised", fingerprint, principal)}\n`);
    writeError(`signpolicy: ${say.note(spoken(say.whatFalls(fingerprint)))}\n`);
  }
  for (const what of done.left) writeError(`signpolicy: ${say.omitted(show(what))}\n`);
  if (done.marked.length > 0)
    printChange(done, `Keys: ${[...new Set(done.marked.map(({ principal }) => principal))].join(", ")}`);
  else if (done.known.length === 0) writeOut(`${say.noneListed}\n`);
  return EXIT.allowed;
}

function printMarked(
  what: string,
  done: PolicyChange & { principal: string; fingerprint: string },
  { format }: EditOptions,
): number {
  if (format === "json") {
    writeOut(`${toJson(done, 2)}\n`);
    return EXIT.allowed;
  }
  writeOut(`${say.keyMarked(what, done.fingerprint, done.principal)}\n`);
  printChange(done, `Keys: ${done.principal}`);
  return EXIT.allowed;
}

/** What was written, what to look at, and the commit that makes it count. */
function printChange({ written, warnings, serial }: PolicyChange, what: string): void {
  for (const file of written) writeOut(`wrote ${show(file)}\n`);
  if (serial !== null) writeOut(`${say.serialIs(serial)}\n`);
  for (const warning of warnings) writeError(`signpolicy: warning: ${spoken(show(warning))}\n`);
  writeOut(`${say.commitPolicy(written, what)}\n`);
}
