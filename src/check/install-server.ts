import { dirname, join, resolve } from "node:path";
import {
  entryIfAny,
  giveTo,
  giveTreeTo,
  makeFolder,
  readTextIfAny,
  removeFolderIfEmpty,
  removePath,
} from "../io/files.ts";
import { readClock } from "../io/clock.ts";
import { recordEndPath, recordPath, removeRecord } from "../io/record-file.ts";
import type { Owner } from "../io/files.ts";
import { liesIn } from "./client-place.ts";
import type { InstallReport, InstallServerOptions, InstallStep, PerRepository, ServerOptions } from "./installation.ts";
import { isOurHook, keptPath, putHook, refuseLostHooks, takeHook } from "./install-hooks.ts";
import { putServerCode } from "./program-code.ts";
import { renderServerHook } from "./server-hook.ts";
import { forgetServer, readServerMemory, writeServerMemory } from "./server-memory.ts";
import type { ServerMemory } from "./server-memory.ts";
import type { ServerPackage } from "./server-package.ts";
import { ENTRY, collectPackage, putPackage } from "./server-package.ts";
import type { ServerPlace } from "./server-place.ts";
import {
  SERVER_HOOKS,
  findServer,
  otherWriters,
  refuseUnsafeServer,
  serverEnvironment,
  workTreeAround,
} from "./server-place.ts";
import { standingPolicy } from "./server-policy.ts";

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
  const program = await collectPackage();
  const policy = options.policy === undefined ? null : resolve(options.directory, options.policy);
  if (policy !== null) await loadPinned(policy);
  return eachServer(repositories, (repository) => installServer(repository, program, policy, options));
}

/** Restores what was there before `installServers`. A record of pushes stays, since nothing else holds it. */
export function uninstallServers(
  repositories: readonly string[],
  options: ServerOptions,
): Promise<readonly PerRepository<InstallReport>[]> {
  return eachServer(repositories, (repository) => uninstallServer(repository, options));
}

/** One after the other, so that what is printed keeps the order given. */
export async function eachServer<Result>(
  repositories: readonly string[],
  act: (repository: string) => Promise<Result>,
): Promise<readonly PerRepository<Result>[]> {
  const done: PerRepository<Result>[] = [];
  for (const repository of repositories) {
    try {
      done.push({ repository, result: await act(repository) });
    } catch (error) {
      done.push({ repository, error });
    }
  }
  return done;
}

/** @throws PolicyError */
export async function loadPinned(policy: string): Promise<void> {
  const { loadPolicy } = await import("./policy.ts");
  const { filePolicySource } = await import("./file-policy.ts");
  await loadPolicy(filePolicySource(policy));
}

async function installServer(
  repository: string,
  program: ServerPackage,
  policy: string | null,
  options: InstallServerOptions,
): Promise<InstallReport> {
  const place = await findServer(repository, options.directory, options.environment);
  await refuseUnsafeServer(place);
  await refuseLostHooks(SERVER_HOOKS.map((hook) => join(place.hooksDir, hook)));
  const memory = await readServerMemory(place.gitDir);
  const own = join(place.gitDir, "signpolicy");
  const parent = options.prefix === undefined ? own : resolve(options.directory, options.prefix);
  const folder = join(parent, program.version);
  // A shared folder is not given to one repository's owner.
  const owner = options.prefix === undefined ? place.owner : null;
  const steps: InstallStep[] = [];
  const put = await putPackage(folder, program, owner);
  steps.push({ what: `program in ${folder}`, changed: (await putServerCode(folder, owner)) || put });
  const pinned = await pinPolicy(place, policy, memory);
  steps.push(...pinned.steps);
  steps.push(await beginRecord(place, options));
  const hooks = await putServerHooks(place, join(folder, ENTRY));
  steps.push(...hooks.steps);
  const programs = [...memory.programs.filter((known) => known !== folder), folder];
  await writeServerMemory(place.gitDir, { ...pinned.memory, programs }, place.owner);
  await giveAway(place);
  const standing = await standingPolicy(place, options);
  const refused = "fix" in standing ? [`${standing.message}; mend it: ${standing.fix}`] : [];
  const warnings = [...hooks.warnings, ...(await standingWarnings(place, policy, folder)), ...refused];
  return { steps, warnings };
}

async function pinPolicy(
  place: ServerPlace,
  policy: string | null,
  memory: ServerMemory,
): Promise<{ steps: readonly InstallStep[]; memory: ServerMemory }> {
  if (policy === null) return { steps: [], memory };
  const what = `signpolicy.policy = ${policy}`;
  const present = (await place.porcelain.config()).getAll("signpolicy.policy", ["local"]);
  if (present.length === 1 && present[0] === policy) return { steps: [{ what, changed: false }], memory };
  await place.porcelain.setConfig("signpolicy.policy", policy);
  const before = memory.policy?.after === present.at(-1) ? memory.policy?.before : present.at(-1);
  return { steps: [{ what, changed: true }], memory: { ...memory, policy: { before: before ?? null, after: policy } } };
}

async function beginRecord(place: ServerPlace, options: InstallServerOptions): Promise<InstallStep> {
  const record = await import("./record-begin.ts");
  const { outcome, rules, path } = await record.beginRecord({
    directory: place.gitDir,
    environment: serverEnvironment(place.gitDir, options.environment),
    now: readClock(),
    how: "keep",
  });
  const baseline = rules.map((rule) => JSON.stringify(rule)).join(", ");
  const what = `record in ${path}${baseline === "" ? "" : `, from what stands now under ${baseline}`}`;
  return { what, changed: outcome !== "sound" };
}

