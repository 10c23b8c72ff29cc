/** Keys that the policy takes today from one person, and what has git sign with one of them. */
import type { GitConfig } from "../io/config.ts";
import type { Seconds } from "../model.ts";
import { shellWord } from "../policy/fixes.ts";
import { fingerprintOf } from "./key-select.ts";
import { problemAt } from "./key-standing.ts";
import type { OwnKey } from "./own-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";

export interface GoodKeys {
  /** For those whose private half is on this machine: a command each, the likeliest first. */
  readonly commands: readonly string[];
  /** Fingerprints of those that are not. */
  readonly elsewhere: readonly string[];
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
  return { commands: usable.map((key) => signWith(key, config)), elsewhere: [...good] };
}

/** git-config(1), user.signingKey: for ssh the path of a public key or `key::` and the key itself, for OpenPGP a fingerprint. */
export function signWith({ format, signingKey }: OwnKey, config: GitConfig): string {
  const steps = [
    ...((config.get("gpg.format") ?? "openpgp") === format ? [] : [`git config gpg.format ${format}`]),
    `git config user.signingkey ${shellWord(signingKey) ?? "KEY"}`,
    ...(/^(?:true|yes|on|[1-9]\d*)$/i.test(config.get("commit.gpgsign") ?? "") ? [] : [SIGN_ALWAYS]),
  ];
  return steps.join(" && ");
}

export const SIGN_ALWAYS = "git config commit.gpgsign true";
