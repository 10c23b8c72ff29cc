// Its own medicine: CI holds this repository to a policy, by the program that was just built.
//
// Where the repository has a policy, its history must satisfy it, and an unsigned commit fails here. A policy needs people with keys;
// the first maintainer who has one runs `node dist/signpolicy.cjs init` and commits what that writes. Until then the step plays
// that day, in a clone that is thrown away, with a key made for it: the policy that `init` writes for this very history must take
// all of it, and a signed commit on top; and it must refuse an unsigned one, one by a key that nobody knows, one under another's
// e-mail and one that was changed after it was signed. What is not refused fails CI, today, on the history as it is.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "dist", "signpolicy.cjs");
const places = [".signpolicy.yaml", ".signpolicy.yml", ".signpolicy.json", ".signpolicyrc", ".config/signpolicyrc"];
const platforms = ["GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL"];

const say = (text) => process.stdout.write(`own-policy: ${text}\n`);

try {
  if (places.some((place) => existsSync(join(root, place)))) judge();
  else rehearse();
} catch (error) {
  process.stderr.write(`own-policy: error: ${error.message}\n`);
  process.exitCode = 1;
}

/** What a platform says has happened, else all that HEAD reaches, as it would stand on main: also of a detached HEAD. */
function judge() {
  const isOnPlatform = platforms.some((name) => (process.env[name] ?? "") !== "");
  const judging = isOnPlatform ? ["ci"] : ["verify", "--quiet", "--as", "refs/heads/main"];
  for (const words of [["policy", "check"], judging]) {
    const { status } = spawnSync(process.execPath, [program, ...words], { cwd: root, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 70);
  }
  say("every commit of this history satisfies the repository's own policy");
}

function rehearse() {
  const missing = whatIsMissing();
  if (missing !== null) {
    say(`no maintainer has put a key and a policy here yet; the rehearsal needs ${missing}`);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "own-policy-"));
  try {
    const commits = play(scratch);
    say("no maintainer has put a key and a policy here yet: node dist/signpolicy.cjs init");
    say(
      `rehearsed with a key that is thrown away: ${commits} commits stay good; what is unsigned or forged from now on is refused`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function whatIsMissing() {
  const said = (...words) => spawnSync("git", ["-C", root, ...words], { encoding: "utf8" }).stdout?.trim();
  if (!existsSync(join(root, ".git")) || said("rev-parse", "--verify", "-q", "HEAD") === "") return "a clone";
  if (said("rev-parse", "--is-shallow-repository") !== "false") return "the whole history, and this clone is shallow";
  if (spawnSync("ssh-keygen", ["-Y"]).error !== undefined) return "ssh-keygen";
  return null;
}

/** @returns how many commits the history has */
function play(scratch) {
  const clone = join(scratch, "clone");
  const env = { PATH: process.env.PATH, HOME: scratch, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
  const run = (command, words, options = {}) =>
    spawnSync(command, words, { cwd: clone, env, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  const must = (command, words, options) => {
    const { status, stdout, stderr, error } = run(command, words, options);
    if (status !== 0) fail(`${command} ${words.join(" ")}: ${error?.message ?? stderr}`);
    return stdout.trim();
  };
  const git = (...words) => must("git", words);
  const signpolicy = (...words) => run(process.execPath, [program, ...words]);

  must("git", ["clone", "--quiet", "--no-hardlinks", "--no-tags", root, clone], { cwd: scratch, env: process.env });
  git("checkout", "--quiet", "-B", "main");
  git("remote", "remove", "origin");
  git("config", "user.name", "A Maintainer");
  git("config", "user.email", "maintainer@example.org");
  const init = signpolicy("init", "--yes", "--new-key", "--no-hooks");
  if (init.status !== 0) fail(`init does not know what to do here: ${init.stderr}`);
  git("add", ".signpolicy.yaml");
  git("commit", "--quiet", "-S", "-m", "Enforce the signing policy");
  const all = signpolicy("verify", "--quiet");
  if (all.status !== 0)
    fail(`this history would not satisfy the policy that init writes for it:\n${all.stdout}${all.stderr}`);
  const good = git("rev-parse", "HEAD");

  const commit = (...words) => {
    git("reset", "--quiet", "--hard", good);
    git(...words);
    return git("rev-parse", "HEAD");
  };
  const plain = ["commit", "--quiet", "--allow-empty", "-m", "next"];
  const stranger = join(scratch, "stranger");
  must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", stranger]);
  const signed = commit(...plain);
  const raw = git("cat-file", "commit", signed).replace(/next$/, "next, and more");
  const changed = must("git", ["hash-object", "-t", "commit", "-w", "--stdin"], { input: `${raw}\n` });
  for (const [oid, expected] of [
    [signed, null],
    [commit(...plain, "--no-gpg-sign"), "unsigned"],
    [commit("-c", `user.signingkey=${stranger}`, ...plain), "unknown-key"],
    [commit("-c", "user.email=somebody@example.org", ...plain), "identity-mismatch"],
    [changed, "bad-signature"],
  ]) {
    const { status, stdout } = signpolicy("verify", "--format", "json", "--as", "refs/heads/main", `${good}..${oid}`);
    const code = status === 0 ? null : codeOf(stdout);
    if (code !== expected) fail(`a commit that should be ${expected ?? "allowed"} is ${code ?? "allowed"}`);
  }
  return git("rev-list", "--count", `${good}^`);
}

/** @returns the one cause of the one denial */
function codeOf(text) {
  try {
    const denied = JSON.parse(text).decisions.filter(({ allow }) => !allow);
    return denied.length === 1 ? denied[0].findings[0].code : `${denied.length} denials`;
  } catch {
    return "not judged";
  }
}

function fail(why) {
  throw new Error(why.trim());
}