async function putServerHooks(place: ServerPlace, entry: string): Promise<InstallReport> {
  const steps: InstallStep[] = [];
  const warnings: string[] = [];
  const made = await makeFolder(place.hooksDir);
  if (made !== undefined && process.getuid?.() === 0) await giveTreeTo(made, place.owner);
  if (place.hooksScope !== null) {
    warnings.push(`hooks are in ${place.hooksDir}: core.hooksPath is set (${place.hooksScope} configuration)`);
  }
  for (const hook of SERVER_HOOKS) {
    const file = join(place.hooksDir, hook);
    const foreign = (await entryIfAny(keptPath(file))) ?? (await foreignHook(file));
    const runs = foreign !== null && (foreign.isSymbolicLink() || (foreign.mode & 0o111) !== 0);
    if (foreign !== null && !runs) warnings.push(`${keptPath(file)} was not executable: git did not run it, nor do we`);
    const parts = { node: process.execPath, entry, then: runs ? keptPath(file) : null };
    const step = await putHook(file, await renderServerHook(hook, parts), file);
    if (process.getuid?.() === 0) await giveTo(file, place.owner);
    steps.push(step);
  }
  return { steps, warnings };
}

async function foreignHook(file: string): ReturnType<typeof entryIfAny> {
  const present = await entryIfAny(file);
  if (present === null || !present.isFile()) return present;
  return isOurHook((await readTextIfAny(file)) ?? "") ? null : present;
}

/** What root wrote is the owner's: pushes run as the owner, who must be able to go on with it. */
async function giveAway(place: ServerPlace): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await giveTreeTo(join(place.gitDir, "signpolicy"), place.owner);
  const end = recordEndPath(place.gitDir);
  await giveTo(dirname(end), place.owner);
  await giveTo(end, place.owner);
  await giveTo(join(place.gitDir, "config"), place.owner);
}

async function standingWarnings(place: ServerPlace, policy: string | null, folder: string): Promise<readonly string[]> {
  const { gitDir, owner } = place;
  const of = async (what: string, path: string, whose: Owner) =>
    (await otherWriters(path, whose)).map((why) => `${what} is not safe: ${why}`);
  const around = policy === null ? null : await workTreeAround(policy);
  const found = [
    ...(around === null ? [] : [`the policy is not safe: whoever changes the work tree ${around} changes it`]),
    ...(place.shared ? ["core.sharedRepository is set: pushes by other users than the owner cannot be recorded"] : []),
    ...(policy === null ? [] : await of("the policy", policy, owner)),
    ...(await of("the program", folder, owner)),
    ...(await of("the hooks directory", place.hooksDir, owner)),
    ...(await of("the repository's configuration", join(gitDir, "config"), owner)),
  ];
  return [...new Set(found)];
}

async function uninstallServer(repository: string, options: ServerOptions): Promise<InstallReport> {
  const place = await findServer(repository, options.directory, options.environment);
  const memory = await readServerMemory(place.gitDir);
  const steps: InstallStep[] = [];
  for (const hook of SERVER_HOOKS) {
    const file = join(place.hooksDir, hook);
    steps.push(...(await takeHook(file, file)));
  }
  steps.push(...(await unpinPolicy(place, memory)));
  const own = join(place.gitDir, "signpolicy");
  const prefix = options.prefix === undefined ? own : resolve(options.directory, options.prefix);
  for (const folder of memory.programs.filter((known) => liesIn(known, own) || liesIn(known, prefix))) {
    if ((await entryIfAny(join(folder, "manifest.json"))) === null) continue;
    await removePath(folder);
    steps.push({ what: `program in ${folder}`, changed: true });
  }
  await forgetServer(place.gitDir);
  const record = await removeEmptyRecord(place);
  await removeFolderIfEmpty(own);
  if (process.getuid?.() === 0) await giveTo(join(place.gitDir, "config"), place.owner);
  const warnings = steps.length === 0 ? ["nothing of signpolicy was installed here"] : [];
  return { steps: [...steps, ...record.steps], warnings: [...warnings, ...record.warnings] };
}

async function unpinPolicy(place: ServerPlace, memory: ServerMemory): Promise<readonly InstallStep[]> {
  const present = (await place.porcelain.config()).getAll("signpolicy.policy", ["local"]).at(-1);
  if (memory.policy === undefined || present !== memory.policy.after) return [];
  const { before } = memory.policy;
  if (before === null) await place.porcelain.unsetConfig("signpolicy.policy");
  else await place.porcelain.setConfig("signpolicy.policy", before);
  return [{ what: `signpolicy.policy, as it was: ${before ?? "not set"}`, changed: true }];
}

/** A record that holds a baseline alone goes; one that tells of pushes is nobody's to delete by the way. */
async function removeEmptyRecord(place: ServerPlace): Promise<InstallReport> {
  const path = recordPath(place.gitDir);
  const text = await readTextIfAny(path);
  const steps: InstallStep[] = [];
  if ((await place.porcelain.config()).get("signpolicy.record", ["local"]) !== null) {
    await place.porcelain.unsetConfig("signpolicy.record");
    steps.push({ what: "signpolicy.record, as it was: not set", changed: true });
  }
  await removePath(join(place.gitDir, "signpolicy", "pending"));
  if (text === null) return { steps, warnings: [] };
  if (/"kind":"(?:landed|segment)"/.test(text)) {
    return { steps, warnings: [`the record of past pushes stays in ${path}: delete it if nobody will need it`] };
  }
  await removeRecord(place.gitDir);
  return { steps: [...steps, { what: `record in ${path}`, changed: true }], warnings: [] };
}
