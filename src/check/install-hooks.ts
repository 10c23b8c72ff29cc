/** Hooks in git's own hooks directory. A hook that stands there is kept beside ours and runs behind it. */
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, isFolder, movePath, readTextIfAny, removePath, writeWhole } from "../io/files.ts";
import { ownProgram, shimText } from "../io/package-root.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop, liesIn, ownHooksPath } from "./client-place.ts";
import { CLIENT_HOOKS, type ClientHook, asLatin1, shellWord } from "./hook-lines.ts";
import type { InstallStep } from "./installation.ts";
import { isPlugAndPlay, notInProject, projectProgram } from "./program-path.ts";

/** Second line of every hook file that is ours as a whole. */
const MARK = /^#!\/bin\/sh\r?\n# signpolicy: (?:client|server) hook, /;
const KEPT = ".signpolicy-kept";

export const isOurHook = (text: string): boolean => MARK.test(text);
export const keptPath = (path: string): string => path + KEPT;

/**
 * Writes our hooks.
 *
 * @throws SignpolicyError ERR_INSTALL, with nothing written, where the directory is husky's or is shared by several
 * repositories, or signpolicy is not in the project
 */
export async function installHooks(
  place: ClientPlace,
  hooks: readonly ClientHook[] = CLIENT_HOOKS,
): Promise<readonly InstallStep[]> {
  refuseForeignDirectory(place);
  const text = await clientHook(place);
  const files = hooks.map((hook) => join(place.hooksDir, hook));
  await refuseLostHooks(files);
  const steps: InstallStep[] = [];
  for (const file of files) steps.push(await putHook(file, text, fromTop(place, file)));
  return steps;
}

/** Takes our hooks away and puts the kept ones back. */
export async function uninstallHooks(
  place: ClientPlace,
  hooks: readonly ClientHook[] = CLIENT_HOOKS,
): Promise<readonly InstallStep[]> {
  const steps: InstallStep[] = [];
  for (const hook of hooks) {
    const file = join(place.hooksDir, hook);
    steps.push(...(await takeHook(file, fromTop(place, file))));
  }
  return steps;
}

/** Stops before anything is written when a hook would have to be kept where another is kept already. */
export async function refuseLostHooks(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const present = await entryIfAny(file);
    if (present === null || (await entryIfAny(keptPath(file))) === null) continue;
    if (present.isFile() && isOurHook((await readTextIfAny(file)) ?? "")) continue;
    if (await isMadeAnew(file, keptPath(file))) continue;
    throw new SignpolicyError("ERR_INSTALL", `${file} is not ours, and ${keptPath(file)} keeps an earlier one`, {
      hint: "bring the two together in one file, delete the other, then try again",
    });
  }
}

/**
 * simple-git-hooks writes its files anew at each install of the packages, from package.json: what was kept of it is what it
 * writes, or older. The same bytes are the same hook, whoever wrote them.
 */
async function isMadeAnew(file: string, kept: string): Promise<boolean> {
  const [here, before] = [await readTextIfAny(file), await readTextIfAny(kept)];
  if (here === null || before === null) return false;
  return here === before || [here, before].every((text) => text.includes("SKIP_SIMPLE_GIT_HOOKS"));
}

/** Puts one hook file in place, executable. A foreign one is moved aside as it is: bytes, mode, symbolic link. */
export async function putHook(file: string, text: string, shown: string): Promise<InstallStep> {
  const present = await entryIfAny(file);
  const ours = present?.isFile() === true && isOurHook((await readTextIfAny(file)) ?? "");
  if (ours && (await readTextIfAny(file)) === text && (present.mode & 0o7777) === 0o755) {
    return { what: shown, changed: false };
  }
  if (present !== null && !ours) await movePath(file, keptPath(file));
  await writeWhole(file, text, { mode: 0o755 });
  const kept = present !== null && !ours;
  return { what: kept ? `${shown}; the hook that was there runs behind it` : shown, changed: true };
}

/** Takes one hook file of ours away. */
export async function takeHook(file: string, shown: string): Promise<readonly InstallStep[]> {
  const present = await entryIfAny(file);
  if (present?.isFile() === true && isOurHook((await readTextIfAny(file)) ?? "")) await removePath(file);
  else if (present !== null) return [];
  const kept = await entryIfAny(keptPath(file));
  if (kept !== null) await movePath(keptPath(file), file);
  if (present === null && kept === null) return [];
  return [{ what: kept === null ? shown : `${shown}; the hook that was there is back`, changed: true }];
}

/** The text of a hook file; `alone`: it lies where nobody else's clone reads it. */
export async function clientHook(place: ClientPlace, alone = isPrivate(place)): Promise<string> {
  const own = await projectProgram(place);
  // A linked work tree may have no node_modules: the copy that installs now serves there. Not from a folder that is
  // shared with other people's clones, and not from npx's cache, which comes and goes.
  const entry = ownProgram();
  const lasting = !/[\\/]_npx[\\/]/.test(entry) && alone && !(await isPlugAndPlay(place)) ? entry : null;
  const program = own ?? lasting;
  if (program === null) throw await notInProject(place);
  const template = await shimText("client");
  const word = (path: string) => shellWord(asLatin1(path));
  return template.replace("@PROGRAM@", () => word(program)).replace("@FALLBACK@", () => word(lasting ?? program));
}

/** Whether git's hooks directory belongs to this repository alone and is not part of its tracked files. */
const isPrivate = (place: ClientPlace): boolean =>
  liesIn(place.hooksDir, place.commonDir) || liesIn(place.hooksDir, place.gitDir);

function refuseForeignDirectory(place: ClientPlace): void {
  const { hooksDir } = place;
  if (/[\\/]\.husky[\\/]_$/.test(hooksDir)) {
    throw new SignpolicyError("ERR_INSTALL", "husky writes the hooks of this clone (core.hooksPath is .husky/_)", {
      hint: "signpolicy install --via husky",
    });
  }
  if (isPrivate(place) || liesIn(hooksDir, place.top)) return;
  const scope = place.hooksPaths.at(-1)?.scope ?? "local";
  const own = ownHooksPath(place);
  throw new SignpolicyError(
    "ERR_INSTALL",
    `core.hooksPath is ${hooksDir} (${scope} configuration${own === null ? ", none in this clone" : ""}): hooks there run in other repositories, too`,
    {
      hint: `give this clone its own directory: git config core.hooksPath ${shellWord(join(place.commonDir, "hooks"))} (hooks in ${hooksDir} then no longer run here)`,
    },
  );
}

/** Whether any of our hook files stands in git's hooks directory. */
export async function hasOurHooks(place: ClientPlace): Promise<boolean> {
  if (!(await isFolder(place.hooksDir))) return false;
  for (const hook of CLIENT_HOOKS) {
    if (isOurHook((await readTextIfAny(join(place.hooksDir, hook))) ?? "")) return true;
  }
  return false;
}
