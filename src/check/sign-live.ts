/** Makes a real signature with the program and key that git is set up to use, over a nonce and no commit, and verifies it. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { encodeBase64 } from "../encoding/base64.ts";
import { SshReader } from "../encoding/ssh-wire.ts";
import { SignpolicyError } from "../errors.ts";
import type { CommitContext } from "../io/commit-context.ts";
import { gpgPlace } from "../io/gpg.ts";
import { runProgram } from "../io/programs.ts";
import type { Bytes, Evidence, Seconds } from "../model.ts";
import type { Anchors } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { classifySignerFailure } from "./signer-failure.ts";
import type { SignerFailure, SignerRun } from "./signer-failure.ts";
import type { SigningKey } from "./signing-key.ts";

export type LiveResult =
  | { readonly evidence: Evidence; readonly failure: null }
  | { readonly evidence: null; readonly failure: SignerFailure };

const TIMEOUT_MS = 20_000;

export interface LiveOptions {
  readonly context: CommitContext;
  readonly key: SigningKey;
  readonly top: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly anchors: Anchors;
  readonly now: Seconds;
}

/** Null where git is not set up to sign at all. */
export async function signLive(options: LiveOptions): Promise<LiveResult | null> {
  const { key } = options;
  if (key.kind === "none") return null;
  const payload = Buffer.from(`signpolicy doctor ${randomBytes(16).toString("hex")}\n`);
  const made = key.kind === "openpgp" ? await signOpenPgp(options, payload) : await signSsh(options, key.blob, payload);
  if (made.bytes === null) return { evidence: null, failure: classifySignerFailure(made.run) };
  const format = key.kind === "ssh" ? "ssh" : "openpgp";
  const signed = { payload, signatures: [{ format, bytes: made.bytes } as const] };
  const times = { now: options.now, claimed: options.now, receivedAt: null };
  const [evidence] = await verifySigned(signed, options.anchors, times);
  return { evidence, failure: null };
}

interface Made {
  readonly run: SignerRun;
  readonly bytes: Bytes | null;
}

/** gpg-interface.c of git, sign_buffer_gpg: `gpg --status-fd=2 -bsau KEY`. */
async function signOpenPgp({ context, top, environment }: LiveOptions, payload: Bytes): Promise<Made> {
  const { program } = gpgPlace(context.config, top, environment);
  const { name, email } = context.committer;
  const named = context.config.get("user.signingkey") ?? "";
  const key = named === "" ? `${name} <${email}>` : named;
  const run = await start("openpgp", program, key, ["--status-fd=2", "-bsau", key], { top, environment, payload });
  const isMade = run.status === 0 && /^\[GNUPG:\] SIG_CREATED /m.test(run.output);
  return { run, bytes: isMade ? Buffer.from(run.stdout, "latin1") : null };
}

/** gpg-interface.c of git, sign_buffer_ssh: `ssh-keygen -Y sign -n git -f KEY [-U] FILE`, which writes FILE.sig. */
async function signSsh({ context, top, environment }: LiveOptions, blob: Bytes, payload: Bytes): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "signpolicy-"));
  try {
    const named = context.config.get("user.signingkey") ?? "";
    const home = environment["HOME"];
    const path = named.startsWith("~/") && home !== undefined ? join(home, named.slice(2)) : resolve(top, named);
    const isFile = named !== "" && ((await stat(path).catch(() => null))?.isFile() ?? false);
    const literal = join(folder, "key.pub");
    if (!isFile) await writeFile(literal, `${new SshReader(blob, "SSH key").text()} ${encodeBase64(blob)}\n`);
    const file = join(folder, "nonce");
    await writeFile(file, payload);
    const program = context.config.get("gpg.ssh.program") ?? "ssh-keygen";
    const argv = ["-Y", "sign", "-n", "git", "-f", isFile ? path : literal, ...(isFile ? [] : ["-U"]), file];
    const run = await start("ssh", program, isFile ? named : "the signing key", argv, { top, environment });
    return { run, bytes: run.status === 0 ? await readFile(`${file}.sig`).catch(() => null) : null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(
  format: SignerRun["format"],
  program: string,
  key: string,
  argv: readonly string[],
  { top, environment, payload }: Pick<LiveOptions, "top" | "environment"> & { readonly payload?: Bytes },
): Promise<SignerRun & { readonly stdout: string }> {
  const about = { format, program, key };
  try {
    const options = {
      cwd: top,
      environment,
      timeoutMs: TIMEOUT_MS,
      ...(payload === undefined ? {} : { input: payload }),
    };
    return { ...about, started: true, ...(await runProgram(program, argv, options)) };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return { ...about, started: false, status: null, timedOut: false, output: "", stdout: "" };
  }
}
