/** Keys that the policy takes today from one person, and what has git sign with one of them. */
import type { GitConfig } from "../io/config.ts";
import type { AlgorithmPolicy, Seconds } from "../model.ts";
import { shellWord } from "../policy/fixes.ts";
import { fingerprintOf, fingerprintsOf } from "./key-select.ts";
import { problemAt } from "./key-standing.ts";
import type { OwnKey } from "./own-keys.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

export interface GoodKeys {
  /** Those whose private half is on this machine, the likeliest first. */
  readonly here: readonly GoodKey[];
  /** Fingerprints of those that are not. */
  readonly elsewhere: readonly string[];
  /** Subkeys on this machine that the policy's copy of their certificate does not have, each with that certificate's fingerprint. */
  readonly newer: ReadonlyMap<string, string>;
}

export interface GoodKey {
  readonly fingerprint: string;
  /** What has git sign with it: settings, and the command that makes them. */
  readonly settings: readonly Setting[];
  readonly command: string;
}

export interface Setting {
  readonly key: string;
  readonly value: string;
}

/** `here`: what this machine could sign with. */
export async function goodKeysOf(
  principal: string,
  { keys, policy }: LoadedPolicy,
  here: readonly OwnKey[],
  config: GitConfig,
  now: Seconds,
): Promise<GoodKeys> {
  const theirs = keys.filter((key) => key.principal === principal && key.entry.format !== "sshCa");
  const standing = await Promise.all(theirs.map((key) => problemAt(key, policy.algorithms, now)));
  const good = new Map(
    theirs.flatMap((key, index) => (standing[index] === null ? [[fingerprintOf(key), key] as const] : [])),
  );
  const usable: GoodKey[] = [];
  const newer = new Map<string, string>();
  for (const own of here) {
    const key = good.get(own.fingerprint);
    if (key === undefined) continue;
    const parts = new Set(fingerprintsOf(key));
    for (const part of own.signing) if (!parts.has(part)) newer.set(part, own.fingerprint);
    const signingKey = own.format === "ssh" ? own.signingKey : await partThatCounts(own, key, policy.algorithms, now);
    if (signingKey === null) continue;
    good.delete(own.fingerprint);
    usable.push(goodKey({ ...own, signingKey }, config));
  }
  return { here: usable, elsewhere: [...good.keys()], newer };
}

/**
 * What names a part that gpg has here and that the policy takes today: the certificate where gpg takes that part by itself, else
 * the part with `!`. Null where there is none.
 */
async function partThatCounts(
  { fingerprint, signing }: OwnKey,
  { anchor }: LoadedKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): Promise<string | null> {
  if (anchor.kind !== "openpgp") return null;
  const { problemsToday } = await import("../signature/openpgp/standing.ts");
  for (const [index, part] of signing.entries()) {
    const key = anchor.certificate.keys.find((one) => one.fingerprint === part);
    if (key === undefined) continue;
    if ((await problemsToday(anchor.certificate, anchor.window, algorithms, now, key.fingerprint)) !== null) continue;
    return index === 0 ? fingerprint : `${part}!`;
  }
  return null;
}

function goodKey(key: OwnKey, config: GitConfig): GoodKey {
  const settings = settingsOf(key);
  // What is so already need not be typed; a repair sets it all the same, whatever other repairs did.
  const typed = settings.filter((one) => one.key === "user.signingkey" || !isSo(one, config));
  return { fingerprint: key.fingerprint, settings, command: typed.map(settingCommand).join(" && ") };
}

/** git-config(1), user.signingKey: for ssh the path of a public key or `key::` and the key itself, for OpenPGP a fingerprint. */
const settingsOf = ({ format, signingKey }: OwnKey): readonly Setting[] => [
  { key: "gpg.format", value: format },
  { key: "user.signingkey", value: signingKey },
  SIGN_ALWAYS,
];

const isSo = ({ key, value }: Setting, config: GitConfig): boolean =>
  key === SIGN_ALWAYS.key
    ? /^(?:true|yes|on|[1-9]\d*)$/i.test(config.get(key) ?? "")
    : (config.get(key) ?? (key === "gpg.format" ? "openpgp" : null)) === value;

export const settingCommand = ({ key, value }: Setting): string => `git config ${key} ${shellWord(value) ?? "VALUE"}`;

export const SIGN_ALWAYS: Setting = { key: "commit.gpgsign", value: "true" };
