/** Rows about a bare repository whose pushes are judged. */
import { SignpolicyError } from "../errors.ts";
import { realPathIfAny } from "../io/files.ts";
import { tryGit } from "../io/git.ts";
import { findRepository } from "../io/repository.ts";
import { runProgram } from "../io/programs.ts";
import type { ObjectId } from "../model.ts";
import { rulesFor } from "../policy/applies.ts";
import type { Policy } from "../policy/policy.ts";
import type { RefName } from "../model.ts";
import { ProgramChecks } from "./check-program.ts";
import { checkServer } from "./check-server.ts";
import { verifyCommits } from "./commits.ts";
import type { DoctorOptions, DoctorRow } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { governClone } from "./governing.ts";
import { shellWord } from "./hook-lines.ts";
import { keptPath } from "./install-hooks.ts";
import { byFix } from "./installation.ts";
import { hookFile, layoutOf } from "./server-layout.ts";
import { readServerMemory } from "./server-memory.ts";
import type { ServerPlace } from "./server-place.ts";
import { findServer } from "./server-place.ts";
import { openSession } from "./session.ts";
import type { Session } from "./session.ts";

/** The forges' own limit for all hooks is five seconds; two leave room for a slow disk. */
const SLOW_MS = 2000;
const NEWEST = 500;

/**
 * Looks at one bare repository. Runs what `check-install --server` runs: our own program, on an empty push.
 *
 * @throws SignpolicyError ERR_INSTALL, GitError
 */
export async function examineServer(
  repository: string,
  options: DoctorOptions,
  tell: (row: DoctorRow) => void,
): Promise<void> {
  const { directory, environment } = options;
  const { passed, problems, warnings } = await checkServer(repository, { directory, environment }, new ProgramChecks());
  for (const { message, fix } of byFix(problems)) tell(fail("server.exec", message, fix));
  for (const { message, fix } of warnings) tell(warn("server.exec", message, fix));
  for (const what of passed) tell(pass("server.exec", what));
  const place = await findServer(repository, directory, environment);
  const found = await findRepository(place.gitDir, environment);
  // What somebody changed is not run.
  if (problems.length === 0) tell(await environmentRow(place, options));
  const session = await openSession(found);
  try {
    const policy = await governClone(session, {}).then(
      ({ loaded }) => loaded.policy,
      () => null,
    );
    for (const row of configRows(session, policy, inRepository(place))) tell(row);
    for (const row of await bypassRows(session, inRepository(place))) tell(row);
    for (const row of await timeRow(session, options, inRepository(place))) tell(row);
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    const fix = error.hint ?? `signpolicy install --server ${shellWord(place.gitDir)} --policy FILE`;
    tell(fail("server.policy", error.message, fix));
  } finally {
    session.close();
  }
}

const BARE_PATH = "/usr/bin:/bin";

const inRepository = (place: ServerPlace): string => `git -C ${shellWord(place.gitDir)}`;

/** A hook must run where HOME is not set and the PATH is bare, since daemons start git like that. */
async function environmentRow(place: ServerPlace, options: DoctorOptions): Promise<DoctorRow> {
  const layout = await layoutOf(place, await readServerMemory(place.gitDir), options);
  const file = hookFile(place, layout, "pre-receive");
  const said = await failureOf(file, place);
  if (said === null) return pass("server.env", "pre-receive runs with a bare PATH and without HOME");
  // A hook that stood there before us runs behind ours, and is not ours to mend.
  const kept = await realPathIfAny(keptPath(file));
  const keptSaid = kept === null ? null : await failureOf(kept, place);
  if (kept !== null && keptSaid !== null) {
    const show = `env -i PATH=${BARE_PATH} GIT_DIR=. ${shellWord(kept)} </dev/null`;
    return fail(
      "server.env",
      `the hook that was there before, ${kept}, fails with a bare PATH and without HOME: ${keptSaid}`,
      `cd ${shellWord(place.gitDir)} && ${show}`,
    );
  }
  return fail(
    "server.env",
    `pre-receive fails with a bare PATH and without HOME: ${said}`,
    `signpolicy install --server ${shellWord(place.gitDir)}`,
  );
}

/** The first that a hook says when it fails on an empty push as a daemon would start it; null where it passes. */
async function failureOf(file: string, place: ServerPlace): Promise<string | null> {
  const ran = await runProgram(file, [], {
    cwd: place.gitDir,
    environment: { PATH: BARE_PATH, GIT_DIR: "." },
    timeoutMs: 30_000,
    input: "",
    // The file is the owner's to write: root runs it with the owner's rights.
    ...(process.getuid?.() === 0 ? place.owner : {}),
  }).catch((error: unknown) => ({ status: null, output: error instanceof Error ? error.message : String(error) }));
  return ran.status === 0 ? null : (ran.output.trim().split("\n")[0] ?? "");
}

