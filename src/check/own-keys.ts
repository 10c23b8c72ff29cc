/** Keys on this machine that its user could sign with: the one git is set up with, gpg's secret keys, ssh's, the agent's. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { KeyError } from "../errors.ts";
import { gpgPlace } from "../io/gpg.ts";
import { runProgram } from "../io/programs.ts";
import { encodeBase64 } from "../encoding/base64.ts";
import { SshReader } from "../encoding/ssh-wire.ts";
import { parseSshPublicKey } from "../signature/ssh/key.ts";
import { readSecretKeys } from "./secret-keys.ts";
import type { SigningSetUp } from "./signing-setup.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface OwnKey {
  readonly format: "openpgp" | "ssh";
  /** `gpg.format` and `user.signingkey` that make git sign with it. */
  readonly signingKey: string;
  /** What `keys add` takes it from. */
  readonly source: string;
  readonly fingerprint: string;
  /** OpenPGP: parts that sign here, the one that gpg takes by itself first; an SSH key has none. */
  readonly signing: readonly string[];
  /** As a person knows it, in latin-1 text of its bytes: user ID, file, comment. */
  readonly shown: string;
  /** git is set up to sign with it. */
  readonly configured: boolean;
  /** An OpenPGP user ID bears the committer's e-mail. */
  readonly fits: boolean;
}

/**
 * The most likely first.
 *
 * @param also - the file of a public key elsewhere, which counts where its private half lies beside it
 */
export async function findOwnKeys(
  setUp: SigningSetUp,
  top: string,
  environment: Variables,
  also: string | null = null,
): Promise<readonly OwnKey[]> {
  const [openPgp, ssh] = await Promise.all([gpgKeys(setUp, top, environment), sshKeys(setUp, top, environment, also)]);
  const rank = ({ configured, fits, format }: OwnKey): number => (configured ? 0 : fits ? 1 : format === "ssh" ? 2 : 3);
  return [...openPgp, ...ssh].sort((a, b) => rank(a) - rank(b));
}

async function gpgKeys(
  { context, key }: SigningSetUp,
  top: string,
  environment: Variables,
): Promise<readonly OwnKey[]> {
  const { program } = gpgPlace(context.config, top, environment);
  const argv = ["--batch", "--no-tty", "--with-colons", "--list-secret-keys"];
  const listing = await runProgram(program, argv, { cwd: top, environment, timeoutMs: 10_000, cap: 1 << 20 }).catch(
    () => null,
  );
  if (listing?.status !== 0) return [];
  return readSecretKeys(listing.stdout)
    .filter(({ usable }) => usable)
    .map(({ fingerprint, userIds, parts, signing }) => {
      return {
        format: "openpgp",
        signingKey: fingerprint,
        source: fingerprint,
        fingerprint,
        signing,
        shown: userIds[0] ?? "",
        configured: key.kind === "openpgp" && parts.some((one) => one.endsWith(key.id)),
        fits: userIds.some((id) => id.includes(`<${context.committer.email}>`)),
      };
    });
}

async function sshKeys(
  { context, key }: SigningSetUp,
  top: string,
  environment: Variables,
  also: string | null,
): Promise<readonly OwnKey[]> {
  const found: OwnKey[] = [];
  const add = (line: string, signingKey: string, shown: string): void => {
    try {
      const { fingerprint, blob, type } = parseSshPublicKey(line);
      if (found.some((one) => one.fingerprint === fingerprint)) return;
      const configured = key.kind === "ssh" && key.blob.equals(blob);
      const named = configured ? (context.config.get("user.signingkey") ?? signingKey) : signingKey;
      found.push({
        format: "ssh",
        signingKey: named,
        source: `${type} ${encodeBase64(blob)}`,
        fingerprint,
        signing: [],
        shown,
        configured,
        fits: false,
      });
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
    }
  };
  if (key.kind === "ssh") {
    const type = new SshReader(key.blob, "SSH key").text();
    add(`${type} ${encodeBase64(key.blob)}`, "", "user.signingkey");
  }
  for (const { name, path, line } of await keyFiles(environment)) add(line, path, `~/.ssh/${name}`);
  const named = also === null ? null : await keyFile(also);
  if (named !== null) add(named.line, named.path, named.path);
  const agent = await runProgram("ssh-add", ["-L"], { cwd: top, environment, timeoutMs: 5000 }).catch(() => null);
  if (agent?.status === 0) {
    for (const line of agent.stdout.split("\n").filter((one) => one !== "")) {
      add(
        line,
        `key::${line.split(" ").slice(0, 2).join(" ")}`,
        `in the ssh agent: ${line.split(" ").slice(2).join(" ")}`,
      );
    }
  }
  return found;
}

/** Public key files in `~/.ssh` that lie beside their private half. */
async function keyFiles(environment: Variables) {
  const folder = join(environment["HOME"] ?? "", ".ssh");
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".pub")).sort();
  const files: { readonly name: string; readonly path: string; readonly line: string }[] = [];
  for (const name of names) {
    const file = await keyFile(join(folder, name));
    if (file !== null) files.push({ name, ...file });
  }
  return files;
}

/** Without its private half a key file is somebody else's, or one that only logs in from elsewhere. */
async function keyFile(path: string): Promise<{ readonly path: string; readonly line: string } | null> {
  if (!((await stat(path.slice(0, -4)).catch(() => null))?.isFile() ?? false)) return null;
  return { path, line: (await readFile(path, "latin1").catch(() => "")).trim() };
}

/** The private file in `~/.ssh` of this public key; null where none lies there. */
export async function privateFileOf(blob: Buffer, environment: Variables): Promise<string | null> {
  const base64 = encodeBase64(blob);
  const found = (await keyFiles(environment)).find(({ line }) => line.split(/[ \t]+/)[1] === base64);
  return found === undefined ? null : found.path.slice(0, -4);
}
