/** Whether the program that a server's hook starts is what was installed, and starts. */
import { delimiter, dirname, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { runProgram } from "../io/programs.ts";
import { collectProgram } from "./collect-program.ts";
import type { CheckReport, Problem } from "./installation.ts";
import { serverCodeProblem } from "./program-code.ts";
import type { ServerHookParts } from "./server-hook.ts";
import type { ServerPackage } from "./server-package.ts";
import { ENTRY, packageProblems } from "./server-package.ts";
import type { ServerPlace } from "./server-place.ts";
import { otherWriters } from "./server-place.ts";

/** What a hook file starts; without a node where the program needs none. */
export type Start = Pick<ServerHookParts, "node" | "entry">;

/** The self-test pushes nothing, which takes a tenth of a second. */
const SELF_TEST_MS = 30_000;

/** For the repositories of one command: a program that several of them start is read once. */
export class ProgramChecks {
  readonly #known = new Map<boolean, Promise<ServerPackage | null>>();
  readonly #problems = new Map<string, Promise<readonly string[]>>();

  /** Runs it, once it is known to be what was installed: in this repository, as git would. */
  async check(place: ServerPlace, start: Start, reinstall: string): Promise<CheckReport> {
    const { entry, node } = start;
    const folder = node === null ? dirname(entry) : dirname(dirname(entry));
    const problems = await this.#problemsOf(folder, start, place);
    if (problems.length > 0) {
      const told = fewOf(problems, folder).map((message) => ({ message, fix: reinstall }));
      return { passed: [], problems: told, warnings: [] };
    }
    const warnings = [...(node === null ? [] : await nodeWarnings(folder, node, place, reinstall))];
    const whole = `every file in ${folder} is as installed`;
    const failure = await selfTest(place, start);
    if (failure === null) {
      return { passed: [whole, "an empty push passes with an empty environment"], problems: [], warnings };
    }
    return { passed: [whole], problems: [{ message: `the self-test failed: ${failure}`, fix: reinstall }], warnings };
  }

  #problemsOf(folder: string, { entry, node }: Start, { owner }: ServerPlace): Promise<readonly string[]> {
    const key = `${String(owner.uid)} ${entry}`;
    const known = this.#problems.get(key);
    if (known !== undefined) return known;
    const found = this.#ownProgram(node === null).then((own) => {
      const same = own !== null && folder.endsWith(own.version) && entry === join(folder, ENTRY[own.kind]);
      return packageProblems(folder, same ? own : null, owner);
    });
    this.#problems.set(key, found);
    return found;
  }

  /** What this very program would install, to compare with; null where it has none of that kind. */
  #ownProgram(selfContained: boolean): Promise<ServerPackage | null> {
    const own = this.#known.get(selfContained) ?? collectProgram(selfContained).catch(() => null);
    this.#known.set(selfContained, own);
    return own;
  }
}

/** Of another build every file differs, and one command mends all of them. */
const fewOf = (problems: readonly string[], folder: string): readonly string[] =>
  problems.length <= 4 ? problems : [...problems.slice(0, 3), `${problems.length - 3} more in ${folder}`];

async function nodeWarnings(
  folder: string,
  node: string,
  { owner }: ServerPlace,
  reinstall: string,
): Promise<readonly Problem[]> {
  const slower = serverCodeProblem(folder, owner);
  const open = (await otherWriters(node, owner)).map(({ why, fix }) => ({ message: `node is not safe: ${why}`, fix }));
  return [...(slower === null ? [] : [{ message: slower, fix: reinstall }]), ...open];
}

/** As git-receive-pack runs it: in the repository, GIT_DIR=. and nothing else that could help; as the owner, when we are root. */
async function selfTest(place: ServerPlace, { entry, node }: Start): Promise<string | null> {
  const [execPath = ""] = await place.porcelain.revParse("--exec-path").catch(() => []);
  const path = [dirname(execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);
  const environment = { GIT_DIR: ".", PATH: execPath === "" ? path : `${execPath}${delimiter}${path}` };
  const owner = process.getuid?.() === 0 ? place.owner : {};
  const options = { cwd: place.gitDir, environment, timeoutMs: SELF_TEST_MS, ...owner };
  try {
    const words = [...(node === null ? [] : [entry]), "hook", "pre-receive"];
    const { status, output } = await runProgram(node ?? entry, words, options);
    if (status === 0) return null;
    return output.trim().split("\n")[0] ?? `it ended with ${String(status)}`;
  } catch (error) {
    return error instanceof SignpolicyError ? error.message : String(error);
  }
}
