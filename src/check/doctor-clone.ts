/** Rows about the repository, its policy and its hooks. */
import { isAbsolute, join, relative, resolve } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { readTextIfAny } from "../io/files.ts";
import { tryGit } from "../io/git.ts";
import { type ProgramResult, runProgram } from "../io/programs.ts";
import { findRepository, isShallow } from "../io/repository.ts";
import { checkClientParts } from "./check-client.ts";
import { approvals } from "./doctor-approvals.ts";
import type { ClientPlace } from "./client-place.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { policyDrift } from "./drift.ts";
import { governClone } from "./governing.ts";
import { shellWord } from "./hook-lines.ts";
import { configHookFile } from "./install-config.ts";
import { isOurHook } from "./install-hooks.ts";
import { byFix, type Problem } from "./installation.ts";
import { readPrepare } from "./package-json.ts";
import { lacksPostinstall } from "./install-prepare.ts";
import { projectProgram } from "./program-path.ts";
import { openSession } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

async function gitVersion({ place, context }: Patient): Promise<readonly DoctorRow[]> {
  const { major, minor } = await place.porcelain.version();
  const version = `git ${major}.${minor}`;
  const at = (wanted: number): boolean => major > 2 || (major === 2 && minor >= wanted);
  // What a distribution's own package is may be the very one that is too old.
  const upgrade =
    process.platform === "darwin" ? "brew install git" : "install a newer git: https://git-scm.com/downloads";
  if (!at(34)) {
    const why =
      context.config.get("gpg.format") === "ssh" ? "cannot sign with SSH keys" : "is older than any that is tested";
    return [fail("git.version", `${version} ${why}; 2.34 is the first that can`, upgrade)];
  }
  if (!at(40))
    return [pass("git.version", `${version} (before 2.40 git hides what gpg says when it fails: sign.live shows it)`)];
  if (!at(54)) return [pass("git.version", version)];
  return [pass("git.version", `${version} (from 2.54 on \`git verify-commit\` passes a key that has expired since)`)];
}

async function repositoryKind({ directory, environment }: Patient): Promise<readonly DoctorRow[]> {
  const repository = await findRepository(directory, environment);
  if (!isShallow(repository)) return [pass("repo.kind", `a full clone, ${repository.algorithm} object ids`)];
  const row = (environment["CI"] ?? "") === "" ? warn : fail;
  return [row("repo.kind", "a shallow clone: history that is not here cannot be judged", "git fetch --unshallow")];
}

async function policyDrifts({ directory, environment }: Patient): Promise<readonly DoctorRow[]> {
  const session = await openSession(await findRepository(directory, environment));
  try {
    const governing = await governClone(session, {});
    const [note] = await policyDrift(session, governing);
    const { source } = governing.loaded.origin;
    if (governing.own === true)
      return [pass("policy.drift", "the work tree's own policy is the only one there is yet")];
    if (note === undefined) return [pass("policy.drift", `the work tree has the policy that judges (${source})`)];
    const ref = governing.ref ?? "HEAD";
    const { status } = await tryGit(session.repository, ["merge-base", "--is-ancestor", ref, "HEAD"]);
    // Built on what judges: the difference is this branch's own, and nothing to be thrown away.
    if (status === 0) return [pass("policy.drift", `this clone changes the policy; until that lands ${source} judges`)];
    return [warn("policy.drift", `${note} (${source} is)`, `git merge ${shellWord(ref)}`)];
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return error.code === "ERR_POLICY_MISSING"
      ? []
      : [warn("policy.drift", error.message, error.hint ?? "signpolicy policy check")];
  } finally {
    session.close();
  }
}

/** What is in the work tree or staged, and not committed: nobody else is judged by it, and it is easily forgotten there. */
async function uncommittedPolicy({ place, environment, loaded }: Patient): Promise<readonly DoctorRow[]> {
  const known = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const files = loaded?.files ?? POLICY_PATHS;
  const { status, stdout } = await tryGit({ cwd: place.top, environment: Object.fromEntries(known) }, [
    "status",
    "--porcelain=v1",
    "--untracked-files=no",
    "-z",
    "--",
    ...files.map((file) => (isAbsolute(file) ? relative(place.top, file) : file)),
  ]);
  if (status !== 0) return [];
  const entries = stdout
    .toString("latin1")
    .split("\0")
    .filter((entry) => /^[ MTDRC][ MTD] /.test(entry));
  return entries.map((entry) => {
    const file = entry.slice(3);
    const word = shellWord(file);
    const where =
      entry[0] === " " ? "changed in the work tree" : entry[1] === " " ? "staged" : "staged, and changed since";
    return warn(
      "policy.drift",
      `${file} is ${where} and not committed: nobody is judged by it yet (git restore -SW -- ${word} drops that)`,
      `git commit -S -- ${word}`,
    );
  });
}

