import { join } from "node:path";
import type { ProgramChecks } from "./check-program.ts";
import { checkServer } from "./check-server.ts";
import { eachRepository } from "./each-server.ts";
import { findGitolite } from "./gitolite.ts";
import { shellWord } from "./hook-lines.ts";
import { pushedWarning, unlinked, notLed } from "./install-gitolite.ts";
import type { CheckReport, PerRepository, Problem, ServerOptions } from "./installation.ts";

/** Looks at the common hooks of a gitolite and at each of its repositories, as they see them. */
export async function checkGitolite(
  home: string,
  options: ServerOptions,
  programs: ProgramChecks,
): Promise<readonly PerRepository<CheckReport>[]> {
  const place = await findGitolite(home, options);
  const missing = await unlinked(place);
  const problems: Problem[] = missing.map((file) => ({
    message: notLed(file, place.hooksDir),
    fix: `signpolicy install --server ${shellWord(place.home)}`,
  }));
  const passed = missing.length === 0 ? [`every repository's hooks lead to ${place.hooksDir}`] : [];
  const own = {
    passed,
    problems,
    warnings: pushedWarning(place).map((message) => ({
      message,
      fix: 'LOCAL_CODE => "$ENV{HOME}/local", in ~/.gitolite.rc',
    })),
  };
  const named = new Set(missing.map((file) => join(file, "..", "..")));
  // What is not linked has been told; the rest is looked at as git will run it.
  const linked = place.repositories.filter((repository) => !named.has(repository));
  const rest = await eachRepository(linked, (repository) => checkServer(repository, options, programs));
  return [{ repository: place.home, result: own }, ...rest];
}
