import { SignpolicyError } from "../errors.ts";
import type { InstallReport, InstallServerOptions, PerRepository, ServerOptions } from "./installation.ts";

/** Installs the server's hooks in each repository; all are attempted. */
export function installServers(
  repositories: readonly string[],
  options: InstallServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  const error = new SignpolicyError("ERR_INSTALL", `not built yet: install --server ${typeof options}`);
  return Promise.resolve(repositories.map((repository) => ({ repository, error })));
}

/** Restores what was there before `installServers`. */
export function uninstallServers(
  repositories: readonly string[],
  options: ServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  const error = new SignpolicyError("ERR_INSTALL", `not built yet: uninstall --server ${typeof options}`);
  return Promise.resolve(repositories.map((repository) => ({ repository, error })));
}
