// What is measured, against what, and the ratio that must hold. Each case first makes sure that what it times gives the
// right answer, also to a push that must be refused.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openScene } from "./scene.mjs";
import { scale, timeInTurns } from "./timing.mjs";

const nothing = (env) => ({ file: process.execPath, args: ["-e", "0"], env });

/** A server of many refs: git itself lists what a push brings beyond all of them (git-receive-pack), and takes its time. */
export const manyRefs = (refs) => ({
  name: `pre-receive, one new commit, ${refs.toLocaleString("en-US")} refs`,
  measure(plan) {
    const scene = openScene(1000, { refs });
    try {
      const push = receiving(scene);
      const { cwd, env, input } = push;
      const args = ["rev-list", "--objects", "--stdin", "--not", "--all", "--quiet", "--alternate-refs"];
      const lists = { file: "git", args, cwd, env, input: `${input.split(" ")[1]}\n` };
      const [time, rival, git] = timeInTurns(plan, push, nothing(scene.env), lists);
      const allowed = 1.9 * rival.median + git.median;
      const name = `1.9 × node -e 0 and git's own rev-list (${git.median.toFixed(0)} ms)`;
      const target = { name, ratio: time.median / allowed, atMost: 1 };
      return { time, comparisons: [{ name: "node -e 0", rival, ratio: time.median / rival.median }, target] };
    } finally {
      scene.close();
    }
  },
});

/** A hook as git starts it, against a node that does nothing: at most `atMost` times as long. */
function hookCase(name, atMost, hook) {
  return {
    name,
    measure(plan, scene) {
      const [time, rival] = timeInTurns(plan, hook(scene), nothing(scene.env));
      const target = atMost === null ? {} : { atMost };
      return { time, comparisons: [{ name: "node -e 0", rival, ratio: time.median / rival.median, ...target }] };
    },
  };
}

const preReceive = hookCase("pre-receive, one new commit", 1.9, receiving);

/** The push of a signed commit, once that of an unsigned one was refused. */
function receiving(scene) {
  const { file, args, cwd, env, input } = scene.unsigned;
  const refused = spawnSync(file, args, { cwd, env, input, encoding: "utf8" });
  if (refused.status !== 1 || !refused.stderr.includes("unsigned")) {
    throw new Error(`pre-receive let an unsigned commit in: ${refused.status} ${refused.stderr}`);
  }
  return { ...scene.incoming, before: () => pickUp(cwd) };
}

/** The verdict of the push before, which its `post-receive` takes: that hook is not run here. */
function pickUp(server) {
  const pending = join(server, "signpolicy", "pending");
  if (!existsSync(pending)) return;
  for (const name of readdirSync(pending)) rmSync(join(pending, name));
}

const preCommit = hookCase("pre-commit", 1.5, ({ clone, env }) => {
  // githooks(5): what git adds to the environment of a commit's hooks.
  const hook = { file: join(clone, ".git", "hooks", "pre-commit"), args: [], cwd: clone };
  const git = { ...env, GIT_INDEX_FILE: ".git/index", GIT_EDITOR: ":", GIT_PREFIX: "" };
  const unsigned = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "commit.gpgSign", GIT_CONFIG_VALUE_0: "false" };
  const refused = spawnSync(hook.file, [], { cwd: clone, env: { ...git, ...unsigned }, encoding: "utf8" });
  if (refused.status !== 1) throw new Error(`pre-commit let an unsigned commit pass: ${refused.stderr}`);
  // What git said is kept once its configuration is two seconds old (src/io/commit-memory.ts), as a developer's is.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  return { ...hook, env: git };
});

const prePush = hookCase("pre-push, nothing new", null, ({ clone, git, env }) => {
  const tip = git("-C", clone, "rev-parse", "HEAD");
  return {
    file: join(clone, ".git", "hooks", "pre-push"),
    args: ["origin", git("-C", clone, "remote", "get-url", "origin")],
    cwd: clone,
    env,
    input: `refs/heads/main ${tip} refs/heads/main ${tip}\n`,
  };
});

/** `verify` of a short history, beside git with the program it calls for each commit. */
const verifyOpenPgp = {
  name: "verify, 1,000 commits, openpgp",
  needs: "gpg",
  measure({ runs, commits, sample }, scene) {
    importIntoGpg(scene);
    const subject = verifying(scene, "refs/remotes/origin/main", commits);
    const args = ["-C", scene.clone, "log", `--max-count=${sample}`, "--format=%G?", "origin/main"];
    const verdicts = execFileSync("git", args, { env: scene.env, encoding: "utf8" }).trim().split("\n");
    if (verdicts.length !== sample || verdicts.some((verdict) => verdict !== "U" && verdict !== "G")) {
      throw new Error(`gpg does not find every signature good: ${[...new Set(verdicts)].join(" ")}`);
    }
    const [time, git] = timeInTurns({ runs }, subject, { file: "git", args, env: scene.env });
    const rival = scale(git, commits / sample);
    const name = `git log --format=%G?, from ${sample} commits`;
    return { time, items: commits, comparisons: [{ name, rival, ratio: rival.median / time.median, show: "faster" }] };
  },
};

const verifySsh = {
  name: "verify, 1,000 commits, ssh",
  measure({ runs, commits }, scene) {
    const [time, rival] = timeInTurns(
      { runs },
      verifying(scene, "refs/remotes/origin/ssh", commits),
      verifying(scene, "refs/remotes/origin/main", commits),
    );
    return { time, items: commits, comparisons: [{ name: "openpgp", rival, ratio: time.median / rival.median }] };
  },
};

const verifyAgain = {
  name: "verify again, nothing new",
  measure(plan, scene) {
    const { commits } = plan;
    const { before: _, ...subject } = verifying(scene, "refs/remotes/origin/main", commits);
    const [time, rival] = timeInTurns(plan, subject, nothing(scene.env));
    return { time, comparisons: [{ name: "node -e 0", rival, ratio: time.median / rival.median, atMost: 1.8 }] };
  },
};

export const HOOKS = [preReceive, preCommit, prePush];
export const CASES = [...HOOKS, verifyOpenPgp, verifySsh, verifyAgain];

function verifying({ program, clone, env }, ref, commits) {
  const args = [program, "verify", ref];
  const json = execFileSync(process.execPath, [...args, "--format", "json"], {
    cwd: clone,
    env,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  const { summary } = JSON.parse(json);
  if (summary.checked !== commits || summary.allowed !== commits) {
    throw new Error(`verify of ${commits} good commits says ${JSON.stringify(summary)}`);
  }
  // What is timed judges everything, whatever an earlier run found.
  const before = () => rmSync(join(clone, ".git", "signpolicy", "frontier"), { force: true });
  return { file: process.execPath, args, cwd: clone, env, before };
}

function importIntoGpg({ env, certificate }) {
  mkdirSync(env.GNUPGHOME, { recursive: true, mode: 0o700 });
  execFileSync("gpg", ["--batch", "--quiet", "--no-autostart", "--import"], {
    env,
    input: certificate,
    stdio: ["pipe", "ignore", "ignore"],
  });
}
