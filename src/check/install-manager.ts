/** Hooks through lefthook or pre-commit: entries of ours in the manager's own file, and the manager puts its hooks into git. */
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, readTextIfAny, removePath, writeWhole } from "../io/files.ts";
import { runProgram } from "../io/programs.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop } from "./client-place.ts";
import { CLIENT_HOOKS, type ClientHook } from "./hook-lines.ts";
import {
  emptyManagerFile,
  fillManagerFile,
  HOOK_MANAGERS,
  type HookManager,
  lefthook,
  managerCalls,
} from "./hook-managers.ts";
import { installHooks, uninstallHooks } from "./install-hooks.ts";
import type { InstallMemory } from "./install-memory.ts";
import { recall, rememberEdit } from "./install-memory.ts";
import type { Edited } from "./install-prepare.ts";
import type { InstallStep } from "./installation.ts";
import { notInProject, projectProgram } from "./program-path.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Whether the project uses lefthook, whose hooks would push ours aside in git's folder. */
export async function usesLefthook(place: ClientPlace): Promise<boolean> {
  for (const file of [...lefthook.files, ...lefthook.others]) {
    if ((await entryIfAny(join(place.top, file))) !== null) return true;
  }
  return false;
}

/**
 * Puts our entries into the manager's file and its hooks into this clone.
 *
 * @throws SignpolicyError ERR_INSTALL, with nothing written, where signpolicy is not in the project or the file is of a format
 * that is not written here
 */
export async function installManager(
  place: ClientPlace,
  manager: HookManager,
  memory: InstallMemory,
  caller: Variables,
): Promise<Edited> {
  const program = await projectProgram(place);
  if (program === null) throw await notInProject(place);
  const path = await managerFile(place, manager);
  await refuseOlder(place, manager, caller);
  const present = await readText(path);
  const after = await fillManagerFile(manager, present, program);
  const steps: InstallStep[] = [{ what: `entries in ${fromTop(place, path)}`, changed: after !== present }];
  let next = memory;
  if (after !== present) {
    await writeText(path, after);
    const before = present === null ? null : await emptyManagerFile(manager, present);
    next = rememberEdit(next, fromTop(place, path), before === null ? null : asBytes(before), asBytes(after));
  }
  // A manager moves what it finds there aside, and ours would no longer run.
  steps.push(...(await uninstallHooks(place, manager.hooks)));
  const rest = CLIENT_HOOKS.filter((hook) => !manager.hooks.includes(hook));
  if (rest.length > 0) steps.push(...(await installHooks(place, rest)));
  const active = await activate(place, manager, caller);
  return { memory: next, steps: [...steps, ...active.steps], warnings: active.warnings };
}

/** Takes our entries out of the files of every manager. */
export async function uninstallManagers(place: ClientPlace, memory: InstallMemory): Promise<readonly InstallStep[]> {
  const steps: InstallStep[] = [];
  for (const manager of HOOK_MANAGERS) {
    for (const file of manager.files) {
      const path = join(place.top, file);
      const present = await readText(path);
      if (present === null) continue;
      const remembered = recall(memory, file, asBytes(present));
      const restored = remembered === undefined ? await emptyManagerFile(manager, present) : remembered;
      if (restored === present) continue;
      if (restored === null) await removePath(path);
      else await (remembered === undefined ? writeText(path, restored) : writeWhole(path, restored, { follow: true }));
      steps.push({ what: `entries in ${file}`, changed: true });
    }
  }
  return steps;
}

/** The manager whose hook file this is, where its own file calls signpolicy from there. */
export async function managedBy(place: ClientPlace, hook: ClientHook, text: string): Promise<HookManager | null> {
  const manager = HOOK_MANAGERS.find(({ mark, hooks }) => hooks.includes(hook) && mark.test(text));
  if (manager === undefined) return null;
  const config = await readText(await managerFile(place, manager).catch(() => join(place.top, manager.files[0] ?? "")));
  return config !== null && (await managerCalls(manager, config, hook)) ? manager : null;
}

async function managerFile(place: ClientPlace, manager: HookManager): Promise<string> {
  for (const file of manager.files)
    if ((await entryIfAny(join(place.top, file))) !== null) return join(place.top, file);
  for (const file of manager.others) {
    if ((await entryIfAny(join(place.top, file))) === null) continue;
    throw new SignpolicyError("ERR_INSTALL", `${manager.name} reads ${file} here, and signpolicy writes YAML alone`, {
      hint: `add the commands yourself (docs/team.md), or: signpolicy install --via hooks`,
    });
  }
  return join(place.top, manager.files[0] ?? "");
}

async function activate(place: ClientPlace, manager: HookManager, caller: Variables): Promise<Omit<Edited, "memory">> {
  const what = `${manager.name}'s hooks in this clone`;
  let active = true;
  for (const hook of manager.hooks) {
    active &&= manager.mark.test((await readTextIfAny(join(place.hooksDir, hook))) ?? "");
  }
  if (active) return { steps: [{ what, changed: false }], warnings: [] };
  const { status, output } = await runManager(place, manager, manager.activate.slice(1), caller);
  if (status === 0) return { steps: [{ what, changed: true }], warnings: [] };
  const said = output.trim().split("\n").at(-1) ?? "";
  return { steps: [], warnings: [`no hook runs yet, run \`${manager.activate.join(" ")}\`: ${said}`] };
}

async function runManager(place: ClientPlace, { name }: HookManager, argv: readonly string[], environment: Variables) {
  const local = join(place.packageDir ?? place.top, "node_modules", ".bin", name);
  const program = (await entryIfAny(local)) === null ? name : local;
  return runProgram(program, argv, { cwd: place.top, environment }).catch(() => ({
    status: 127,
    output: `${name} was not found`,
  }));
}

/** A file that it cannot read would stop every commit. One that is not there yet will be the newest. */
async function refuseOlder(place: ClientPlace, manager: HookManager, caller: Variables): Promise<void> {
  const { name, since } = manager;
  const { status, output } = await runManager(place, manager, [name === "lefthook" ? "version" : "--version"], caller);
  const [version, major = 0, minor = 0] = /(\d+)\.(\d+)\.\d+/.exec(output) ?? [];
  if (status !== 0 || version === undefined) return;
  if (Number(major) > since[0] || (Number(major) === since[0] && Number(minor) >= since[1])) return;
  throw new SignpolicyError(
    "ERR_INSTALL",
    `--via ${name} needs ${name} ${since.join(".")} or newer; this is ${version}`,
    { hint: "signpolicy install --via hooks" },
  );
}

async function readText(path: string): Promise<string | null> {
  const bytes = await readTextIfAny(path);
  return bytes === null ? null : Buffer.from(bytes, "latin1").toString("utf8");
}

const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const writeText = (path: string, text: string): Promise<void> => writeWhole(path, asBytes(text), { follow: true });
