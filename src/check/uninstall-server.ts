import { basename, join, resolve } from "node:path";
import { entryIfAny, readTextIfAny, removeFolderIfEmpty, removePath } from "../io/files.ts";
import { asOwner } from "../io/privileges.ts";
import { recordPath, removeRecord } from "../io/record-file.ts";
import { forgetFrontier } from "../io/frontier-file.ts";
import { forgetAnswers } from "../io/kept-answer.ts";
import { liesIn } from "./client-place.ts";
import type { InstallReport, InstallStep, ServerOptions } from "./installation.ts";
import { takeHook } from "./install-hooks.ts";
import { commonHook, hookFile, layoutOf, strayHooks } from "./server-layout.ts";
import type { ServerMemory } from "./server-memory.ts";
import { forgetServer, readServerMemory } from "./server-memory.ts";
import type { ServerPlace } from "./server-place.ts";
import { versionIn } from "./server-package.ts";
import { SERVER_HOOKS, findServer, refuseForeignOwner } from "./server-place.ts";
import { NOTHING_INSTALLED } from "./installation.ts";

/** Restores what was there before `installServer`. A record of pushes stays, since nothing else holds it. */
export async function uninstallServer(repository: string, options: ServerOptions): Promise<InstallReport> {
  const place = await findServer(repository, options.directory, options.environment);
  refuseForeignOwner(place);
  const memory = await readServerMemory(place.gitDir);
  const shared = await removeShared(memory, options);
  return asOwner(place.owner, () => uninstallIn(place, memory, shared, options));
}

async function uninstallIn(
  place: ServerPlace,
  memory: ServerMemory,
  shared: readonly InstallStep[],
  options: ServerOptions,
): Promise<InstallReport> {
  const layout = await layoutOf(place, memory, options);
  const files = SERVER_HOOKS.map((hook) => hookFile(place, layout, hook));
  const steps: InstallStep[] = [];
  for (const file of [...files, ...(await strayHooks(place, layout))]) steps.push(...(await takeHook(file, file)));
  if (layout === "gitlab" || layout === "gitea") for (const file of files) await removeFolderIfEmpty(join(file, ".."));
  if (layout === "gitlab") await removeFolderIfEmpty(join(place.gitDir, "custom_hooks"));
  steps.push(...(await unpinPolicy(place, memory)));
  const own = join(place.gitDir, "signpolicy");
  steps.push(...shared, ...(await removePrograms(memory, [own])));
  await forgetServer(place.gitDir);
  const record = await removeEmptyRecord(place);
  await removeFolderIfEmpty(own);
  const nothing = steps.length === 0 ? [NOTHING_INSTALLED] : [];
  const linked = await linkedWarning(place);
  return { steps: [...steps, ...record.steps], warnings: [...nothing, ...linked, ...record.warnings] };
}

/** Every version that `putProgram` may have named a folder by. */
const VERSION = /^\d+\.\d+\.\d+(?:[-+][\dA-Za-z.+-]+)?$/;

/**
 * Removes copies of the program under the prefix that was named. Root may do this by a list that the repository's owner can
 * write, so nothing goes but what `install` puts there: a folder right under the prefix, spelled like that, that is named by
 * a version and holds our manifest of that version.
 */
export async function removeShared(memory: ServerMemory, options: ServerOptions): Promise<InstallStep[]> {
  if (options.prefix === undefined) return [];
  const prefix = resolve(options.directory, options.prefix);
  const programs: string[] = [];
  for (const folder of memory.programs) {
    const version = basename(folder);
    if (folder !== join(prefix, version) || !VERSION.test(version)) continue;
    if ((await versionIn(folder)) === version) programs.push(folder);
  }
  return removePrograms({ ...memory, programs }, [prefix]);
}

/** Removes the copies of the program that lie in one of these folders. */
export async function removePrograms(memory: ServerMemory, folders: readonly string[]): Promise<InstallStep[]> {
  const steps: InstallStep[] = [];
  for (const folder of memory.programs.filter((known) => folders.some((parent) => liesIn(known, parent)))) {
    if ((await entryIfAny(join(folder, "manifest.json"))) === null) continue;
    await removePath(folder);
    steps.push({ what: `program in ${folder}`, changed: true });
  }
  return steps;
}

/** Under gitolite pushes are judged as long as the common hook is there. */
async function linkedWarning(place: ServerPlace): Promise<readonly string[]> {
  const common = await commonHook(place, "pre-receive");
  if (common === null) return [];
  return [`gitolite still links ${common}: take it out with signpolicy uninstall --server GITOLITE_HOME`];
}

async function unpinPolicy(place: ServerPlace, memory: ServerMemory): Promise<readonly InstallStep[]> {
  const present = (await place.porcelain.config()).getAll("signpolicy.policy", ["local"]).at(-1);
  if (memory.policy === undefined || present !== memory.policy.after) return [];
  const { before } = memory.policy;
  if (before === null) await place.porcelain.unsetConfig("signpolicy.policy");
  else await place.porcelain.setConfig("signpolicy.policy", before);
  return [{ what: `signpolicy.policy, as it was: ${before ?? "not set"}`, changed: true }];
}

/** A record that holds a baseline alone goes; one that tells of pushes is nobody's to delete by the way. */
async function removeEmptyRecord(place: ServerPlace): Promise<InstallReport> {
  const path = recordPath(place.gitDir);
  const text = await readTextIfAny(path);
  const steps: InstallStep[] = [];
  if ((await place.porcelain.config()).get("signpolicy.record", ["local"]) !== null) {
    await place.porcelain.unsetConfig("signpolicy.record");
    steps.push({ what: "signpolicy.record, as it was: not set", changed: true });
  }
  await removePath(join(place.gitDir, "signpolicy", "pending"));
  forgetAnswers(place.gitDir);
  forgetFrontier(place.gitDir);
  if (text === null) return { steps, warnings: [] };
  if (/"kind":"(?:landed|segment)"/.test(text)) {
    return { steps, warnings: [`the record of past pushes stays in ${path}: delete it if nobody will need it`] };
  }
  await removeRecord(place.gitDir);
  return { steps: [...steps, { what: `record in ${path}`, changed: true }], warnings: [] };
}
