import { checkClient } from "./check-client.ts";
import { checkGitolite } from "./check-gitolite.ts";
import { ProgramChecks } from "./check-program.ts";
import { checkServer } from "./check-server.ts";
import { eachServer } from "./each-server.ts";
import type { CheckReport, PerRepository, ServerOptions } from "./installation.ts";

export { checkClient };

/** Whether the server's hooks of each repository will run and judge by the policy they were given. */
export function checkServers(
  repositories: readonly string[],
  options: ServerOptions,
): Promise<readonly PerRepository<CheckReport>[]> {
  const programs = new ProgramChecks();
  return eachServer(repositories, options, {
    repository: (repository) => checkServer(repository, options, programs),
    gitolite: (home) => checkGitolite(home, options, programs),
  });
}
