/** The half of `keys` that changes nothing: list, show, export, check. */
import type { Command } from "commander";
import type { KeyInFull, ListedKey } from "../check/keys-list.ts";
import { EXIT, UsageError } from "../errors.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { count, show } from "../report/show.ts";
import * as say from "./setup-messages.ts";
import { addPolicyOptions, checkPolicyOptions, formatOption, parseDuration } from "./options.ts";
import type { PolicyOptions } from "./options.ts";
import { spoken } from "./own-program.ts";
import type { Context } from "./register.ts";
import { writeError, writeOut } from "./streams.ts";

interface Options extends PolicyOptions {
  readonly format: RenderFormat;
}

export function registerKeyReports(keys: Command, context: Context): void {
  addPolicyOptions(keys.command("list").description("every key: whose it is, and whether it can sign"))
    .addOption(formatOption())
    .action(async (options: Options) => context.exit(await list(options, context)));
  addPolicyOptions(
    keys.command("show <key>").description("everything about one key, by its fingerprint, file or principal"),
  )
    .addOption(formatOption())
    .action(async (key: string, options: Options) => context.exit(await showKey(key, options, context)));
  addPolicyOptions(
    keys
      .command("export <form>")
      .description(
        "allowed-signers and revoked for git and ssh-keygen, keyring for gpg, known: fingerprints and names",
      ),
  )
    .option("--write", "allowed-signers: keep the file in this clone, and let git use it")
    .action(async (form: string, options: PolicyOptions & { write?: boolean }) =>
      context.exit(await exportIt(form, options, context)),
    );
  addPolicyOptions(keys.command("check").description("exit with 1 when a key cannot sign, or will not soon"))
    .option("--within <time>", "look this far ahead", "30d")
    .addOption(formatOption())
    .action(async (options: Options & { within: string }) => context.exit(await check(options, context)));
}

const place = (options: PolicyOptions, context: Context) => {
  const { policy, policyRef } = checkPolicyOptions(options);
  return { directory: context.folder(), environment: process.env, policy, policyRef };
};

const load = () => Promise.all([import("../check/keys-list.ts"), import("../io/clock.ts")]);

async function list(options: Options, context: Context): Promise<number> {
  const [{ listKeys }, { readClock }] = await load();
  const listing = await listKeys(place(options, context), readClock());
  if (options.format === "json") writeOut(`${toJson(listing, 2)}\n`);
  else writeOut(listing.keys.map((key) => `${keyLine(key, listing.keys)}\n`).join(""));
  return EXIT.allowed;
}

/** Columns as wide as the widest. */
function keyLine(key: ListedKey, all: readonly ListedKey[]): string {
  const wide = (of: (one: ListedKey) => string): number => Math.max(...all.map((one) => of(one).length));
  const kind = ({ format, algorithm }: ListedKey): string => `${format} ${algorithm}`;
  const columns = [
    key.principal.padEnd(wide(({ principal }) => principal)),
    kind(key).padEnd(wide(kind)),
    key.fingerprint.padEnd(wide(({ fingerprint }) => fingerprint)),
  ];
  return `${columns.join("  ")}  ${standing(key)}`;
}

function standing({ state, detail, ends }: ListedKey): string {
  if (state === "good") return ends === null ? "good" : `good until ${ends}`;
  return detail === null ? state : `${state}: ${show(detail)}`;
}

async function showKey(words: string, options: Options, context: Context): Promise<number> {
  const [{ showOneKey }, { readClock }] = await load();
  const key = await showOneKey(place(options, context), words, readClock());
  if (options.format === "json") writeOut(`${toJson(key, 2)}\n`);
  else
    writeOut(
      keyLines(key)
        .map((line) => `${line}\n`)
        .join(""),
    );
  return EXIT.allowed;
}

function keyLines(key: KeyInFull): readonly string[] {
  const {
    file,
    place: { path, line },
    namespaces,
    principals,
    from,
    until,
    retired,
    compromised,
  } = key;
  const where = `${file === null ? "in the policy" : show(file)}, ${path}${line === null ? "" : `, line ${line}`}`;
  return [
    `${key.format} ${key.algorithm}${key.bits === 0 ? "" : ` ${key.bits}`} ${key.fingerprint}`,
    `  principal  ${key.principal} (${key.role}), ${show(key.name)}`,
    `  e-mails    ${key.emails.map((email) => show(email)).join(", ")}`,
    `  stands     ${standing(key)}`,
    ...limitLine("from", from),
    ...limitLine("until", until),
    ...limitLine("retired", retired),
    ...limitLine("compromised", compromised === true ? "from the beginning" : compromised),
    ...limitLine("namespaces", namespaces?.join(", ")),
    ...limitLine("certifies", principals?.map((name) => show(name)).join(", ")),
    ...key.userIds.map((id) => `  user ID    ${show(id)}`),
    ...key.parts.map(
      ({ fingerprint, algorithm, signs, created, expires }) =>
        `  ${signs ? "signs      " : "does not   "}${algorithm} ${fingerprint}, made ${created}, ${expires === null ? "never expires" : `expires ${expires}`}`,
    ),
    `  stands at  ${where}`,
    ...(key.rules.length === 0
      ? ["  rules      none names this principal"]
      : key.rules.map(({ name, asks }) => `  rules      ${asks} under "${show(name)}"`)),
  ];
}

const limitLine = (label: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`  ${label.padEnd(11)}${value}`];

async function exportIt(form: string, options: PolicyOptions & { write?: boolean }, context: Context): Promise<number> {
  const [{ EXPORT_FORMS, exportKeys, writeAllowedSigners }, { readClock }] = await Promise.all([
    import("../check/keys-export.ts"),
    import("../io/clock.ts"),
  ]);
  const known = EXPORT_FORMS.find((one) => one === form);
  if (known === undefined) throw new UsageError(say.unknownForm(form, EXPORT_FORMS));
  if (options.write === true && known !== "allowed-signers") throw new UsageError(say.writeIsForSigners);
  const choice = place(options, context);
  const done =
    options.write === true
      ? await writeAllowedSigners(choice, readClock())
      : await exportKeys(known, choice, readClock());
  for (const what of done.omitted) writeError(`signpolicy: ${say.omitted(show(what))}\n`);
  writeOut("text" in done ? done.text : `${say.signersWritten(show(done.file))}\n`);
  return EXIT.allowed;
}

async function check(options: Options & { within: string }, context: Context): Promise<number> {
  const within = parseDuration(options.within);
  const [{ checkKeys }, { readClock }] = await load();
  const { complaints, keyless, keys, policy } = await checkKeys(place(options, context), within, readClock());
  const exitCode = complaints.length + keyless.length === 0 ? EXIT.allowed : EXIT.denied;
  if (options.format === "json") {
    writeOut(`${toJson({ policy, within: options.within, complaints, keyless }, 2)}\n`);
    return exitCode;
  }
  for (const { key, message, fix } of complaints) {
    const problem = `problem: ${key.format} key ${key.fingerprint} of ${key.principal} ${show(message)}`;
    writeOut(`${problem}\n  fix: ${spoken(fix)}\n`);
  }
  for (const principal of keyless) {
    const fix = spoken(`signpolicy keys add SOURCE --principal ${principal}`);
    writeOut(`problem: ${say.keylessPrincipal(principal)}\n  fix: ${fix}\n`);
  }
  if (exitCode === EXIT.allowed) writeOut(`${say.keysAreGood(count(keys.length, "key"), options.within)}\n`);
  return exitCode;
}
