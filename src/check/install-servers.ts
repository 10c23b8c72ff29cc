import { resolve } from "node:path";
import { eachServer } from "./each-server.ts";
import { installGitolite } from "./install-gitolite.ts";
import type { InstallReport, InstallServerOptions, PerRepository, ServerOptions } from "./installation.ts";
import { installServer } from "./install-server.ts";
import { collectProgram } from "./collect-program.ts";
import { loadPinned } from "./server-policy.ts";
import { uninstallGitolite } from "./uninstall-gitolite.ts";
import { uninstallServer } from "./uninstall-server.ts";

/**
 * Installs the server's hooks in each repository: the program, its hooks, the pinned policy, the record's baseline. All
 * repositories are attempted; one that fails is left as it was as far as it had not come to its own steps.
 *
 * @throws SignpolicyError ERR_INSTALL for an incomplete package; PolicyError for a policy that cannot be used
 */
export async function installServers(
  repositories: readonly string[],
  options: InstallServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  const program = await collectProgram(options.selfContained === true);
  const policy = options.policy === undefined ? null : resolve(options.directory, options.policy);
  if (policy !== null) await loadPinned(policy);
  const installation = { program, policy, options };
  return eachServer(repositories, options, {
    repository: (repository) => installServer(repository, installation),
    gitolite: (home) => installGitolite(home, installation),
  });
}

/** Restores what was there before `installServers`. A record of pushes stays, since nothing else holds it. */
export function uninstallServers(
  repositories: readonly string[],
  options: ServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  return eachServer(repositories, options, {
    repository: (repository) => uninstallServer(repository, options),
    gitolite: (home) => uninstallGitolite(home, options),
  });
}
