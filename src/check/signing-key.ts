/** Which key git is about to sign with, by its configuration: what gpg-interface.c of git would hand to the signer. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { asBuffer } from "../encoding/bytes.ts";
import { SshReader } from "../encoding/ssh-wire.ts";
import { SignpolicyError } from "../errors.ts";
import type { GitConfig } from "../io/config.ts";
import { runProgram } from "../io/programs.ts";
import type { Identity } from "../model.ts";
import { readSecretKeys } from "./secret-keys.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * `none`: there will be no signature that could count. `openpgp`: a fingerprint or a long key id, upper case, and whether
 * that very key signs, or some part of its certificate that nobody told. `ssh`: the wire form of the public key or certificate.
 */
export type SigningKey =
  | {
      readonly kind: "none";
      readonly code: "unsigned" | "unknown-key" | "unsupported";
      readonly why: string;
      readonly fix: string;
      /** Another key would not be reached either. */
      readonly final?: true;
    }
  | { readonly kind: "openpgp"; readonly id: string; readonly exact: boolean }
  | { readonly kind: "ssh"; readonly blob: Buffer };

export interface SigningPlace {
  readonly top: string;
  readonly environment: Variables;
}

/** Finds the key. gpg is asked which part of a certificate it takes, unless the configuration names one with `!`. */
export async function findSigningKey(config: GitConfig, committer: Identity, place: SigningPlace): Promise<SigningKey> {
  const setting = config.values.filter(({ key }) => key === "commit.gpgsign").at(-1);
  if (!isTrue(setting?.value)) return unsigned(setByOption("commit.gpgsign", place.environment));
  const format = config.get("gpg.format") ?? "openpgp";
  const named = config.get("user.signingkey") ?? "";
  if (format === "openpgp") return findOpenPgp(config, named, committer, place);
  if (format === "ssh") return findSsh(config, named, place);
  const why = `gpg.format is ${format}, which no rule of this policy can accept`;
  return { kind: "none", code: "unsupported", why, fix: "git config gpg.format openpgp (or ssh)" };
}

/** Whether `git -c` (or the like) sets a variable for this one command; git hands it to hooks like this. */
export function setByOption(key: string, environment: Variables): boolean {
  const parameters = environment["GIT_CONFIG_PARAMETERS"] ?? "";
  const counted = Object.entries(environment).some(
    ([name, value]) => name.startsWith("GIT_CONFIG_KEY_") && value?.toLowerCase() === key,
  );
  return counted || parameters.toLowerCase().includes(`'${key}`);
}

function unsigned(byOption: boolean): SigningKey {
  const why = byOption
    ? "this commit will not be signed: commit.gpgsign is switched off for this command"
    : "this commit will not be signed: commit.gpgsign is not on (a hook cannot see -S)";
  const fix = byOption ? "leave out `-c commit.gpgsign=...`, then commit again" : "git config commit.gpgsign true";
  return { kind: "none", code: "unsigned", why, fix };
}

/** git-config(1): a variable without a value is true. */
const isTrue = (value: string | null | undefined): boolean =>
  value !== undefined && (value === null || /^(?:true|yes|on|[+-]?0*[1-9]\d*[kmg]?)$/i.test(value));

const NAMED_KEY = /^(?:0x)?([0-9a-f]{16}|[0-9a-f]{40}|[0-9a-f]{64})(!?)$/i;

async function findOpenPgp(
  config: GitConfig,
  named: string,
  committer: Identity,
  place: SigningPlace,
): Promise<SigningKey> {
  // gpg(1), "How to specify a user ID": a fingerprint, or a long key id; `!` takes that key itself.
  const [, id, exact] = NAMED_KEY.exec(named) ?? [];
  if (id !== undefined && exact === "!") return { kind: "openpgp", id: id.toUpperCase(), exact: true };
  const wanted = named === "" ? `${committer.name} <${committer.email}>` : named;
  const program = gpgProgram(config);
  const found = await askForSecretKey(program, wanted, place);
  if (found !== null) return { kind: "openpgp", ...found };
  if (id !== undefined) return { kind: "openpgp", id: id.toUpperCase(), exact: false };
  const how = named === "" ? "the committer's name, since user.signingkey is not set" : "user.signingkey";
  return {
    kind: "none",
    code: "unknown-key",
    why: `${program} has no secret key for ${wanted} (${how})`,
    fix: "git config user.signingkey FINGERPRINT, of a key that `gpg --list-secret-keys` shows",
  };
}

const gpgProgram = ({ values }: GitConfig): string =>
  values.filter(({ key }) => ["gpg.program", "gpg.openpgp.program"].includes(key)).at(-1)?.value ?? "gpg";

/**
 * The part of the first usable secret key that gpg signs with: where a subkey was added since, that may be one which the
 * policy's copy of the certificate does not have. The primary key where none of its parts can sign; null where gpg tells none.
 */
async function askForSecretKey(
  program: string,
  wanted: string,
  place: SigningPlace,
): Promise<{ readonly id: string; readonly exact: boolean } | null> {
  const argv = ["--batch", "--no-tty", "--with-colons", "--list-secret-keys", "--", wanted];
  const { environment, top: cwd } = place;
  const listing = await runProgram(expandHome(program, environment), argv, {
    cwd,
    environment,
    timeoutMs: 10_000,
  }).catch(() => null);
  if (listing?.status !== 0) return null;
  const keys = readSecretKeys(listing.output);
  const key = keys.find(({ usable }) => usable) ?? keys[0];
  if (key === undefined) return null;
  const [part] = key.signing;
  return part === undefined ? { id: key.fingerprint, exact: false } : { id: part, exact: true };
}

