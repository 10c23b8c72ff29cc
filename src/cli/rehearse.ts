/**
 * What an installation starts in place of `start.ts`, to learn which functions a hook runs (`check/rehearsal.ts`): it runs the hook, and
 * the file that stands before the hook's own words then holds the code of all that ran, in this run and in those before.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Script } from "node:vm";
import { collectCode, readCode } from "../io/compile-code.ts";
import { compiledRequire, wrapped } from "../io/compiled-code.ts";
import { ownOwners } from "../io/trusted-file.ts";

const folder = import.meta.dirname;
const [file = ""] = process.argv.splice(2, 1);
const code = new Map(readCode(file, folder, ownOwners()));
const scripts = new Map<string, Script>();

function scriptOf(path: string, name: string): Script {
  const cachedData = code.get(name);
  const source = wrapped(readFileSync(path, "utf8"));
  // The code keeps this name, wherever it is run: not that of a folder of whoever installs it.
  const script = new Script(source, { filename: name, ...(cachedData && { cachedData }) });
  scripts.set(name, script);
  return script;
}

// A hook ends by this whatever its verdict is.
process.on("exit", () => {
  for (const [name, script] of scripts) code.set(name, script.createCachedData());
  writeFileSync(file, collectCode(folder, code), { mode: 0o600 });
});

const ModuleOfNode = module.constructor as new (path: string) => NodeJS.Module;
compiledRequire(folder, scriptOf, require, ModuleOfNode)(SIGNPOLICY_MAIN);
