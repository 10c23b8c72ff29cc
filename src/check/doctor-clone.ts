/** Rows about the repository, its policy and its hooks. */
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { readTextIfAny } from "../io/files.ts";
import { tryGit } from "../io/git.ts";
import { runProgram } from "../io/programs.ts";
import { findRepository, isShallow } from "../io/repository.ts";
import { checkClientParts } from "./check-client.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { policyDrift } from "./drift.ts";
import { governClone } from "./governing.ts";
import { shellWord } from "./hook-lines.ts";
import type { Problem } from "./installation.ts";
import { readPrepare } from "./package-json.ts";
import { openSession } from "./session.ts";

async function gitVersion({ place, context }: Patient): Promise<readonly DoctorRow[]> {
  const { major, minor } = await place.porcelain.version();
  const version = `git ${major}.${minor}`;
  const at = (wanted: number): boolean => major > 2 || (major === 2 && minor >= wanted);
  const upgrade = "install a newer git: https://git-scm.com/downloads";
  if (!at(34)) {
    const why =
      context.config.get("gpg.format") === "ssh" ? "cannot sign with SSH keys" : "is older than any that is tested";
    return [fail("git.version", `${version} ${why}; 2.34 is the first that can`, upgrade)];
  }
  if (!at(40))
    return [pass("git.version", `${version} (before 2.40 git hides what gpg says when it fails: sign.live shows it)`)];
  return [pass("git.version", version)];
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

async function hooks({ place, directory, environment }: Patient): Promise<readonly DoctorRow[]> {
  const parts = await checkClientParts(place, { directory, environment });
  return parts.flatMap(({ id, passed, problems, warnings }): readonly DoctorRow[] => [
    ...byFix(problems).map((problem) => failed(id, problem)),
    ...warnings.map((why) => warn(id, why, "signpolicy check-install")),
    ...(problems.length + warnings.length === 0 && passed.length > 0
      ? [pass(id, [...new Set(passed)].join("; "))]
      : []),
  ]);
}

/** One command often mends several of them. */
function byFix(problems: readonly Problem[]): readonly Problem[] {
  return [...new Set(problems.map(({ fix }) => fix))].map((fix) => ({
    fix,
    message: problems.flatMap((one) => (one.fix === fix ? one.message : [])).join("; "),
  }));
}

function failed(id: string, { message, fix }: Problem): DoctorRow {
  const installs = /signpolicy install$/.test(fix);
  if (id === "policy.load" && message.startsWith("there is no policy")) return fail(id, message, "signpolicy init");
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
      warn(
        "npm.scripts",
        "npm is set to ignore-scripts: `npm install` does not put the hooks in",
        "npm run prepare, once in each clone",
      ),
    );
  }
  const prepare = readPrepare(packageText) ?? "";
  if (!/signpolicy|husky/.test(prepare)) {
    rows.push(
      warn(
        "npm.scripts",
        "no `prepare` script puts the hooks into a fresh clone",
        "npx --no-install signpolicy install",
        { kind: "install" },
      ),
    );
  }
  return rows.length > 0 ? rows : [pass("npm.scripts", "`npm install` puts the hooks in")];
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
  policyDrifts,
  npmScripts,
  nodeForWindows,
];