async function findSsh(config: GitConfig, named: string, place: SigningPlace): Promise<SigningKey> {
  const missing = (why: string): SigningKey => ({
    kind: "none",
    code: "unknown-key",
    why,
    fix: "git config user.signingkey ~/.ssh/YOUR-KEY.pub",
  });
  const command = config.get("gpg.ssh.defaultkeycommand");
  const text = named === "" && command !== null ? await defaultKey(command, place) : named;
  if (text === null) return missing("gpg.ssh.defaultKeyCommand told no key");
  if (text === "") return missing("user.signingkey is not set, and ssh needs it");
  // git takes `key::` and, as of old, `ssh-` for the key itself.
  const literal = /^key::(.*)$/s.exec(text)?.[1] ?? (text.startsWith("ssh-") ? text : null);
  if (literal !== null) return fromLine(literal) ?? missing("user.signingkey holds no SSH public key");
  const path = resolve(place.top, expandHome(text, place.environment));
  for (const file of [path, `${path}.pub`]) {
    const content = textOf(file);
    const key = content === null ? null : (fromLine(content) ?? fromPrivateKey(content));
    if (key !== null) return key;
  }
  return missing(`no SSH public key can be read from ${text} (user.signingkey)`);
}

/** The files that the key was looked for in; null where a program of which we know none named it. */
export function keyFiles(
  config: GitConfig,
  key: SigningKey,
  { top, environment }: SigningPlace,
): readonly string[] | null {
  const named = config.get("user.signingkey") ?? "";
  if (key.kind === "none") return null;
  if (key.kind === "openpgp") {
    const [, id, exact] = NAMED_KEY.exec(named) ?? [];
    if (id === undefined) return null;
    return exact === "!" ? [] : gpgFiles(config, environment);
  }
  if (named === "") return null;
  if (/^(?:key::|ssh-)/.test(named)) return [];
  const path = resolve(top, expandHome(named, environment));
  return [path, `${path}.pub`];
}

/** gpg(1), FILES: keys, public and secret, and which of them it uses. A folder changes with what is put into it. */
const GPG_FILES = [
  "pubring.kbx",
  "pubring.gpg",
  "public-keys.d/pubring.db",
  "private-keys-v1.d",
  "gpg.conf",
  "common.conf",
];

/** What gpg's answer hangs on; null where the program is another one, which may look elsewhere. */
function gpgFiles(config: GitConfig, environment: Variables): readonly string[] | null {
  if (!/^(?:.*\/)?gpg2?$/.test(gpgProgram(config))) return null;
  const home = environment["GNUPGHOME"] ?? join(environment["HOME"] ?? "", ".gnupg");
  return GPG_FILES.map((name) => join(home, name));
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

/** git runs it without a shell and takes the first line of what it prints. */
async function defaultKey(command: string, { top: cwd, environment }: SigningPlace): Promise<string | null> {
  const [program, ...argv] = splitCommand(command);
  if (program === undefined) return null;
  const listing = await runProgram(expandHome(program, environment), argv, {
    cwd,
    environment,
    timeoutMs: 10_000,
  }).catch(() => null);
  const line = listing?.output.split("\n").find((one) => /^(?:key::|ssh-)/.test(one));
  return listing?.status === 0 && line !== undefined ? line : null;
}

const splitCommand = (command: string): readonly string[] =>
  [...command.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)].map(([word]) =>
    word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, plain, double, single) =>
      String(plain ?? single ?? String(double).replace(/\\(.)/gs, "$1")),
    ),
  );

function fromLine(line: string): SigningKey | null {
  const [type = "", base64 = ""] = line.trim().split(/[ \t]+/, 2);
  if (!/^(?:ssh-|ecdsa-|sk-)[\w.@-]+$/.test(type) || !/^[A-Za-z0-9+/]+=*$/.test(base64)) return null;
  return { kind: "ssh", blob: Buffer.from(base64, "base64") };
}

/** PROTOCOL.key of OpenSSH: the public half stands in the clear before the private one. */
function fromPrivateKey(text: string): SigningKey | null {
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END/.exec(text.replaceAll("\r", ""))?.[1];
  if (body === undefined) return null;
  const magic = "openssh-key-v1\0";
  const bytes = Buffer.from(body, "base64");
  if (bytes.toString("latin1", 0, magic.length) !== magic) return null;
  try {
    const reader = new SshReader(bytes.subarray(magic.length), "private key");
    for (let skipped = 0; skipped < 3; skipped += 1) reader.string();
    return reader.uint32() === 1 ? { kind: "ssh", blob: asBuffer(reader.string()) } : null;
  } catch (error) {
    if (error instanceof SignpolicyError) return null;
    throw error;
  }
}

/** As git does it: by HOME. */
export const expandHome = (path: string, environment: Variables): string =>
  path.startsWith("~/") && environment["HOME"] !== undefined ? join(environment["HOME"], path.slice(2)) : path;
