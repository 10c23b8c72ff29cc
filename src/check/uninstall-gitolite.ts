import { join } from "node:path";
import { linkIfAny, removeFolderIfEmpty, removePath, targetIfAny } from "../io/files.ts";
import { asOwner } from "../io/privileges.ts";
import { liesIn } from "./client-place.ts";
import { eachRepository } from "./each-server.ts";
import type { GitolitePlace } from "./gitolite.ts";
import { findGitolite, linkedHook } from "./gitolite.ts";
import type { InstallReport, InstallStep, PerRepository, ServerOptions } from "./installation.ts";
import { takeHook } from "./install-hooks.ts";
import type { ServerMemory } from "./server-memory.ts";
import { forgetServer, readServerMemory } from "./server-memory.ts";
import { SERVER_HOOKS, refuseForeignOwner } from "./server-place.ts";
import { removePrograms, removeShared, uninstallServer } from "./uninstall-server.ts";
import { NOTHING_INSTALLED } from "./installation.ts";

/** Takes the common hooks and the program away, and what each repository has of its own. */
export async function uninstallGitolite(
  home: string,
  options: ServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  const place = await findGitolite(home, options);
  const { localCode, owner } = place;
  refuseForeignOwner({ gitDir: place.home, owner });
  const memory = await readServerMemory(localCode);
  const shared = await removeShared(memory, options);
  return asOwner(owner, () => uninstallIn(place, memory, shared, options));
}

async function uninstallIn(
  place: GitolitePlace,
  memory: ServerMemory,
  shared: readonly InstallStep[],
  options: ServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  const { localCode, hooksDir } = place;
  const steps: InstallStep[] = [];
  for (const hook of SERVER_HOOKS) {
    const file = join(hooksDir, hook);
    steps.push(...(await takeHook(file, file)));
  }
  await removeDeadLinks(place);
  const own = join(localCode, "signpolicy");
  steps.push(...shared, ...(await removePrograms(memory, [own])));
  await forgetServer(localCode);
  await removeFolderIfEmpty(own);
  const warnings = steps.length === 0 ? [NOTHING_INSTALLED] : [];
  const rest = await eachRepository(place.repositories, (repository) => uninstallServer(repository, options));
  return [{ repository: place.home, result: { steps, warnings } }, ...rest];
}

/** gitolite leaves links behind that lead to nothing any more. */
async function removeDeadLinks(place: GitolitePlace): Promise<void> {
  for (const repository of place.repositories) {
    for (const hook of SERVER_HOOKS) {
      const file = linkedHook(repository, hook);
      const link = await linkIfAny(file);
      if (link !== null && liesIn(link, place.hooksDir) && (await targetIfAny(file)) === null) await removePath(file);
    }
  }
}
