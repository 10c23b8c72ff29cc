/**
 * The hooks judge a few pushes of our own making, in a repository that is thrown away, so that V8 tells which of their
 * functions run: a hook that is given the code of those alone, and not of all there are, starts sooner. It compiles any
 * other from the text when it is called. Keys, policy and pushes are `config/rehearsal/pushes.json` (`scripts/rehearsal.mjs`).
 */
import { join } from "node:path";
import pushes from "../../config/rehearsal/pushes.json" with { type: "json" };
import { readClock } from "../io/clock.ts";
import { readCode, type CodeOf } from "../io/compile-code.ts";
import type { Variables } from "../io/environment.ts";
import { writeWhole } from "../io/files.ts";
import { runGit } from "../io/git.ts";
import { runProgram } from "../io/programs.ts";
import { inScratch, writeLoose, type Scratch } from "../io/scratch-repository.ts";
import { ownOwners } from "../io/trusted-file.ts";
import { beginRecord } from "./record-begin.ts";

/** A push takes a tenth of a second. */
const PUSH_MS = 10_000;

const { standing, pushed, tips } = pushes;
const ABSENT = "0".repeat(40);
const MAIN = "refs/heads/main";

/**
 * The code of what a server's hooks ran, for this node, of the program in a folder.
 *
 * @throws whatever went wrong, a push above all that is not judged as it must be
 */
export const rehearsePushes = (dist: string, caller: Variables): Promise<CodeOf> =>
  inScratch(caller, async (scratch) => {
    const { folder, gitDir, place } = scratch;
    const objects = join(gitDir, "objects");
    const quarantine = join(objects, "tmp_objdir-incoming-rehearsal");
    const policy = join(folder, "policy.json");
    await writeWhole(policy, pushes.policy, { flush: false });
    for (const object of standing) await writeLoose(objects, object);
    for (const object of pushed) await writeLoose(quarantine, object);
    await runGit(place, ["config", "signpolicy.policy", policy]);
    await runGit(place, ["update-ref", MAIN, tips.base]);
    await beginRecord({ directory: gitDir, environment: place.environment, now: readClock(), how: "keep" });
    const { unseen, seen, code } = judging(dist, scratch);
    const apart = { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
    const line = (ref: string, old: string, next: string): string => `${old} ${next} ${ref}\n`;
    const toMain = line(MAIN, tips.base, tips.openpgp);
    await unseen(["pre-receive"], toMain, apart);
    await seen(["pre-receive"], toMain, apart);
    await seen(
      ["pre-receive"],
      line("refs/heads/rsa", ABSENT, tips.rsa) + line("refs/heads/ssh", ABSENT, tips.ssh),
      apart,
    );
    for (const object of pushed) await writeLoose(objects, object);
    await runGit(place, ["update-ref", MAIN, tips.openpgp]);
    await seen(["post-receive"], toMain, {});
    // Without an administrator's file the repository's own is the policy.
    await runGit(place, ["config", "--unset", "signpolicy.policy"]);
    const onTop = line(MAIN, tips.openpgp, tips.rsa);
    await unseen(["pre-receive"], onTop, apart);
    await seen(["pre-receive"], onTop, apart);
    return readCode(code, dist, ownOwners());
  });

/**
 * The same of a clone's `pre-push`. Of the file that the hooks of a commit start with, too, there is no code in it: they are not
 * rehearsed.
 *
 * @throws as `rehearsePushes`
 */
export const rehearsePrePush = (dist: string, caller: Variables): Promise<CodeOf> =>
  inScratch(caller, async (scratch) => {
    const { folder, gitDir, place } = scratch;
    for (const object of [...standing, ...pushed]) await writeLoose(join(gitDir, "objects"), object);
    await runGit(place, ["config", "remote.origin.url", folder]);
    await runGit(place, ["update-ref", "refs/remotes/origin/main", tips.base]);
    await runGit(place, ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    await runGit(place, ["update-ref", MAIN, tips.openpgp]);
    const { unseen, seen, code } = judging(dist, scratch);
    const words = ["pre-push", "origin", folder];
    const line = (next: string): string => `${MAIN} ${next} ${MAIN} ${tips.base}\n`;
    await unseen(words, line(tips.openpgp), {});
    await seen(words, line(tips.openpgp), {});
    await seen(words, line(tips.ssh), {});
    const ran = readCode(code, dist, ownOwners());
    return new Map([...ran].filter(([name]) => !name.startsWith("./main-")));
  });

/** Runs a hook, `seen` with the code kept of what ran. What the first push alone needs (the policy checked, git asked) is not. */
function judging(dist: string, { folder, place }: Scratch) {
  const code = join(folder, "code");
  const run = async (
    start: readonly string[],
    words: readonly string[],
    input: string,
    apart: Variables,
  ): Promise<void> => {
    const environment = { ...place.environment, GIT_DIR: ".", ...apart };
    const options = { cwd: place.cwd, environment, input, timeoutMs: PUSH_MS };
    const { status, output } = await runProgram(process.execPath, [...start, "hook", ...words], options);
    if (status !== 0) throw new Error(`the rehearsed ${words[0] ?? ""} ended with ${String(status)}: ${output}`);
  };
  return {
    code,
    seen: run.bind(null, [join(dist, "rehearse.cjs"), code]),
    unseen: run.bind(null, [join(dist, "signpolicy.cjs")]),
  };
}
