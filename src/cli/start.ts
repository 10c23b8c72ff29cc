/** What node starts: it runs the rest, a hook from compiled code where an installation left some, `verify` from what it left itself. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  COMPILED,
  COMPILED_VERIFY,
  compiledRequire,
  compiledScripts,
  openCompiled,
  type CompiledCode,
  type ScriptOf,
} from "../io/compiled-code.ts";
import { commonDirOf, findGitDir } from "../io/git-dir.ts";
import { ownOwners } from "../io/trusted-file.ts";

const folder = import.meta.dirname;
const plainly: NodeJS.Require = require;
/** What `node:module` gives; a hook would wait for that longer than for this file. */
const ModuleOfNode = module.constructor as new (path: string) => NodeJS.Module;
const [command, ...words] = process.argv.slice(2);
const known = command === "verify" ? answerAgain() : null;
if (known !== null) process.exit(known);
const scripts = command === "hook" ? hookScripts(words[0] ?? "") : command === "verify" ? verifyScripts() : null;
const load = scripts === null ? plainly : compiledRequire(folder, scripts, plainly, ModuleOfNode);
load(SIGNPOLICY_MAIN);

/** Where nothing has changed since the last time there is nothing to judge, and nothing that judges is loaded. */
function answerAgain(): number | null {
  const again = plainly(SIGNPOLICY_AGAIN) as typeof import("./again.ts");
  return again.answerAgain(join(folder, SIGNPOLICY_MAIN), process.argv.slice(2));
}

function hookScripts(hook: string): ScriptOf | null {
  const code = findCode(hook);
  return code === null ? null : compiledScripts(code);
}

function verifyScripts(): ScriptOf {
  const path = join(dirname(folder), COMPILED_VERIFY);
  const kept = plainly(SIGNPOLICY_KEPT_CODE) as typeof import("./kept-code.ts");
  return kept.keepingScripts(folder, path, openTrustedCode(path));
}

/**
 * Compiled code lies beside the program, where a server's installation puts it, or for a client hook in the git directory,
 * where whoever could change it can change the hook as well. Any other command may be asked about a stranger's repository
 * and runs nothing that lies in one.
 */
function findCode(hook: string): CompiledCode | null {
  const beside = openTrustedCode(join(dirname(folder), COMPILED));
  if (beside !== null || /-receive$/.test(hook)) return beside;
  const gitDir = process.env["GIT_DIR"] ?? findGitDir(".")?.gitDir;
  return gitDir === undefined ? null : openTrustedCode(join(commonDirOf(resolve(gitDir)), "signpolicy", COMPILED));
}

/** Of who can change the program, or be who runs it: most often the latter, and then nobody asks whose the program is. */
function openTrustedCode(path: string): CompiledCode | null {
  const owners = ownOwners();
  const own = openCompiled(path, owners);
  if (own !== null || owners === null) return own;
  return openCompiled(path, [...owners, statSync(import.meta.filename).uid]);
}
