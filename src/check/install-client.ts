import { SignpolicyError } from "../errors.ts";
import type { ClientOptions, InstallClientOptions, InstallReport } from "./installation.ts";

/**
 * Puts the client hooks into this clone, and for a team into `package.json`. Run twice, the second run changes nothing.
 *
 * @throws SignpolicyError ERR_INSTALL; GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING
 */
export function installClient(options: InstallClientOptions): Promise<InstallReport> {
  return Promise.reject(new SignpolicyError("ERR_INSTALL", `not built yet: install in ${options.directory}`));
}

/** Restores what was there before `installClient`. */
export function uninstallClient(options: ClientOptions): Promise<InstallReport> {
  return Promise.reject(new SignpolicyError("ERR_INSTALL", `not built yet: uninstall in ${options.directory}`));
}
