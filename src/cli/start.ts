/** What node starts: it runs the rest, a hook from compiled code where an installation left some. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { COMPILED, compiledRequire, openCompiled, type CompiledCode } from "../io/compiled-code.ts";
import { commonDirOf, findGitDir } from "../io/git-dir.ts";

const folder = import.meta.dirname;
const code = process.argv[2] === "hook" ? findCode(process.argv[3] ?? "") : null;
const load = code === null ? require : compiledRequire(folder, code, require);
load(SIGNPOLICY_MAIN);

/**
 * Compiled code lies beside the program, where a server's installation puts it, or for a client hook in the git directory,
 * where whoever could change it can change the hook as well. Any other command may be asked about a stranger's repository
 * and runs nothing that lies in one.
 */
function findCode(hook: string): CompiledCode | null {
  const owners = trustedOwners();
  const beside = openCompiled(join(dirname(folder), COMPILED), owners);
  if (beside !== null || /-receive$/.test(hook)) return beside;
  const gitDir = process.env["GIT_DIR"] ?? findGitDir(".")?.gitDir;
  return gitDir === undefined ? null : openCompiled(join(commonDirOf(resolve(gitDir)), "signpolicy", COMPILED), owners);
}

/** Who can change the program, or be who runs it. */
function trustedOwners(): readonly number[] | null {
  const user = process.geteuid?.();
  return user === undefined ? null : [0, user, statSync(import.meta.filename).uid];
}