/** `--fire`: our own program, started as git would start it; what else stands in the hooks is not run. */
async function firedHooks({ place, environment, fire }: Patient): Promise<readonly DoctorRow[]> {
  if (fire !== true) return [];
  const program = await hookProgram(place);
  if (program === null) return [fail("hooks.fire", "no hook names a program of signpolicy", "signpolicy install")];
  const start = (argv: readonly string[]) =>
    runProgram(program, ["hook", ...argv], { cwd: place.top, environment, input: "", timeoutMs: 20_000 }).catch(
      () => null,
    );
  const rows: DoctorRow[] = [];
  // A push of nothing passes, whatever the policy says.
  const push = await start(["pre-push", "origin", "origin"]);
  if (push?.status !== 0)
    rows.push(fail("hooks.fire", `pre-push does not answer: ${saidBy(push)}`, "signpolicy install"));
  const commit = await start(["pre-commit"]);
  if (commit?.status !== 0)
    rows.push(
      warn("hooks.fire", `pre-commit would stop a commit now: ${saidBy(commit)}`, "signpolicy hook pre-commit"),
    );
  return rows.length > 0 ? rows : [pass("hooks.fire", "pre-commit and pre-push answer as git would start them")];
}

const saidBy = (ran: ProgramResult | null): string => ran?.output.trim().split("\n")[0] ?? "it cannot be started";

async function hookProgram(place: ClientPlace): Promise<string | null> {
  const own = await projectProgram(place);
  if (own !== null) return join(place.top, own);
  for (const file of [join(place.hooksDir, "pre-push"), configHookFile(place, "pre-push")]) {
    const text = await readTextIfAny(file);
    const [, quoted, plain] =
      (text === null || !isOurHook(text) ? null : /program=(?:'([^']*)'|(\S+))$/m.exec(text)) ?? [];
    const named = quoted ?? plain;
    if (named !== undefined) return resolve(place.top, Buffer.from(named, "latin1").toString("utf8"));
  }
  return null;
}

async function hooks({ place, directory, environment }: Patient): Promise<readonly DoctorRow[]> {
  const parts = await checkClientParts(place, { directory, environment });
  return parts.flatMap(({ id, passed, problems, warnings }): readonly DoctorRow[] => [
    ...byFix(problems).map((problem) => failed(id, problem)),
    ...warnings.map(({ message, fix }) => warn(id, message, fix)),
    ...(problems.length + warnings.length === 0 && passed.length > 0
      ? [pass(id, [...new Set(passed)].join("; "))]
      : []),
  ]);
}

function failed(id: string, { message, fix, runBit }: Problem): DoctorRow {
  const installs = /signpolicy install$/.test(fix);
  if (runBit !== undefined && fix.startsWith("chmod "))
    return fail(id, message, fix, { kind: "chmod", path: runBit, mode: 0o755 });
  return fail(id, message, fix, installs ? { kind: "install" } : null);
}

async function npmScripts({ place, environment }: Patient): Promise<readonly DoctorRow[]> {
  const { packageDir, packageText } = place;
  if (packageDir === null || packageText === null) return [];
  const rows: DoctorRow[] = [];
  const asked = await runProgram("npm", ["config", "get", "ignore-scripts"], {
    cwd: packageDir,
    environment,
    timeoutMs: 10_000,
  }).catch(() => null);
  if (asked?.stdout.trim() === "true") {
    rows.push(
      warn("npm.scripts", "npm is set to ignore-scripts: `npm install` does not put the hooks in", "npm run prepare"),
    );
  }
  const prepare = readPrepare(packageText) ?? "";
  if (!/signpolicy|husky/.test(prepare)) {
    rows.push(
      warn("npm.scripts", "no `prepare` script puts the hooks into a fresh clone", "signpolicy install", {
        kind: "install",
      }),
    );
  }
  if (lacksPostinstall(packageText)) {
    rows.push(
      warn(
        "npm.scripts",
        "yarn 2 and later run no `prepare`: `yarn install` does not put the hooks in",
        'npm pkg set scripts.postinstall="npm run --silent --if-present prepare"',
      ),
    );
  }
  return rows.length > 0 ? rows : [pass("npm.scripts", "an install puts the hooks in")];
}

/** Windows that start git without a shell's PATH find no node, and husky then ends with 127. */
async function nodeForWindows({ place, environment }: Patient): Promise<readonly DoctorRow[]> {
  if (process.platform === "win32" || !place.usesHusky) return [];
  const home = environment["HOME"] ?? "";
  const found = await runProgram("/bin/sh", ["-c", "command -v node"], {
    cwd: place.top,
    environment: { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin" },
    timeoutMs: 5000,
  }).catch(() => null);
  if (found?.status === 0) return [pass("node.gui", `programs with a bare PATH find ${found.stdout.trim()}`)];
  const init = join(environment["XDG_CONFIG_HOME"] ?? join(home, ".config"), "husky", "init.sh");
  if (/PATH=|nvm|volta|fnm|asdf|mise/.test((await readTextIfAny(init).catch(() => null)) ?? "")) {
    return [pass("node.gui", `${init} sets the PATH for programs with a bare one`)];
  }
  const folder = process.execPath.replace(/\/[^/]*$/, "");
  const line = `export PATH="${folder}:$PATH"`;
  return [
    warn(
      "node.gui",
      "programs that are not started from a shell find no node, so hooks fail there",
      `mkdir -p ${shellWord(join(init, ".."))} && echo '${line}' >>${shellWord(init)}`,
    ),
  ];
}

export const CLONE_ROWS: readonly Examination[] = [
  gitVersion,
  repositoryKind,
  hooks,
  firedHooks,
  policyDrifts,
  uncommittedPolicy,
  approvals,
  npmScripts,
  nodeForWindows,
];
