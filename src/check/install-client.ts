import { join } from "node:path";
import { GitError } from "../errors.ts";
import { removeFolderIfEmpty } from "../io/files.ts";
import { forgetFrontier } from "../io/frontier-file.ts";
import { forgetAnswers } from "../io/kept-answer.ts";
import { forgetMemo } from "../io/preflight-memo.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import { installRefspec, uninstallRefspec } from "./install-approvals.ts";
import { lefthook, preCommit } from "./hook-managers.ts";
import { installConfigHooks, isNewEnough, uninstallConfigHooks } from "./install-config.ts";
import { installManager, uninstallManagers, usesLefthook } from "./install-manager.ts";
import { installHooks, uninstallHooks } from "./install-hooks.ts";
import { forgetHusky, hasOtherHuskyHooks, installHusky, uninstallHusky } from "./install-husky.ts";
import { forget, type InstallMemory, readMemory, writeMemory } from "./install-memory.ts";
import { forgetCloneCode, putCloneCode } from "./program-code.ts";
import { type Edited, installPrepare, uninstallPrepare } from "./install-prepare.ts";
import type { ClientOptions, ClientVia, InstallClientOptions, InstallReport } from "./installation.ts";
import { NOTHING_INSTALLED } from "./installation.ts";

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
  const { via, warnings } = await chooseVia(place, options, prepared);
  const memory = await readMemory(place.commonDir);
  const hooks = await putHooks(place, via, memory, options.environment);
  const prepare = prepared ? { memory: hooks.memory, ...NOTHING } : await installPrepare(place, via, hooks.memory);
  await writeMemory(place.commonDir, prepare.memory);
  await putCloneCode(place.commonDir, options.environment);
  const fetches = await installRefspec(place);
  return {
    steps: [...hooks.steps, ...prepare.steps, ...fetches],
    warnings: [...warnings, ...hooks.warnings, ...prepare.warnings],
  };
}

async function chooseVia(
  place: ClientPlace,
  options: InstallClientOptions,
  prepared: boolean,
): Promise<{ readonly via: ClientVia; readonly warnings: readonly string[] }> {
  const asked = options.via ?? (place.usesHusky ? "husky" : (await usesLefthook(place)) ? "lefthook" : "hooks");
  // `npm install` must not leave a teammate with an older git without any hook.
  if (!prepared || asked !== "config" || isNewEnough(await place.porcelain.version()))
    return { via: asked, warnings: [] };
  return {
    via: "hooks",
    warnings: ["git is older than 2.54 and runs no hooks of its configuration: they are in its hooks folder"],
  };
}

async function putHooks(
  place: ClientPlace,
  via: ClientVia,
  memory: InstallMemory,
  environment: InstallClientOptions["environment"],
): Promise<Edited> {
  if (via === "husky") return installHusky(place, memory, environment);
  if (via === "lefthook") return installManager(place, lefthook, memory, environment);
  if (via === "pre-commit") return installManager(place, preCommit, memory, environment);
  const steps = via === "config" ? await installConfigHooks(place) : await installHooks(place);
  return { memory, steps, warnings: [] };
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
  const husky = [...(await uninstallHusky(place, memory)), ...(await uninstallManagers(place, memory))];
  const config = await uninstallConfigHooks(place);
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
  forgetAnswers(place.commonDir);
  forgetFrontier(place.commonDir);
  await forget(place.commonDir);
  if (!others) await removeFolderIfEmpty(place.huskyDir);
  const fetches = await uninstallRefspec(place);
  const steps = [...husky, ...config, ...plain, ...configured, ...prepare, ...path, ...fetches];
  return { steps, warnings: steps.length === 0 ? [NOTHING_INSTALLED] : [] };
}
