import { join } from "node:path";
import { GitError, SignpolicyError } from "../errors.ts";
import { removeFolderIfEmpty } from "../io/files.ts";
import { forgetPolicy } from "../io/policy-memory.ts";
import { forgetMemo } from "../io/preflight-memo.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import { installRefspec, uninstallRefspec } from "./install-approvals.ts";
import { installHooks, uninstallHooks } from "./install-hooks.ts";
import { forgetHusky, hasOtherHuskyHooks, installHusky, uninstallHusky } from "./install-husky.ts";
import { forget, readMemory, writeMemory } from "./install-memory.ts";
import { forgetCloneCode, putCloneCode } from "./program-code.ts";
import { installPrepare, uninstallPrepare } from "./install-prepare.ts";
import type { ClientOptions, InstallClientOptions, InstallReport } from "./installation.ts";

const NOTHING: InstallReport = { steps: [], warnings: [] };

/**
 * Puts the client hooks into this clone, and for a team into `package.json`. Run twice, the second run changes nothing.
 * Run by npm's `prepare` it only touches the clone, and does nothing in CI or outside a repository.
 *
 * @throws SignpolicyError ERR_INSTALL; GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING
 */
export async function installClient(options: InstallClientOptions): Promise<InstallReport> {
  const prepared = options.environment["npm_lifecycle_event"] === "prepare";
  if (prepared && (options.environment["CI"] ?? "") !== "") return NOTHING;
  const place = await findClient(options).catch((error: unknown) => {
    // A container builds without .git, and perhaps without git: `npm install` goes on there.
    if (prepared && error instanceof GitError) return null;
    throw error;
  });
  if (place === null) return { steps: [], warnings: ["no hooks were installed: there is no git repository here"] };
  const via = options.via ?? (place.usesHusky ? "husky" : "hooks");
  if (via === "config") await refuseConfig(place);
  const memory = await readMemory(place.commonDir);
  const hooks =
    via === "husky"
      ? await installHusky(place, memory, options.environment)
      : { memory, steps: await installHooks(place), warnings: [] };
  const prepare = prepared ? { memory: hooks.memory, ...NOTHING } : await installPrepare(place, via, hooks.memory);
  await writeMemory(place.commonDir, prepare.memory);
  await putCloneCode(place.commonDir);
  const fetches = await installRefspec(place);
  return { steps: [...hooks.steps, ...prepare.steps, ...fetches], warnings: [...hooks.warnings, ...prepare.warnings] };
}

/**
 * Restores what was there before `installClient`, byte for byte where nobody changed it since. Other hooks of husky's
 * keep working.
 *
 * @throws SignpolicyError ERR_INSTALL; GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING
 */
export async function uninstallClient(options: ClientOptions): Promise<InstallReport> {
  const place = await findClient(options);
  const memory = await readMemory(place.commonDir);
  const husky = await uninstallHusky(place, memory);
  const others = await hasOtherHuskyHooks(place);
  // Hooks that came after us rest on the husky that we set up; others had their own way before.
  const needed = others && (memory.hooksPath !== null || Object.keys(memory.edited).length === 0);
  const prepare = await uninstallPrepare(place, memory, needed);
  const path = others ? [] : await forgetHusky(place, memory);
  // Hooks that husky hid, or that were put in before it came.
  const plain = await uninstallHooks({ ...place, hooksDir: join(place.commonDir, "hooks") });
  const configured = await uninstallHooks(place);
  for (const gitDir of [place.gitDir, place.commonDir]) forgetMemo(gitDir);
  await forgetCloneCode(place.commonDir);
  forgetPolicy(place.commonDir);
  await forget(place.commonDir);
  if (!others) await removeFolderIfEmpty(place.huskyDir);
  const fetches = await uninstallRefspec(place);
  const steps = [...husky, ...plain, ...configured, ...prepare, ...path, ...fetches];
  return { steps, warnings: steps.length === 0 ? ["nothing of signpolicy was installed here"] : [] };
}

async function refuseConfig(place: ClientPlace): Promise<never> {
  const { major, minor } = await place.porcelain.version();
  const old = major < 2 || (major === 2 && minor < 54);
  const message = old
    ? `--via config needs git 2.54 or newer; this is git ${String(major)}.${String(minor)}`
    : "--via config is not built yet";
  throw new SignpolicyError("ERR_INSTALL", message, { hint: "signpolicy install --via hooks" });
}
