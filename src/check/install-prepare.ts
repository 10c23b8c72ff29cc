/** `scripts.prepare` of a clone's package.json: put in, taken out. */
import { join, relative, sep } from "node:path";
import { writeWhole } from "../io/files.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop } from "./client-place.ts";
import { refuseLinkOut } from "./inside-tree.ts";
import type { InstallMemory } from "./install-memory.ts";
import { recall, rememberEdit } from "./install-memory.ts";
import type { ClientVia, InstallStep } from "./installation.ts";
import { readPrepare, removePrepare, writePrepare } from "./package-json.ts";
import { planPrepare, stripPrepare } from "./prepare-script.ts";

export interface Edited {
  readonly memory: InstallMemory;
  readonly steps: readonly InstallStep[];
  readonly warnings: readonly string[];
}

/** Makes `npm install` in other clones install the hooks there. */
export async function installPrepare(place: ClientPlace, via: ClientVia, memory: InstallMemory): Promise<Edited> {
  const { packageDir, packageText: text } = place;
  if (packageDir === null || text === null) {
    const warning = "there is no package.json, so every clone needs its own `signpolicy install`";
    return { memory, steps: [], warnings: [warning] };
  }
  const file = join(packageDir, "package.json");
  await refuseLinkOut(place.top, file);
  const key = fromTop(place, file);
  const folder = relative(place.top, packageDir).split(sep).join("/");
  const present = readPrepare(text);
  const plan = planPrepare(present, via, folder);
  const warnings = [...(plan.warning === null ? [] : [plan.warning]), ...yarnWarning(text)];
  const what = `prepare script in ${key}`;
  if (plan.command === present || plan.command === null) return { memory, steps: [{ what, changed: false }], warnings };
  const after = writePrepare(text, plan.command);
  await writeWhole(file, after, { follow: true });
  return {
    memory: rememberEdit(memory, key, withoutPrepare(text), after),
    steps: [{ what, changed: true }],
    warnings,
  };
}

/** Gives the prepare script back. `keepHusky`: other husky hooks live on, which need a prepare script that runs husky. */
export async function uninstallPrepare(
  place: ClientPlace,
  memory: InstallMemory,
  keepHusky: boolean,
): Promise<readonly InstallStep[]> {
  const { packageDir, packageText: text } = place;
  if (packageDir === null || text === null) return [];
  const key = fromTop(place, join(packageDir, "package.json"));
  const restored = recall(memory, key, text) ?? withoutPrepare(text);
  if (restored === text) return [];
  if (keepHusky && !/\bhusky\b/.test(readPrepare(restored) ?? "")) {
    return [{ what: `prepare script in ${key}, which your other husky hooks need`, changed: false }];
  }
  await writeWhole(join(packageDir, "package.json"), restored, { follow: true });
  return [{ what: `prepare script in ${key}`, changed: true }];
}

function withoutPrepare(text: string): string {
  const present = readPrepare(text);
  const foreign = stripPrepare(present);
  if (present === foreign) return text;
  return foreign === null ? removePrepare(text) : writePrepare(text, foreign);
}

const yarnWarning = (text: string): readonly string[] =>
  lacksPostinstall(text)
    ? ["yarn 2 and later run no `prepare` in the root project: run the same command from `postinstall`"]
    : [];

/** yarn 2 and later run `postinstall` in the root project, and nothing else of what npm runs there (yarnpkg.com, "Lifecycle scripts"). */
export function lacksPostinstall(text: string): boolean {
  const { packageManager, scripts } = JSON.parse(text.replace(/^\xEF\xBB\xBF/, "")) as {
    readonly packageManager?: unknown;
    readonly scripts?: { readonly postinstall?: unknown };
  };
  if (typeof packageManager !== "string" || !/^yarn@(?!1\.)/.test(packageManager)) return false;
  const own = scripts?.postinstall;
  return typeof own !== "string" || !/signpolicy|husky|prepare/.test(own);
}
