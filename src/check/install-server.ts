import { join } from "node:path";
import type { InstallReport, InstallStep, ServerLayout } from "./installation.ts";
import { refuseLostHooks, takeHook } from "./install-hooks.ts";
import { withOwnerRights } from "./owner-rights.ts";
import type { Installation } from "./prepare-repository.ts";
import { prepareRepository } from "./prepare-repository.ts";
import { prepareProgram, programsAfter, putProgram, type PutProgram } from "./put-program.ts";
import { putServerHooks } from "./put-server-hooks.ts";
import { hookFile, isLinked, layoutOf, refuseForeignFolder, strayHooks } from "./server-layout.ts";
import { readServerMemory } from "./server-memory.ts";
import type { ServerPlace } from "./server-place.ts";
import { SERVER_HOOKS, findServer, refuseForeignOwner, refuseSharedHooks, writers } from "./server-place.ts";

/** Installs one repository's hooks, wherever its server looks for them. */
export async function installServer(repository: string, installation: Installation): Promise<InstallReport> {
  const { options } = installation;
  const place = await findServer(repository, options.directory, options.environment);
  refuseForeignOwner(place);
  await prepareProgram(ownFolder(place.gitDir), place.owner, installation);
  // A prefix serves several owners and belongs to none of them.
  const shared = options.prefix === undefined ? null : await putProgram("", place.owner, installation);
  return withOwnerRights(place, options, () => installIn(place, installation, shared));
}

const ownFolder = (gitDir: string): string => join(gitDir, "signpolicy");

async function installIn(
  place: ServerPlace,
  installation: Installation,
  shared: PutProgram | null,
): Promise<InstallReport> {
  const memory = await readServerMemory(place.gitDir);
  const layout = await layoutOf(place, memory, installation.options);
  if (layout === "gitolite" && (await isLinked(place))) return prepareRepository(place, memory, installation);
  await refuseForeignFolder(place, layout);
  if (layout === "bare" || layout === "gitolite") await refuseSharedHooks(place);
  const fileOf = (hook: (typeof SERVER_HOOKS)[number]) => hookFile(place, layout, hook);
  await refuseLostHooks(SERVER_HOOKS.map(fileOf));
  const put = shared ?? (await putProgram(ownFolder(place.gitDir), place.owner, installation));
  const prepared = await prepareRepository(place, { ...memory, programs: programsAfter(memory, put) }, installation);
  const hooks = await putServerHooks(fileOf, put);
  const strays: InstallStep[] = [];
  for (const file of await strayHooks(place, layout)) {
    for (const step of await takeHook(file, file)) strays.push({ ...step, what: `${step.what} (moved)` });
  }
  const steps = [put.step, ...prepared.steps, ...hooks.steps, ...strays];
  const warnings = [
    ...hooksPathWarning(place, layout),
    ...hooks.warnings,
    ...(await safetyWarnings(place, put.folder, fileOf("pre-receive"))),
    ...prepared.warnings,
  ];
  return { steps, warnings: [...new Set(warnings)] };
}

function hooksPathWarning(place: ServerPlace, layout: ServerLayout): readonly string[] {
  if (place.hooksScope === null || layout === "gitlab") return [];
  return [`hooks are in ${place.hooksDir}: core.hooksPath is set (${place.hooksScope} configuration)`];
}

/** What others could change of what was installed here. */
export async function safetyWarnings(
  { owner }: Pick<ServerPlace, "owner">,
  folder: string,
  hook: string,
): Promise<readonly string[]> {
  return [
    ...(await writers("the program", folder, owner)),
    ...(await writers("the hooks directory", join(hook, ".."), owner)),
  ];
}
