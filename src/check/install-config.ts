/** Hooks in git's configuration (git 2.54, githooks(5)): beside whatever owns the hooks directory, and none of it is touched. */
import { dirname, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, readTextIfAny, removeFolderIfEmpty, removePath } from "../io/files.ts";
import type { ClientPlace } from "./client-place.ts";
import { CLIENT_HOOKS, type ClientHook, shellWord } from "./hook-lines.ts";
import { clientHook, isOurHook, putHook } from "./install-hooks.ts";
import type { InstallStep } from "./installation.ts";

/** Older git reads such configuration and runs nothing. */
export const CONFIG_SINCE = { major: 2, minor: 54 } as const;

export const isNewEnough = ({ major, minor }: { readonly major: number; readonly minor: number }): boolean =>
  major > CONFIG_SINCE.major || (major === CONFIG_SINCE.major && minor >= CONFIG_SINCE.minor);

/** `hook.signpolicy-pre-commit`: one name an event, since git does not tell a command which event it is for. */
export const hookSection = (hook: ClientHook): string => `hook.signpolicy-${hook}`;

/** What git starts lies in the common git directory, so that it serves every work tree and no checkout changes it. */
export const configHookFile = (place: Pick<ClientPlace, "commonDir">, hook: ClientHook): string =>
  join(place.commonDir, "signpolicy", "hooks", hook);

/** Events for which this clone's configuration names our command. */
export const configuredHooks = (place: ClientPlace): readonly ClientHook[] =>
  CLIENT_HOOKS.filter((hook) => own(place, hook, "command").length > 0);

const own = (place: ClientPlace, hook: ClientHook, variable: string): readonly (string | null)[] =>
  place.hookConfig
    .filter(
      ({ key, scope }) => key === `${hookSection(hook)}.${variable}` && (scope === "local" || scope === "worktree"),
    )
    .map(({ value }) => value);

/** @throws SignpolicyError ERR_INSTALL where git is too old to run them, or signpolicy is not in the project */
export async function installConfigHooks(place: ClientPlace): Promise<readonly InstallStep[]> {
  const version = await place.porcelain.version();
  if (!isNewEnough(version)) {
    const here = `${String(version.major)}.${String(version.minor)}`;
    throw new SignpolicyError("ERR_INSTALL", `--via config needs git 2.54 or newer; this is git ${here}`, {
      hint: "signpolicy install --via hooks",
    });
  }
  const text = await clientHook(place, true);
  const steps: InstallStep[] = [];
  for (const hook of CLIENT_HOOKS) {
    const file = configHookFile(place, hook);
    const written = await putHook(file, text, file);
    const values = [
      ["event", hook],
      ["command", shellWord(file)],
    ] as const;
    let changed = written.changed;
    for (const [variable, value] of values) {
      if (own(place, hook, variable).join("\0") === value) continue;
      await place.porcelain.setConfig(`${hookSection(hook)}.${variable}`, value);
      changed = true;
    }
    steps.push({ what: `${hookSection(hook)} in this clone's configuration`, changed });
  }
  return steps;
}

export async function uninstallConfigHooks(place: ClientPlace): Promise<readonly InstallStep[]> {
  const steps: InstallStep[] = [];
  for (const hook of CLIENT_HOOKS) {
    const variables = ["event", "command", "enabled"].filter((variable) => own(place, hook, variable).length > 0);
    for (const variable of variables) await place.porcelain.unsetConfig(`${hookSection(hook)}.${variable}`);
    const file = configHookFile(place, hook);
    if ((await entryIfAny(file)) !== null && isOurHook((await readTextIfAny(file)) ?? "")) await removePath(file);
    if (variables.length > 0) steps.push({ what: `${hookSection(hook)} in this clone's configuration`, changed: true });
  }
  await removeFolderIfEmpty(dirname(configHookFile(place, "pre-commit")));
  return steps;
}
