/** A new SSH key to sign with, for who has none. */
import { join } from "node:path";
import { SignpolicyError, UsageError } from "../errors.ts";
import { entryIfAny, makeFolder } from "../io/files.ts";
import { runAttached } from "../io/programs.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface NewKey {
  readonly file: string;
  readonly argv: readonly string[];
  /** As a person would type it. */
  readonly shown: string;
}

/**
 * The command that makes it. `ask`: ssh-keygen asks for a passphrase itself; else there is none.
 *
 * @throws UsageError where there is such a file already
 */
export async function planNewKey(email: string, environment: Variables, ask: boolean): Promise<NewKey> {
  const home = environment["HOME"];
  if (home === undefined) {
    throw new UsageError("HOME is not set, so there is no place for a key", {
      hint: "make one with ssh-keygen, and name it: --key FILE.pub",
    });
  }
  const file = join(home, ".ssh", "id_ed25519_signing");
  if ((await entryIfAny(file)) !== null) {
    throw new UsageError(`there is a key already: ${file}`, { hint: `name it: --key ${file}.pub` });
  }
  const argv = ["-q", "-t", "ed25519", "-C", email, "-f", file, ...(ask ? [] : ["-N", ""])];
  return { file, argv, shown: `ssh-keygen -t ed25519 -C ${email} -f ~/.ssh/id_ed25519_signing${ask ? "" : " -N ''"}` };
}

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