function configRows({ config }: Session, policy: Policy | null, git: string): readonly DoctorRow[] {
  const rows: DoctorRow[] = [];
  const advise = (isSo: boolean, why: string, fix: string): void => {
    if (isSo) rows.push(warn("server.config", why, fix));
  };
  advise(
    config.get("receive.fsckobjects") !== "true" && config.get("transfer.fsckobjects") !== "true",
    "malformed objects are let in: receive.fsckObjects is not on",
    `${git} config receive.fsckObjects true`,
  );
  const asks = (variable: "pushes" | "override"): boolean =>
    policy?.rules.some((rule) => rule[variable] != null) ?? false;
  advise(
    asks("override") && config.get("receive.advertisepushoptions") !== "true",
    "the policy has an override, and no push can ask for it: receive.advertisePushOptions is not on",
    `${git} config receive.advertisePushOptions true`,
  );
  advise(
    (asks("override") || asks("pushes")) && (config.get("receive.certnonceseed") ?? "") === "",
    "the policy asks for signed pushes, and this server takes none: receive.certNonceSeed is not set",
    `${git} config receive.certNonceSeed "$(openssl rand -hex 32)"`,
  );
  const hidden = config.values.filter(({ key }) => key === "transfer.hiderefs" || key === "receive.hiderefs");
  advise(
    hidden.some(({ value }) => /^\^?refs\/signpolicy(?:\/|$)/.test(value ?? "")),
    "transfer.hideRefs hides refs/signpolicy: nobody can fetch or push approvals",
    `${git} config --unset-all ${hidden[0]?.key ?? "transfer.hideRefs"} '^\\^?refs/signpolicy'`,
  );
  const deletes = (policy?.rules ?? []).filter((rule) => rule.refs.length > 0 && rule.updates.delete !== "deny");
  advise(
    deletes.length > 0 && config.get("receive.denydeletes") !== "true" && policy?.unmatched === "allow",
    "any ref may be deleted: no rule (`updates`) and no receive.denyDeletes forbids it",
    `${git} config receive.denyDeletes true`,
  );
  const path = config.get("core.hookspath");
  advise(
    path !== null,
    `core.hooksPath is ${path ?? ""}: hooks lie there and not in the repository`,
    `${git} config --show-origin --get-all core.hooksPath`,
  );
  for (const { key, value } of config.values.filter(
    (one) => /^hook\..*\.enabled$/.test(one.key) && one.value === "false",
  )) {
    advise(true, `${key} is ${value ?? ""}: that hook does not run`, `${git} config --unset-all ${shellWord(key)}`);
  }
  return rows.length > 0 ? rows : [pass("server.config", "receive.fsckObjects is on, and no hook is switched off")];
}

/** What a push could use to come round the rules. */
async function bypassRows(session: Session, git: string): Promise<readonly DoctorRow[]> {
  const { loaded } = await governClone(session, {});
  const { policy } = loaded;
  const rows: DoctorRow[] = [];
  if (policy.unmatched === "allow") {
    rows.push(
      warn(
        "server.bypass",
        "`unmatched: allow` lets anything be pushed to refs that no rule names",
        "unmatched: deny, in the policy",
      ),
    );
  }
  const open = (["refs/replace/x", "refs/notes/commits"] as const).filter((ref) => {
    const rules = rulesFor(policy, ref as RefName);
    return rules.length > 0 && rules.every(({ commits }) => commits === null);
  });
  for (const ref of open) {
    rows.push(
      warn(
        "server.bypass",
        `a rule names ${ref} and asks nothing of what is pushed there`,
        "give that rule a `commits` clause",
      ),
    );
  }
  const { stdout } = await tryGit(session.repository, [
    "for-each-ref",
    "--count=1",
    "--format=%(refname)",
    "refs/replace",
  ]);
  const replaced = stdout.toString("latin1").trim();
  if (replaced !== "") {
    const why = `there are replace refs, which change what git shows of other objects: ${replaced}`;
    rows.push(warn("server.bypass", why, `${git} update-ref -d ${shellWord(replaced)}`));
  }
  return rows.length > 0
    ? rows
    : [pass("server.bypass", "refs that no rule names are refused, and no replace refs are there")];
}

async function timeRow(
  session: Session,
  { environment, now }: DoctorOptions,
  git: string,
): Promise<readonly DoctorRow[]> {
  const { repository } = session;
  const { status, stdout } = await tryGit(repository, ["rev-list", `--max-count=${NEWEST}`, "HEAD", "--"]);
  const targets = stdout
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "") as ObjectId[];
  if (status !== 0 || targets.length === 0) return [];
  const start = performance.now();
  let checked = 0;
  const sink = { begin: () => undefined, decision: () => void (checked += 1) };
  await verifyCommits(
    { cwd: repository.gitDir, environment, targets, tags: false, all: false, noWalk: true, now },
    sink,
  );
  const took = performance.now() - start;
  const why = `judging the newest ${checked} commits took ${(took / 1000).toFixed(1)} s`;
  return [
    took > SLOW_MS
      ? warn(
          "server.time",
          `${why}: a slow disk, few cores or loose objects (limits.seconds in the policy)`,
          `${git} gc`,
        )
      : pass("server.time", why),
  ];
}
