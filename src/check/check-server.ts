/** Whether a server's hooks will run, as what was installed, and judge by the policy they were given. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, readTextIfAny, realPathIfAny } from "../io/files.ts";
import { shellWord } from "./hook-lines.ts";
import { keptPath } from "./install-hooks.ts";
import type { CheckReport, Problem, ServerLayout, ServerOptions } from "./installation.ts";
import { commonHook, driverProblems, hookFile, layoutOf, strayHooks } from "./server-layout.ts";
import { readServerMemory } from "./server-memory.ts";
import type { ProgramChecks, Start } from "./check-program.ts";
import { parseServerHook, renderServerHook } from "./server-hook.ts";
import type { ServerHook, ServerPlace } from "./server-place.ts";
import { SERVER_HOOKS, findServer, otherWriters } from "./server-place.ts";
import { inSession, loadPinned, standingPolicy } from "./server-policy.ts";
import { lostRunBit } from "./installation.ts";

interface Findings {
  readonly passed: string[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

/** Looks at one repository. Runs our own program on an empty push, and nothing that is not ours. */
export async function checkServer(
  repository: string,
  options: ServerOptions,
  programChecks: ProgramChecks,
): Promise<CheckReport> {
  const place = await findServer(repository, options.directory, options.environment);
  const found: Findings = { passed: [], problems: [], warnings: [] };
  const layout = await layoutOf(place, await readServerMemory(place.gitDir), options);
  const named = options.layout === undefined ? "" : ` --layout ${options.layout}`;
  const reinstall = `signpolicy install --server ${shellWord(place.gitDir)}${named}`;
  found.problems.push(...(await driverProblems(place, layout)));
  for (const file of await strayHooks(place, layout)) {
    found.problems.push({ message: `${file} is a hook of another layout than ${layout}`, fix: reinstall });
  }
  if (layout !== "gitlab" && place.hooksScope !== null && place.hooksScope !== "local") {
    found.warnings.push({
      message: `core.hooksPath is set (${place.hooksScope} configuration): git looks for hooks in ${place.hooksDir}`,
      fix: `${inRepository(place)} config --show-origin --get-all core.hooksPath`,
    });
  }
  const programs = new Map<string, string | null>();
  for (const hook of SERVER_HOOKS) {
    const parts = await checkHook(place, layout, hook, reinstall, found);
    if (parts !== null) programs.set(parts.entry, parts.node);
  }
  for (const [entry, node] of programs) {
    const program = await programChecks.check(place, { entry, node }, reinstall);
    found.passed.push(...program.passed);
    found.problems.push(...program.problems);
    found.warnings.push(...program.warnings);
  }
  await checkPolicy(place, options, found);
  await checkRecord(place, options, found);
  const { seedProblem } = await import("./check-seed.ts");
  const seed = await seedProblem(place, options);
  if (seed !== null) found.problems.push(seed);
  return found;
}

async function checkHook(
  place: ServerPlace,
  layout: ServerLayout,
  hook: ServerHook,
  reinstall: string,
  found: Findings,
): Promise<Start | null> {
  // Under gitolite the hook may be a link to one that all repositories share.
  const common = layout === "gitolite" ? await commonHook(place, hook) : null;
  const file = common ?? hookFile(place, layout, hook);
  const problem = (message: string, fix = reinstall): null => {
    found.problems.push({ message, fix });
    return null;
  };
  const stats = await entryIfAny(file);
  if (stats === null) return problem(`${file} is missing: pushes are not judged`);
  const text = stats.isFile() ? ((await readTextIfAny(file)) ?? "") : "";
  const parts = parseServerHook(text);
  if (parts === null) return problem(`${file} is not the hook that was installed`);
  // One line more is enough to let everything in.
  const kept = await realPathIfAny(keptPath(file));
  const isWhole = text === (await renderServerHook(hook, parts));
  if (!isWhole || (parts.then !== null && (await realPathIfAny(parts.then)) !== kept)) {
    return problem(`${file} was changed, or written by another version of signpolicy`);
  }
  if (process.platform !== "win32") {
    // githooks(5): git passes over a hook that is not executable, with a hint that no pusher reads.
    if ((stats.mode & 0o100) === 0)
      found.problems.push({
        message: lostRunBit(file),
        fix: `chmod +x ${shellWord(file)}`,
      });
    for (const { why, fix } of await otherWriters(file, place.owner)) {
      found.problems.push({ message: `${hook} is not safe: ${why}`, fix });
    }
  }
  for (const path of [parts.node ?? parts.entry, parts.entry]) {
    if ((await realPathIfAny(path)) === null) return problem(`${file} names ${path}, which is missing`);
  }
  const started = parts.node ?? parts.entry;
  if (!(await mayBeRun(started))) return problem(`${started}, which ${hook} starts, cannot be run`);
  found.passed.push(`${file} is executable and starts ${parts.entry}`);
  return parts;
}

async function checkPolicy(place: ServerPlace, options: ServerOptions, found: Findings): Promise<void> {
  const config = await place.porcelain.config();
  const policy = config.get("signpolicy.policy", ["system", "local", "worktree"]);
  if (policy === null) {
    const standing = await standingPolicy(place, options);
    if ("fix" in standing) {
      found.problems.push(standing);
      return;
    }
    found.passed.push(`the policy is valid (${standing.source})`);
    found.warnings.push(
      ...standing.notes.map((message) => ({ message, fix: "git push, by somebody who has that history" })),
    );
    if (config.get("signpolicy.policyref") === null) {
      const ref = shellWord(standing.ref ?? "refs/heads/main");
      found.warnings.push({
        message: `no policy is pinned: it is read from the default branch (${standing.source})`,
        fix: `${inRepository(place)} config signpolicy.policyRef ${ref}`,
      });
    }
    return;
  }
  try {
    await loadPinned(policy);
    found.passed.push(`the policy ${policy} is valid`);
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    found.problems.push({ message: error.message, fix: `signpolicy policy check ${shellWord(policy)}` });
    return;
  }
  for (const { why, fix } of await otherWriters(policy, place.owner)) {
    found.problems.push({ message: `the policy is not safe: ${why}`, fix });
  }
}

async function checkRecord(place: ServerPlace, options: ServerOptions, found: Findings): Promise<void> {
  const { loadRecord } = await import("./record.ts");
  try {
    if ((await inSession(place, options, loadRecord)).id !== null) {
      found.passed.push("the record of pushes is there and whole");
    } else {
      const fix = `signpolicy install --server ${shellWord(place.gitDir)}`;
      found.problems.push({ message: "no record of pushes was begun", fix });
    }
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    found.problems.push({ message: error.message, fix: error.hint ?? "signpolicy record baseline" });
  }
}

const inRepository = (place: ServerPlace): string => `git -C ${shellWord(place.gitDir)}`;

const mayBeRun = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
