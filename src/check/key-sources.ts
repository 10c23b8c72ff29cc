/** What the words after `keys add` mean: a file, a keyring's key, a key itself, an address, a commit, a forge. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { GitError, KeyError, RevisionError, UsageError } from "../errors.ts";
import { exportCertificates, gpgPlace } from "../io/gpg.ts";
import type { GpgPlace } from "../io/gpg.ts";
import { fetchBytes } from "../io/http.ts";
import { openPorcelain } from "../io/porcelain.ts";
import { findRepository } from "../io/repository.ts";
import type { Seconds } from "../model.ts";
import { findForge, forgeKeys } from "./forges.ts";
import type { OfferedKey } from "./key-list.ts";
import { readKeyList } from "./key-list.ts";
import { openSession } from "./session.ts";
import { resolveTargets } from "./targets.ts";

export interface KeySourceOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
  /** `forge:NAME` alone: fetch from here what the shipped fingerprints name. */
  readonly url?: string | undefined;
}

export interface OfferedKeys {
  readonly keys: readonly OfferedKey[];
  /** Whether what the source claims of its owner (name, e-mails, comments) may be proposed: a stranger's server may not. */
  readonly claims: boolean;
  /** A principal's name, role that the source itself stands for. */
  readonly forge: string | null;
}

/** Most of a key file that is read. */
const FILE_CAP = 4 * 1024 * 1024;

/** @throws UsageError, KeyError, GitError, SignpolicyError ERR_IO */
export async function readKeySource(words: string, options: KeySourceOptions): Promise<OfferedKeys> {
  const { directory, environment, url } = options;
  const forge = /^forge:(.+)$/.exec(words)?.[1];
  if (forge !== undefined) return { keys: await forgeKeys(findForge(forge), url), claims: true, forge };
  if (url !== undefined) throw new UsageError("--url goes with forge:NAME");
  if (/^https?:\/\//i.test(words)) return { keys: await fetchKeys(words), claims: false, forge: null };
  if (/^(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s+\S/.test(words)) {
    return { keys: readKeyList(Buffer.from(words)), claims: true, forge: null };
  }
  const id = /^(?:0x)?((?:[0-9a-f]{4} ?){4}|(?:[0-9a-f]{4} *){10}|[0-9a-f]{64})$/i
    .exec(words)?.[1]
    ?.replaceAll(" ", "");
  // In a stranger's clone a file may bear the fingerprint of another key.
  const file = id === undefined ? await readIfFile(resolve(directory, expandHome(words, environment["HOME"]))) : null;
  if (file !== null) return { keys: readKeyList(file), claims: true, forge: null };
  // Forty lower-case digits are a commit's id first: gpg writes fingerprints in capitals.
  if (id !== undefined && !/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(words)) {
    return { keys: await fromKeyring(id.toUpperCase(), await findGpg(options)), claims: true, forge: null };
  }
  try {
    return { keys: [await fromCommit(words, options)], claims: true, forge: null };
  } catch (error) {
    if (!(error instanceof RevisionError) && !(error instanceof GitError && error.code === "ERR_NOT_A_REPOSITORY"))
      throw error;
    if (id !== undefined)
      return { keys: await fromKeyring(id.toUpperCase(), await findGpg(options)), claims: true, forge: null };
    throw new UsageError(`'${words}' is no file, key, fingerprint, address or commit`, { hint: SOURCES });
  }
}

const SOURCES =
  "a key comes from a file, an OpenPGP fingerprint, an ssh key line, https://FORGE/USER, a signed commit, or forge:github";

async function fetchKeys(address: string): Promise<readonly OfferedKey[]> {
  // A person's page on a forge stands for both lists that forges give.
  const isPage = /^https?:\/\/[^/?#]+\/[^/?#.]+\/?$/i.test(address);
  const page = address.replace(/\/$/, "");
  const lists = await Promise.all((isPage ? [`${page}.keys`, `${page}.gpg`] : [address]).map(fetchBytes));
  const keys = lists.flatMap((bytes) => (bytes === null ? [] : readFetched(bytes)));
  if (keys.length === 0) throw new KeyError(`${address} gives no key that can sign`);
  return keys;
}

/** Nobody has as many keys; a server that sends more keeps somebody busy. */
const MOST_LINES = 1000;

/** Forges list keys that cannot sign (DSA, certificates) and say so in prose where there is none: what is no key is left out. */
function readFetched(bytes: Uint8Array): readonly OfferedKey[] {
  const text = Buffer.from(bytes).toString("latin1");
  if (text.includes("-----BEGIN PGP")) return /-----BEGIN PGP PUBLIC/.test(text) ? readKeyList(bytes) : [];
  const lines = text.split("\n").filter((line) => /(?:ssh|ecdsa)-/.test(line));
  if (lines.length > MOST_LINES) throw new KeyError(`the address gives more than ${String(MOST_LINES)} keys`);
  return lines.flatMap((line) => {
    try {
      return readKeyList(Buffer.from(line, "latin1"));
    } catch (error) {
      if (error instanceof KeyError) return [];
      throw error;
    }
  });
}

export async function fromKeyring(id: string, gpg: GpgPlace): Promise<readonly OfferedKey[]> {
  const bytes = await exportCertificates(gpg, id);
  const keys = bytes.length === 0 ? [] : readKeyList(bytes);
  if (keys.length === 1) return keys;
  throw new UsageError(
    keys.length === 0 ? `gpg has no public key ${id}` : `gpg has ${String(keys.length)} certificates for ${id}`,
    { hint: "gpg --list-keys --with-fingerprint, and give the whole fingerprint of one" },
  );
}

export async function findGpg({
  directory,
  environment,
}: Pick<KeySourceOptions, "directory" | "environment">): Promise<GpgPlace> {
  const config = await (await openPorcelain(directory, environment)).config();
  return gpgPlace(config, directory, environment);
}

async function fromCommit(word: string, options: KeySourceOptions): Promise<OfferedKey> {
  const { directory, environment, now } = options;
  const session = await openSession(await findRepository(directory, environment));
  try {
    const [target] = await resolveTargets(session, [word]);
    const oid = target?.include[0];
    const commit = oid === undefined ? null : await session.outlines.outline(oid);
    if (commit === null) {
      throw new UsageError(`${word} names no commit`, { hint: "a key's file is named by its path: ./NAME" });
    }
    const { keyOfCommit } = await import("./commit-key.ts");
    return await keyOfCommit(commit, now, await findGpg(options));
  } finally {
    session.close();
  }
}

async function readIfFile(path: string): Promise<Uint8Array | null> {
  const status = await stat(path).catch(() => null);
  if (status?.isFile() !== true) return null;
  if (status.size > FILE_CAP) throw new KeyError(`${path} holds more than ${String(FILE_CAP)} bytes`);
  return readFile(path);
}

const expandHome = (path: string, home: string | undefined): string =>
  path.startsWith("~/") && home !== undefined ? join(home, path.slice(2)) : path;
