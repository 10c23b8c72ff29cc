/** What a person may do about a key that does not count: another of their own, more time, or asking to be let in. */
import type { CommitContext } from "../io/commit-context.ts";
import { SignpolicyError } from "../errors.ts";
import type { Evidence, Seconds } from "../model.ts";
import { ownerOf } from "../policy/emails.ts";
import { goodKeysOf } from "./good-keys.ts";
import type { GoodKeys } from "./good-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { SigningKey } from "./signing-key.ts";

export interface KeyQuestion {
  readonly loaded: LoadedPolicy;
  readonly context: CommitContext;
  readonly key: SigningKey;
  readonly evidence: Evidence;
  readonly top: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
}

export interface KeyChoices extends GoodKeys {
  /** Commands that give the key that git is set up with more time, where that is what it lacks. */
  readonly extensions: readonly string[];
  /** The principal who owns the committer's e-mail. */
  readonly owner: string | null;
}

export async function keyChoices(about: KeyQuestion): Promise<KeyChoices> {
  const { loaded, context, key, evidence, top, environment, now } = about;
  const owner = ownerOf(loaded.policy, context.committer.email)?.id ?? null;
  const known = evidence.outcome === "verified" ? evidence.signer.principal : evidence.suspect;
  const whose = owner ?? known;
  const extensions = await extensionsOf(about);
  if (whose === null) return { here: [], elsewhere: [], newer: new Map(), extensions, owner };
  const { findOwnKeys } = await import("./own-keys.ts");
  const here = await findOwnKeys({ context, key }, top, environment);
  return { ...(await goodKeysOf(whose, loaded, here, context.config, now)), extensions, owner };
}

/** `key-expired`: the end that was reached is moved, the certificate's own or the policy's `until`. */
async function extensionsOf({ loaded, evidence, now }: KeyQuestion): Promise<readonly string[]> {
  const lapse = evidence.outcome === "verified" ? evidence.lapsed : evidence;
  if (lapse?.code !== "key-expired") return [];
  const named = evidence.outcome === "verified" ? evidence.signer.key.fingerprint : evidence.issuer;
  if (named === null) return [];
  const { selectKey } = await import("./key-select.ts");
  const { extendCommand } = await import("./key-extend.ts");
  try {
    const command = await extendCommand(selectKey(loaded, named), loaded, now);
    return command === null ? [] : [command];
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return [];
  }
}
