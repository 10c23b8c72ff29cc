/** Signing as git itself does it: the same program, key and arguments, by the configuration that git would read. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { encodeBase64 } from "../encoding/base64.ts";
import { SshReader } from "../encoding/ssh-wire.ts";
import { SignpolicyError } from "../errors.ts";
import type { CommitContext } from "../io/commit-context.ts";
import { gpgPlace } from "../io/gpg.ts";
import { runProgram } from "../io/programs.ts";
import type { Bytes } from "../model.ts";
import { privateFileOf } from "./own-keys.ts";
import type { SignerRun } from "./signer-failure.ts";
import { expandHome, type SigningKey } from "./signing-key.ts";

export interface SignerOptions {
  readonly context: CommitContext;
  readonly key: Exclude<SigningKey, { kind: "none" }>;
  readonly top: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long the program may take; people type passphrases and touch keys meanwhile. */
  readonly timeoutMs: number;
}

/** What the program did; `bytes` is the armored signature, null where it made none. */
export interface Made {
  readonly run: SignerRun;
  readonly bytes: Bytes | null;
}

export function signPayload(options: SignerOptions, payload: Bytes): Promise<Made> {
  const { key } = options;
  return key.kind === "openpgp" ? signOpenPgp(options, payload) : signSsh(options, key.blob, payload);
}

/** gpg-interface.c of git, sign_buffer_gpg: `gpg --status-fd=2 -bsau KEY`. */
async function signOpenPgp({ context, top, environment, timeoutMs }: SignerOptions, payload: Bytes): Promise<Made> {
  const { program } = gpgPlace(context.config, top, environment);
  const { name, email } = context.committer;
  const named = context.config.get("user.signingkey") ?? "";
  const key = named === "" ? `${name} <${email}>` : named;
  const run = await start("openpgp", program, { key, secret: null }, ["--status-fd=2", "-bsau", key], {
    top,
    environment,
    timeoutMs,
    payload,
  });
  const isMade = run.status === 0 && /^\[GNUPG:\] SIG_CREATED /m.test(run.output);
  return { run, bytes: isMade ? Buffer.from(run.stdout, "latin1") : null };
}

/** gpg-interface.c of git, sign_buffer_ssh: `ssh-keygen -Y sign -n git -f KEY [-U] FILE`, which writes FILE.sig. */
async function signSsh(
  { context, top, environment, timeoutMs }: SignerOptions,
  blob: Bytes,
  payload: Bytes,
): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "signpolicy-"));
  try {
    const named = context.config.get("user.signingkey") ?? "";
    const path = resolve(top, expandHome(named, environment));
    const isFile = named !== "" && (await isThere(path));
    const literal = join(folder, "key.pub");
    if (!isFile) await writeFile(literal, `${new SshReader(blob, "SSH key").text()} ${encodeBase64(blob)}\n`);
    const file = join(folder, "nonce");
    await writeFile(file, payload);
    const program = context.config.get("gpg.ssh.program") ?? "ssh-keygen";
    const argv = ["-Y", "sign", "-n", "git", "-f", isFile ? path : literal, ...(isFile ? [] : ["-U"]), file];
    const beside = path.replace(/\.pub$/, "");
    const secret = isFile && (await isThere(beside)) ? beside : await privateFileOf(Buffer.from(blob), environment);
    const about = { key: isFile ? named : "the signing key", secret };
    const run = await start("ssh", program, about, argv, { top, environment, timeoutMs });
    return { run, bytes: run.status === 0 ? await readFile(`${file}.sig`).catch(() => null) : null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() ?? false;

async function start(
  format: SignerRun["format"],
  program: string,
  named: Pick<SignerRun, "key" | "secret">,
  argv: readonly string[],
  {
    top,
    environment,
    timeoutMs,
    payload,
  }: Pick<SignerOptions, "top" | "environment" | "timeoutMs"> & { readonly payload?: Bytes },
): Promise<SignerRun & { readonly stdout: string }> {
  const about = { format, program, ...named };
  try {
    const options = {
      cwd: top,
      environment,
      timeoutMs,
      ...(payload === undefined ? {} : { input: payload }),
    };
    return { ...about, started: true, ...(await runProgram(program, argv, options)) };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return { ...about, started: false, status: null, timedOut: false, output: "", stdout: "" };
  }
}
