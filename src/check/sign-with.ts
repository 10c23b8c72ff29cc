/** What a person could sign with, in place of a key that the policy does not have or take. */
import { GitError } from "../errors.ts";
import { findWorkTree } from "../io/commit-context.ts";
import { GitConfig } from "../io/config.ts";
import type { Seconds } from "../model.ts";
import type { SignWith } from "../policy/fixes.ts";
import { goodKeysOf } from "./good-keys.ts";
import { findOwnKeys, type OwnKey } from "./own-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { readSigningSetUp, type SigningSetUp } from "./signing-setup.ts";

/** Where somebody works who could sign again. */
export interface SigningAt {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The keys that the policy takes from this principal today. With `at` gpg, ssh-add and `~/.ssh` are asked which of them
 * are on this machine; without it, as on a server, nothing is run.
 */
export async function signWith(
  principal: string,
  loaded: LoadedPolicy,
  now: Seconds,
  at: SigningAt | null,
): Promise<SignWith> {
  const found = at === null ? null : await keysAt(at);
  const config = found?.setUp.context.config ?? new GitConfig([]);
  const { here, elsewhere, newer } = await goodKeysOf(principal, loaded, found?.keys ?? [], config, now);
  const [first] = here;
  return first === undefined
    ? { principal, fingerprints: elsewhere, command: null, newer }
    : { principal, fingerprints: [first.fingerprint], command: first.command, newer };
}

async function keysAt({
  cwd,
  environment,
}: SigningAt): Promise<{ keys: readonly OwnKey[]; setUp: SigningSetUp } | null> {
  try {
    const tree = await findWorkTree(cwd, environment);
    const setUp = await readSigningSetUp(cwd, tree, environment);
    return { keys: await findOwnKeys(setUp, tree.top, environment), setUp };
  } catch (error) {
    // Nobody signs in a bare repository.
    if (error instanceof GitError) return null;
    throw error;
  }
}
