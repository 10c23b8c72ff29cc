/** Where signing programs are that git's configuration looks for in vain. */
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { basename, delimiter, join, resolve } from "node:path";
import type { ConfigValue } from "../io/config.ts";
import { shellWord } from "./hook-lines.ts";

export const noSuchProgram = (program: string): string => `the signing program ${program} is not there`;

type Variables = Readonly<Record<string, string | undefined>>;

interface Searched {
  readonly place: { readonly top: string };
  readonly environment: Variables;
}

/** Whether git could start it: by its path, or from the PATH. */
export async function canRun(program: string, top: string, environment: Variables): Promise<boolean> {
  const named = program.includes("/")
    ? [resolve(top, program)]
    : (environment["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
  for (const file of named) if (await isProgram(file)) return true;
  return process.platform === "win32";
}

const isProgram = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** What brings git's usual signer. */
export const installCommand = (format: "ssh" | "openpgp"): string =>
  process.platform === "darwin"
    ? `brew install ${format === "ssh" ? "openssh" : "gnupg"}`
    : `apt-get install ${PACKAGE[format]}`;

const USUAL = { ssh: "ssh-keygen", openpgp: "gpg" } as const;
const PACKAGE = { ssh: "openssh-client", openpgp: "gnupg" } as const;

/** One command: the place to which it moved, else back to git's own choice, else what brings that. `set`: the setting that names it. */
export async function programFix(
  { place, environment }: Searched,
  program: string,
  format: string,
  set: Pick<ConfigValue, "key" | "scope"> | null,
): Promise<string> {
  const kind = format === "ssh" ? "ssh" : "openpgp";
  const scope = set === null || set.scope === "local" || set.scope === "command" ? "" : ` --${set.scope}`;
  const key = set?.key ?? (kind === "ssh" ? "gpg.ssh.program" : "gpg.program");
  const moved = await movedTo(program, environment);
  if (moved !== null) return `git config${scope} ${key} ${shellWord(moved)}`;
  if (set !== null && (await canRun(USUAL[kind], place.top, environment)))
    return `git config${scope} --unset-all ${key}`;
  return installCommand(kind);
}

/**
 * 1Password's signer lies where the application does, and moved with it (developer.1password.com, "Sign Git commits with
 * SSH", and its page on WSL).
 */
async function movedTo(program: string, environment: Variables): Promise<string | null> {
  if (!/^op-ssh-sign(?:-wsl)?(?:\.exe)?$/.test(basename(program.replaceAll("\\", "/")))) return null;
  const fixed = ["/opt/1Password/op-ssh-sign", "/Applications/1Password.app/Contents/MacOS/op-ssh-sign"];
  const windows = environment["LOCALAPPDATA"];
  const own = windows === undefined ? [] : [join(windows, "1Password", "app", "8", "op-ssh-sign.exe")];
  for (const file of [...fixed, ...own, ...(await underWsl())]) if (await isProgram(file)) return file;
  return null;
}

async function underWsl(): Promise<readonly string[]> {
  const users = "/mnt/c/Users";
  const names = await readdir(users).catch(() => []);
  return names.flatMap((name) => {
    const local = join(users, name, "AppData", "Local");
    return [
      join(local, "Microsoft", "WindowsApps", "op-ssh-sign-wsl.exe"),
      join(local, "1Password", "app", "8", "op-ssh-sign-wsl"),
    ];
  });
}
