/** Keys that the policy takes today from one person, and what has git sign with one of them. */
import type { GitConfig } from "../io/config.ts";
import type { Seconds } from "../model.ts";
import { shellWord } from "../policy/fixes.ts";
import { fingerprintOf } from "./key-select.ts";
import { problemAt } from "./key-standing.ts";
import type { OwnKey } from "./own-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";

export interface GoodKeys {
  /** Those whose private half is on this machine, the likeliest first. */
  readonly here: readonly GoodKey[];
  /** Fingerprints of those that are not. */
  readonly elsewhere: readonly string[];
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
  const good = new Set(theirs.filter((_, index) => standing[index] === null).map(fingerprintOf));
  const usable = here.filter(({ fingerprint }) => good.delete(fingerprint));
  return { here: usable.map((key) => goodKey(key, config)), elsewhere: [...good] };
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
