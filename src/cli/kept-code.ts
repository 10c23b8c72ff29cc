/** `verify` runs the code of what earlier runs of it ran, and leaves its own for the next. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { EXIT } from "../errors.ts";
import { collectCode, readCode } from "../io/compile-code.ts";
import { compiledScripts, wrapped, type CompiledCode, type ScriptOf } from "../io/compiled-code.ts";
import { ownOwners } from "../io/trusted-file.ts";

/**
 * The program's files from this code. What it does not hold is compiled, and when the run ends with a verdict what ran is added
 * to what stands there.
 *
 * @param folder - of the program
 * @param path - of the code
 */
export function keepingScripts(folder: string, path: string, code: CompiledCode | null): ScriptOf {
  const kept: ScriptOf = code === null ? () => null : compiledScripts(code);
  const ran = new Map<string, Script>();
  let isNew = false;
  let isStale = false;
  process.once("exit", (status) => {
    if ((isNew || isStale) && status <= EXIT.denied) keepCode(path, folder, ran, isStale);
  });
  return (file, name) => {
    let script = kept(file, name);
    if (script === null) {
      isNew = true;
      script = new Script(wrapped(readFileSync(file, "utf8")), { filename: file });
    }
    // The first is loaded under the flags that node was started with: those of whoever left the code were others.
    isStale ||= ran.size === 0 && script.cachedDataRejected === true;
    ran.set(name, script);
    return script;
  };
}

/**
 * Only beside a program of one's own: root would write where somebody else makes the links. Where it cannot be kept the next run
 * compiles again.
 */
function keepCode(path: string, folder: string, ran: ReadonlyMap<string, Script>, isStale: boolean): void {
  const aside = `${path}.${String(process.pid)}`;
  try {
    const user = process.geteuid?.();
    if (user !== undefined && statSync(dirname(path)).uid !== user) return;
    const code = new Map(isStale ? [] : readCode(path, folder, ownOwners()));
    for (const [name, script] of ran) code.set(name, script.createCachedData());
    writeFileSync(aside, collectCode(folder, code), { flag: "wx", mode: 0o644 });
    renameSync(aside, path);
  } catch {
    forget(aside);
  }
}

function forget(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The verdict is given, and nothing may change it any more.
  }
}
