import { join } from "node:path";
import { realPathIfAny } from "../io/files.ts";
import { shimText } from "../io/package-root.ts";
import { asOwner } from "../io/privileges.ts";
import { eachRepository } from "./each-server.ts";
import type { GitolitePlace } from "./gitolite.ts";
import { findGitolite, linkCommonHooks, linkedHook } from "./gitolite.ts";
import type { InstallReport, InstallStep, PerRepository } from "./installation.ts";
import { refuseLostHooks } from "./install-hooks.ts";
import { safetyWarnings } from "./install-server.ts";
import { withOwnerRights } from "./owner-rights.ts";
import type { Installation } from "./prepare-repository.ts";
import { prepareRepository } from "./prepare-repository.ts";
import { prepareProgram, programsAfter, putProgram } from "./put-program.ts";
import { putServerHooks } from "./put-server-hooks.ts";
import { readServerMemory, writeServerMemory } from "./server-memory.ts";
import { SERVER_HOOKS, findServer, refuseForeignOwner } from "./server-place.ts";

/**
 * Installs for every repository of a gitolite: the program beside its local code, the hooks where gitolite links them from,
 * and in each repository what is its own. The hooks come last, so that no push meets them without a baseline.
 */
export async function installGitolite(
  home: string,
  installation: Installation,
): Promise<readonly PerRepository<InstallReport>[]> {
  const { options } = installation;
  const place = await findGitolite(home, options);
  const { localCode, hooksDir, owner } = place;
  refuseForeignOwner({ gitDir: place.home, owner });
  const own = join(localCode, "signpolicy");
  await prepareProgram(own, owner, installation);
  const shared = options.prefix === undefined ? null : await putProgram("", owner, installation);
  await shimText("server");
  const put = await asOwner(owner, async () => {
    await refuseLostHooks(SERVER_HOOKS.map((hook) => join(hooksDir, hook)));
    const memory = await readServerMemory(localCode);
    const program = shared ?? (await putProgram(own, owner, installation));
    await writeServerMemory(localCode, { ...memory, programs: programsAfter(memory, program) }, owner);
    return program;
  });
  const prepared = await eachRepository(place.repositories, async (repository) => {
    const its = await findServer(repository, options.directory, options.environment);
    return withOwnerRights(its, options, async () =>
      prepareRepository(its, await readServerMemory(its.gitDir), installation),
    );
  });
  const hooks = await asOwner(owner, () => putServerHooks((hook) => join(hooksDir, hook), put));
  const before = await unlinked(place);
  if (before.length > 0) await linkCommonHooks(place, options);
  const links: InstallStep = { what: `links to them in every repository`, changed: before.length > 0 };
  const steps = [put.step, ...hooks.steps, links];
  const warnings = [
    ...hooks.warnings,
    ...(await safetyWarnings({ owner }, put.folder, join(hooksDir, "pre-receive"))),
    ...pushedWarning(place),
    ...(await unlinked(place)).map((file) => notLed(file, hooksDir)),
  ];
  return [{ repository: place.home, result: { steps, warnings } }, ...prepared];
}

export const notLed = (file: string, hooksDir: string): string =>
  `${file} does not lead to ${hooksDir}: pushes there are not judged`;

export const pushedWarning = (place: GitolitePlace): readonly string[] =>
  place.localCodeIsPushed
    ? [`LOCAL_CODE is ${place.localCode}: whoever may push gitolite-admin may change the hooks`]
    : [];

/** Links of repositories that should lead to a common hook and do not. */
export async function unlinked(place: GitolitePlace): Promise<readonly string[]> {
  const found: string[] = [];
  for (const repository of place.repositories) {
    for (const hook of SERVER_HOOKS) {
      const real = await realPathIfAny(linkedHook(repository, hook));
      const common = await realPathIfAny(join(place.hooksDir, hook));
      if (real === null || real !== common) found.push(linkedHook(repository, hook));
    }
  }
  return found;
}
