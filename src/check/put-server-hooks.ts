/** Writes a server's hook files, whoever runs them. */
import { dirname } from "node:path";
import { entryIfAny, makeFolder, readTextIfAny } from "../io/files.ts";
import type { InstallReport, InstallStep } from "./installation.ts";
import { isOurHook, keptPath, putHook } from "./install-hooks.ts";
import type { ServerHookParts } from "./server-hook.ts";
import { renderServerHook } from "./server-hook.ts";
import { SERVER_HOOKS, type ServerHook } from "./server-place.ts";

/** Puts each hook where `fileOf` says. A hook that git ran there before is kept and runs behind ours. */
export async function putServerHooks(
  fileOf: (hook: ServerHook) => string,
  { node, entry }: Pick<ServerHookParts, "node" | "entry">,
): Promise<InstallReport> {
  const steps: InstallStep[] = [];
  const warnings: string[] = [];
  for (const hook of SERVER_HOOKS) {
    const file = fileOf(hook);
    await makeFolder(dirname(file));
    const foreign = (await entryIfAny(keptPath(file))) ?? (await foreignHook(file));
    const runs = foreign !== null && (foreign.isSymbolicLink() || (foreign.mode & 0o111) !== 0);
    if (foreign !== null && !runs) warnings.push(`${keptPath(file)} was not executable: git did not run it, nor do we`);
    const parts = { node, entry, then: runs ? keptPath(file) : null };
    const step = await putHook(file, await renderServerHook(hook, parts), file);
    steps.push(step);
  }
  return { steps, warnings };
}

async function foreignHook(file: string): ReturnType<typeof entryIfAny> {
  const present = await entryIfAny(file);
  if (present === null || !present.isFile()) return present;
  return isOurHook((await readTextIfAny(file)) ?? "") ? null : present;
}
