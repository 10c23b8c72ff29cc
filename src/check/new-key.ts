/** A new SSH key to sign with, for who has none. */
import { join } from "node:path";
import { SignpolicyError, UsageError } from "../errors.ts";
import { entryIfAny, makeFolder } from "../io/files.ts";
import { runAttached } from "../io/programs.ts";
import type { OwnKey } from "./own-keys.ts";
import { expandHome } from "./signing-key.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface NewKey {
  readonly file: string;
  readonly argv: readonly string[];
  /** As a person would type it. */
  readonly shown: string;
}

/**
 * The command that makes it, under a name that is free. `ask`: ssh-keygen asks for a passphrase itself; else there is none.
 *
 * @param usable - keys of this machine that are no reason for another one
 * @throws UsageError where one of them has the name
 */
export async function planNewKey(
  email: string,
  environment: Variables,
  ask: boolean,
  usable: readonly OwnKey[],
): Promise<NewKey> {
  const home = environment["HOME"];
  if (home === undefined) {
    throw new UsageError("HOME is not set, so there is no place for a key", {
      hint: "make one with ssh-keygen, and name it: --key FILE.pub",
    });
  }
  const files = new Set(usable.map(({ signingKey }) => expandHome(signingKey, environment).replace(/\.pub$/, "")));
  let name = "id_ed25519_signing";
  for (let n = 2; await isTaken(join(home, ".ssh", name)); n += 1) {
    const file = join(home, ".ssh", name);
    if (files.has(file))
      throw new UsageError(`there is a key already: ${file}`, { hint: `name it: --key ${file}.pub` });
    name = `id_ed25519_signing_${n}`;
  }
  const file = join(home, ".ssh", name);
  const argv = ["-q", "-t", "ed25519", "-C", email, "-f", file, ...(ask ? [] : ["-N", ""])];
  return { file, argv, shown: `ssh-keygen -t ed25519 -C ${email} -f ~/.ssh/${name}${ask ? "" : " -N ''"}` };
}

/** By either half. */
const isTaken = async (file: string): Promise<boolean> =>
  (await entryIfAny(file)) !== null || (await entryIfAny(`${file}.pub`)) !== null;

/** Runs it. @throws SignpolicyError ERR_IO when no key was made */
export async function makeNewKey({ file, argv }: NewKey, cwd: string, environment: Variables): Promise<void> {
  await makeFolder(join(file, ".."));
  const status = await runAttached("ssh-keygen", argv, { cwd, environment });
  if (status !== 0) {
    throw new SignpolicyError("ERR_IO", "ssh-keygen made no key; nothing was changed", {
      hint: `what it said stands above; or make one yourself, and name it: --key ${file}.pub`,
    });
  }
}
