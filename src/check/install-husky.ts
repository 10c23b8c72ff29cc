/** Hooks through husky 9: our lines in the user's `.husky/<hook>`, never in `.husky/_`, which husky writes anew. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import {
  entryIfAny,
  listFiles,
  readTextIfAny,
  removeFolderIfEmpty,
  removePath,
  targetIfAny,
  writeWhole,
} from "../io/files.ts";
import { isExecutable } from "../io/executable.ts";
import { runProgram } from "../io/programs.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop, liesIn, ownHooksPath, sharedHooksPaths } from "./client-place.ts";
import { CLIENT_HOOKS, huskyLines } from "./hook-lines.ts";
import { refuseLinkOut } from "./inside-tree.ts";
import type { InstallMemory } from "./install-memory.ts";
import { recall, rememberEdit } from "./install-memory.ts";
import type { Edited } from "./install-prepare.ts";
import type { InstallStep } from "./installation.ts";
import { addMarkedLines, removeMarkedLines } from "./marked-lines.ts";
import { notInProject, projectProgram } from "./program-path.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Runs husky, so that git looks at its stubs in this clone, and puts our lines into the user's files.
 *
 * @throws SignpolicyError ERR_INSTALL, with nothing written, when husky or signpolicy is not in the project
 */
export async function installHusky(place: ClientPlace, memory: InstallMemory, caller: Variables): Promise<Edited> {
  const program = await projectProgram(place);
  if (program === null) throw await notInProject(place);
  const edits = [];
  for (const hook of CLIENT_HOOKS) {
    const path = join(place.huskyDir, hook);
    await refuseLinkOut(place.top, path);
    const present = await readTextIfAny(path);
    edits.push({ path, present, after: addMarkedLines(present ?? "", huskyLines(hook, program)) });
  }
  const ran = await runHusky(place, memory, caller);
  let next = ran.memory;
  const steps: InstallStep[] = [...ran.steps];
  for (const { path, present, after } of edits) {
    const what = `lines in ${fromTop(place, path)}`;
    steps.push({ what, changed: after !== present });
    if (after === present) continue;
    await writeWhole(path, after, { follow: true });
    const before = present === null ? null : removeMarkedLines(present);
    next = rememberEdit(next, fromTop(place, path), before === "" && present !== "" ? null : before, after);
  }
  return { memory: next, steps, warnings: ran.warnings };
}

/** Takes our lines out; where no hook of the user's is left, what husky set up in this clone, too. */
export async function uninstallHusky(place: ClientPlace, memory: InstallMemory): Promise<readonly InstallStep[]> {
  const steps: InstallStep[] = [];
  for (const hook of CLIENT_HOOKS) {
    const path = join(place.huskyDir, hook);
    const present = await readTextIfAny(path);
    if (present === null) continue;
    const remembered = recall(memory, fromTop(place, path), present);
    const stripped = removeMarkedLines(present);
    const restored = remembered === undefined ? stripped : remembered;
    if (restored === present) continue;
    if (restored === null || (remembered === undefined && restored === "")) await removePath(path);
    else await writeWhole(path, restored, { follow: true });
    steps.push({ what: `lines in ${fromTop(place, path)}`, changed: true });
  }
  return steps;
}

/** Whether the user has husky hooks of his own. */
export async function hasOtherHuskyHooks(place: ClientPlace): Promise<boolean> {
  if ((await entryIfAny(place.huskyDir)) === null) return false;
  return (await listFiles(place.huskyDir)).some((file) => !file.startsWith("_/"));
}

/** Undoes what running husky did, where it was we who ran it first. */
export async function forgetHusky(place: ClientPlace, memory: InstallMemory): Promise<readonly InstallStep[]> {
  const change = memory.hooksPath;
  if (change === null || ownHooksPath(place) !== change.after) return [];
  if (change.before === null) await place.porcelain.unsetConfig("core.hooksPath");
  else await place.porcelain.setConfig("core.hooksPath", change.before);
  await removePath(join(place.huskyDir, "_"));
  await removeFolderIfEmpty(place.huskyDir);
  return [{ what: `core.hooksPath, as it was: ${change.before ?? "not set"}`, changed: true }];
}

async function runHusky(place: ClientPlace, memory: InstallMemory, caller: Variables): Promise<Edited> {
  const stubs = join(place.huskyDir, "_");
  const wanted = fromTop(place, stubs);
  const own = ownHooksPath(place);
  const shared = sharedHooksPaths(place).map(
    ({ scope, value }) =>
      `core.hooksPath of husky (${wanted}) hides the ${scope} one (${value ?? ""}): hooks there do not run here`,
  );
  if (own !== null && own !== wanted) {
    throw new SignpolicyError(
      "ERR_INSTALL",
      `core.hooksPath is ${own} in this clone; husky would put ${wanted} there`,
      {
        hint: `git config --unset core.hooksPath, or: signpolicy install --via hooks`,
      },
    );
  }
  const what = `core.hooksPath = ${wanted}, by husky`;
  if (own === wanted && (await targetIfAny(join(stubs, "h"))) !== null) {
    return { memory, steps: [{ what, changed: false }], warnings: shared };
  }
  // The one-file program has no node to run other people's files with.
  const node = isExecutable() ? "node" : process.execPath;
  const program = huskyProgram(place);
  await refuseCommitted(place, program);
  const husky = [program, fromTop(place, place.huskyDir)];
  const { status, output } = await runProgram(node, husky, { cwd: place.top, environment: caller });
  const now = (await place.porcelain.config()).getAll("core.hookspath", ["local", "worktree"]).at(-1);
  if (status !== 0 || now !== wanted) {
    const killed = caller["HUSKY"] === "0";
    throw new SignpolicyError("ERR_INSTALL", `husky did not set core.hooksPath: ${output.trim()}`, {
      hint: killed ? "unset HUSKY, then try again" : "run `npx --no-install husky` and read what it says",
    });
  }
  const hooksPath = memory.hooksPath ?? (own === wanted ? null : { before: own, after: wanted });
  return { memory: { ...memory, hooksPath }, steps: [{ what, changed: true }], warnings: shared };
}

/** What lies in the repository itself came with a clone, and not from the registry that the lock file names. */
async function refuseCommitted({ porcelain, top }: ClientPlace, program: string): Promise<void> {
  if (!liesIn(program, top) || !(await porcelain.isTracked(program))) return;
  throw new SignpolicyError("ERR_INSTALL", `${program} is part of this repository, and is not run`, {
    hint: "git rm -r --cached node_modules && npm ci, or: signpolicy install --via hooks",
  });
}

/** husky's own command; version 9 alone, since its files before and after are others. */
function huskyProgram(place: ClientPlace): string {
  const near = createRequire(join(place.packageDir ?? place.top, "package.json"));
  let main: string;
  let version: unknown;
  try {
    main = near.resolve("husky");
    version = (near(join(main, "..", "package.json")) as { version?: unknown }).version;
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", "husky is not installed in this project", {
      hint: "npm install --save-dev husky@9, or: signpolicy install --via hooks",
      cause,
    });
  }
  if (typeof version !== "string" || !version.startsWith("9.")) {
    throw new SignpolicyError("ERR_INSTALL", `husky ${String(version)} is in this project; signpolicy knows husky 9`, {
      hint: "npm install --save-dev husky@9, or: signpolicy install --via hooks",
    });
  }
  return join(main, "..", "bin.js");
}
