import { SignpolicyError } from "../errors.ts";
import type { CheckReport, ClientOptions, PerRepository, ServerOptions } from "./installation.ts";

/** Whether the client hooks of this work tree will run; read-only, never runs a foreign hook. */
export function checkClient(options: ClientOptions): Promise<CheckReport> {
  return Promise.reject(new SignpolicyError("ERR_INSTALL", `not built yet: check-install in ${options.directory}`));
}

/** Whether the server's hooks of each repository will run and judge by the policy they were given. */
export function checkServers(
  repositories: readonly string[],
  options: ServerOptions,
): Promise<readonly PerRepository<CheckReport>[]> {
  const error = new SignpolicyError("ERR_INSTALL", `not built yet: check-install --server ${typeof options}`);
  return Promise.resolve(repositories.map((repository) => ({ repository, error })));
}
