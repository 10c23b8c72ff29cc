/** What node starts: it runs the rest, a hook from compiled code where an installation left some. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { COMPILED, compiledRequire, openCompiled, type CompiledCode } from "../io/compiled-code.ts";
import { commonDirOf, findGitDir } from "../io/git-dir.ts";

const folder = import.meta.dirname;
const plainly: NodeJS.Require = require;
const [command, ...words] = process.argv.slice(2);
const known = command === "verify" ? answerAgain() : null;
if (known !== null) process.exit(known);
const code = command === "hook" ? findCode(words[0] ?? "") : null;
const load = code === null ? plainly : compiledRequire(folder, code, plainly);
load(SIGNPOLICY_MAIN);

/** Where nothing has changed since the last time there is nothing to judge, and nothing that judges is loaded. */
function answerAgain(): number | null {
  const again = plainly(SIGNPOLICY_AGAIN) as typeof import("./again.ts");
  return again.answerAgain(join(folder, SIGNPOLICY_MAIN), process.argv.slice(2));
}

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
