/** Whether the client hooks of a work tree will run. Files are read, nothing is run: the chain holds other people's hooks. */
import { join, relative } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, isFolder, readTextIfAny, targetIfAny } from "../io/files.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient, fromTop, ownHooksPath, sharedHooksPaths } from "./client-place.ts";
import { CLIENT_HOOKS, shellWord } from "./hook-lines.ts";
import type { ClientHook } from "./hook-lines.ts";
import { configHookFile, configuredHooks, hookSection, isNewEnough } from "./install-config.ts";
import { isOurHook } from "./install-hooks.ts";
import { managedBy } from "./install-manager.ts";
import type { CheckReport, ClientOptions, Problem } from "./installation.ts";
import { findMarkedLines, reachesMarked } from "./marked-lines.ts";
import { projectProgram } from "./program-path.ts";
import { lostRunBit } from "./installation.ts";

interface Findings {
  readonly passed: string[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

const INSTALL = "signpolicy install";

/** Looks at the clone that `directory` lies in. */
export async function checkClient(options: ClientOptions): Promise<CheckReport> {
  const parts = await checkClientParts(await findClient(options), options);
  return {
    passed: parts.flatMap(({ passed }) => passed),
    problems: parts.flatMap(({ problems }) => problems),
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

/** The same, question by question. */
export async function checkClientParts(
  place: ClientPlace,
  options: ClientOptions,
): Promise<readonly (CheckReport & { readonly id: string })[]> {
  const husky = /[\\/]\.husky[\\/]_$/.test(place.hooksDir);
  const parts: (CheckReport & { readonly id: string })[] = [];
  const look = async (id: string, check: (found: Findings) => void | Promise<void>): Promise<void> => {
    const found: Findings = { passed: [], problems: [], warnings: [] };
    await check(found);
    parts.push({ id, ...found });
  };
  const configured = configuredHooks(place);
  if (configured.length < CLIENT_HOOKS.length) await look("hooks.path", (found) => checkHooksPath(place, husky, found));
  await look("hooks.config", (found) => checkConfig(place, configured, found));
  if (configured.length === CLIENT_HOOKS.length) {
    // Whatever owns the hooks directory runs beside them.
  } else if (husky) {
    await look("hooks.husky", (found) => checkStubs(place, found));
    await look("hooks.chain", (found) => checkEach((hook) => checkMarked(place, hook, found)));
    await look("hooks.killswitch", (found) => checkKillSwitch(options, found));
  } else {
    await look("hooks.chain", (found) => checkEach((hook) => checkPlain(place, hook, found)));
    await look("hooks.killswitch", (found) => checkManagerSwitches(options, found));
  }
  await look("hooks.worktree", (found) => checkWorkTrees(place, found));
  await look("npm.package", async (found) => {
    if ((await projectProgram(place)) !== null) found.passed.push("signpolicy is among the project's packages");
    else if (husky) found.problems.push({ message: "node_modules/.bin/signpolicy is missing", fix: "npm install" });
  });
  await look("policy.load", (found) => checkPolicy(place, found));
  return parts;
}

/** git 2.54's hooks: ours must be there, switched on, and for a git that runs them. */
async function checkConfig(place: ClientPlace, configured: readonly ClientHook[], found: Findings): Promise<void> {
  for (const hook of CLIENT_HOOKS) {
    for (const section of [hookSection(hook), `hook.${hook}`]) {
      const last = place.hookConfig.filter(({ key }) => key === `${section}.enabled`).at(-1);
      if (last?.value == null || !/^(?:false|no|off|0|)$/i.test(last.value)) continue;
      if (section === hookSection(hook) ? configured.includes(hook) : configured.length > 0) {
        const scope = last.scope === "local" ? "" : ` --${last.scope}`;
        found.problems.push({
          message: `${section}.enabled is false (${last.scope} configuration): git skips the hook`,
          fix: `git config${scope} --unset-all ${section}.enabled`,
        });
      }
    }
  }
  if (configured.length === 0) return;
  const { major, minor } = await place.porcelain.version();
  if (!isNewEnough({ major, minor })) {
    found.problems.push({
      message: `git ${String(major)}.${String(minor)} runs no hook of its configuration (2.54 does)`,
      fix: "git signpolicy install --via hooks",
    });
  }
  for (const hook of configured) {
    const file = configHookFile(place, hook);
    if (!isOurHook((await readTextIfAny(file)) ?? ""))
      found.problems.push({
        message: `${file} is missing: git cannot run ${hook}`,
        fix: "git signpolicy install --via config",
      });
    else if (await checkRunBit(place, file, `chmod +x ${file}`, found))
      found.passed.push(`${hookSection(hook)} calls signpolicy`);
  }
}

async function checkEach(check: (hook: ClientHook) => Promise<void>): Promise<void> {
  for (const hook of CLIENT_HOOKS) await check(hook);
}

function checkHooksPath(place: ClientPlace, husky: boolean, found: Findings): void {
  const own = ownHooksPath(place);
  for (const { scope, value } of sharedHooksPaths(place)) {
    const hidden = own === null ? "" : `; ${own} in this clone hides it`;
    found.warnings.push({
      message: `core.hooksPath is ${value ?? ""} (${scope} configuration)${hidden}`,
      fix: "git config --show-origin --get-all core.hooksPath",
    });
  }
  if (!husky && place.usesHusky) {
    const message = `husky's hooks do not run here: core.hooksPath is ${own ?? "not set"}`;
    found.problems.push({ message, fix: "npm run prepare" });
  }
}

async function checkStubs(place: ClientPlace, found: Findings): Promise<void> {
  if ((await targetIfAny(join(place.hooksDir, "h"))) === null) {
    const where = fromTop(place, place.hooksDir);
    const message = `${where} is missing in this work tree: git runs no hook here, and says nothing`;
    found.problems.push({ message, fix: "npm install" });
  } else found.passed.push("husky's own files are in place");
  for (const hook of CLIENT_HOOKS) await checkRunBit(place, join(place.hooksDir, hook), "npm run prepare", found);
}

/** What the other managers heed. */
function checkManagerSwitches({ environment }: ClientOptions, found: Findings): void {
  const set = (name: string, pattern: RegExp): void => {
    const value = environment[name];
    if (value === undefined || !pattern.test(value)) return;
    found.problems.push({
      message: `${name}=${value} is set: the hook manager skips signpolicy`,
      fix: `unset ${name}`,
    });
  };
  set("LEFTHOOK", /^(?:0|false)$/);
  set("LEFTHOOK_EXCLUDE", /\bsignpolicy\b/);
  set("SKIP", /\bsignpolicy\b/);
}

async function checkKillSwitch(options: ClientOptions, found: Findings): Promise<void> {
  if (options.environment["HUSKY"] === "0") {
    found.problems.push({ message: "HUSKY=0 is set: husky runs no hook", fix: "unset HUSKY" });
  }
  const config = options.environment["XDG_CONFIG_HOME"] ?? join(options.environment["HOME"] ?? "", ".config");
  const init = join(config, "husky", "init.sh");
  if (/^\s*(?:export\s+)?HUSKY=["']?0/m.test((await readTextIfAny(init).catch(() => null)) ?? "")) {
    found.problems.push({
      message: `${init} sets HUSKY=0: husky runs no hook`,
      fix: `sed -i.bak '/HUSKY=.\\{0,1\\}0/d' ${shellWord(init)}`,
    });
  }
}

async function checkMarked(place: ClientPlace, hook: ClientHook, found: Findings): Promise<void> {
  const file = join(place.huskyDir, hook);
  const shown = fromTop(place, file);
  const text = await readTextIfAny(file);
  const lines = text === null ? null : findMarkedLines(text);
  if (text === null || lines === null) {
    found.problems.push({ message: `${shown} does not call signpolicy`, fix: INSTALL });
    return;
  }
  if (!lines.some((line) => line.includes(` hook ${hook} `))) {
    found.problems.push({ message: `the lines of signpolicy in ${shown} were changed`, fix: INSTALL });
    return;
  }
  if (!reachesMarked(text)) {
    found.problems.push({ message: `${shown} ends before it comes to signpolicy`, fix: INSTALL });
    return;
  }
  found.passed.push(`${shown} calls signpolicy`);
}

async function checkPlain(place: ClientPlace, hook: ClientHook, found: Findings): Promise<void> {
  const file = join(place.hooksDir, hook);
  const shown = fromTop(place, file);
  const text = (await isFolder(file)) ? null : await readTextIfAny(file);
  const manager = text === null || isOurHook(text) ? null : await managedBy(place, hook, text);
  if (manager !== null) {
    if (await checkRunBit(place, file, manager.activate.join(" "), found))
      found.passed.push(`${manager.name} calls signpolicy on ${hook}`);
    return;
  }
  // pre-commit runs what it found there first.
  const kept =
    text !== null && /File generated by pre-commit: /.test(text) ? await readTextIfAny(`${file}.legacy`) : null;
  if (kept !== null && isOurHook(kept)) {
    if (await checkRunBit(place, `${file}.legacy`, `chmod +x ${shown}.legacy`, found))
      found.passed.push(`${shown}.legacy calls signpolicy`);
    return;
  }
  if (text === null || !isOurHook(text)) {
    const why = text === null ? "is missing" : "is not ours and does not call signpolicy";
    found.problems.push({ message: `${shown} ${why}`, fix: INSTALL });
    return;
  }
  if (await checkRunBit(place, file, `chmod +x ${shown}`, found)) found.passed.push(`${shown} calls signpolicy`);
}

async function checkRunBit(place: ClientPlace, file: string, fix: string, found: Findings): Promise<boolean> {
  const stats = await targetIfAny(file);
  if (stats === null || process.platform === "win32" || (stats.mode & 0o100) !== 0) return stats !== null;
  found.problems.push({ message: lostRunBit(fromTop(place, file)), fix, runBit: file });
  return false;
}

/** husky's stubs are not tracked, and core.hooksPath is relative: a new work tree has none, and git says nothing. */
async function checkWorkTrees(place: ClientPlace, found: Findings): Promise<void> {
  const own = ownHooksPath(place);
  if (own === null || !/(^|[\\/])\.husky[\\/]_$/.test(own)) return;
  for (const tree of await place.porcelain.workTrees()) {
    if (tree === place.top || (await entryIfAny(tree)) === null) continue;
    if ((await targetIfAny(join(tree, own, "h"))) !== null) continue;
    const folder = join(tree, relative(place.top, place.packageDir ?? place.top));
    found.warnings.push({
      message: `no hook runs in the work tree ${tree}: run \`npm install\` there`,
      fix: `cd ${shellWord(folder)} && npm install`,
    });
  }
}

async function checkPolicy(place: ClientPlace, found: Findings): Promise<void> {
  const { loadPolicy } = await import("./policy.ts");
  const { workTreePolicySource } = await import("./file-policy.ts");
  try {
    const { origin } = await loadPolicy(workTreePolicySource(place.top));
    found.passed.push(`the policy is valid (${origin.source})`);
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    const fix = error.code === "ERR_POLICY_MISSING" ? "signpolicy init" : (error.hint ?? "signpolicy policy check");
    found.problems.push({ message: error.message, fix });
  }
}
