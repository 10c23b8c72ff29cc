// `verify --trust-root` beside gittuf, which judges the entries of its own log: a history of which it recorded each commit.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addCommits, createPack, storePacked } from "./history.mjs";
import { environment } from "./scene.mjs";
import { createSshSigner } from "./ssh-signer.mjs";
import { timeInTurns } from "./timing.mjs";

const program = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const SOURCES = ["gittuf-case.mjs", "history.mjs", "ssh-signer.mjs"];
const PERSON = { name: "olga", email: "olga@example.org" };
const START = 1_700_000_000;

/** Of one commit after the other: both must take the last as it is, and refuse an unsigned one on top. */
export const besideGittuf = (count) => ({
  name: `verify --trust-root, ${count} commits, each in gittuf's log`,
  needs: "gittuf",
  measure({ peers, runs }) {
    const gittuf = peers.get("gittuf").path;
    const { repository, folder, root, unsigned } = openRecorded(gittuf, count);
    const env = environment(folder);
    const ours = {
      file: process.execPath,
      args: [program, "verify", "main", "--trust-root", root],
      cwd: repository,
      env,
    };
    const theirs = { file: gittuf, args: ["verify-ref", "main"], cwd: repository, env };
    refuses(ours, { ...ours, args: [program, "verify", "unsigned", "--trust-root", root] });
    refuses(theirs, { ...theirs, cwd: unsigned });
    const before = () => rmSync(join(repository, ".git", "signpolicy"), { recursive: true, force: true });
    const [time, rival] = timeInTurns({ runs }, { ...ours, before }, theirs);
    return {
      time,
      items: count,
      comparisons: [{ name: "gittuf verify-ref", rival, ratio: rival.median / time.median, show: "faster" }],
    };
  },
});

function refuses(good, bad) {
  for (const [call, expected] of [
    [good, 0],
    [bad, 1],
  ]) {
    const { status, stderr } = spawnSync(call.file, call.args, { cwd: call.cwd, env: call.env, encoding: "utf8" });
    if (status !== expected) throw new Error(`${call.args.join(" ")} in ${call.cwd} ended with ${status}: ${stderr}`);
  }
}

/** The repository and its twin with an unsigned commit at the end, or what an earlier run left. */
function openRecorded(gittuf, count) {
  const key = createHash("sha256").update(`gittuf ${count}\n`);
  for (const file of SOURCES) key.update(readFileSync(new URL(file, import.meta.url)));
  const cache = join(tmpdir(), `signpolicy-bench-${userInfo().uid}`);
  const folder = join(cache, key.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const fresh = mkdtempSync(join(cache, "new-"));
    build(fresh, gittuf, count);
    renameSync(fresh, folder);
  }
  const root = readFileSync(join(folder, "root"), "utf8");
  return { folder, repository: join(folder, "repository"), unsigned: join(folder, "unsigned"), root };
}

function build(folder, gittuf, count) {
  const repository = join(folder, "repository");
  const env = environment(folder);
  const run = (file, ...args) =>
    execFileSync(file, args, { cwd: repository, env, encoding: "utf8", stdio: "pipe" }).trim();
  const signer = createSshSigner({ seed: "signpolicy bench, gittuf" });
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, signer.privateKeyFile(), { mode: 0o600 });
  writeFileSync(`${keyFile}.pub`, `${signer.line}\n`);
  execFileSync("git", ["init", "-q", "-b", "main", repository], { env });
  const settings = {
    "user.name": PERSON.name,
    "user.email": PERSON.email,
    "gpg.format": "ssh",
    "user.signingKey": keyFile,
  };
  for (const [name, value] of Object.entries(settings)) run("git", "config", name, value);

  setUpPolicy((...args) => run(gittuf, ...args), keyFile, run("ssh-keygen", "-lf", `${keyFile}.pub`).split(" ")[1]);
  const commits = oneByOne(env, repository, signer, count);
  for (const oid of commits) {
    run("git", "update-ref", "refs/heads/main", oid);
    run(gittuf, "rsl", "record", "--local-only", "main");
  }
  writeFileSync(join(folder, "root"), commits[0]);

  run(
    "git",
    "update-ref",
    "refs/heads/unsigned",
    run("git", "commit-tree", "-p", "main", "-m", "unsigned", "main~1^{tree}"),
  );
  const twin = join(folder, "unsigned");
  execFileSync("cp", ["-R", repository, twin]);
  execFileSync("git", ["-C", twin, "update-ref", "refs/heads/main", "refs/heads/unsigned"], { env });
  execFileSync(gittuf, ["rsl", "record", "--local-only", "main"], { cwd: twin, env, stdio: "pipe" });
}

/** Only who holds the key may move main, and change any file. */
function setUpPolicy(gittuf, keyFile, principal) {
  const signing = ["-k", keyFile];
  gittuf("trust", "init", ...signing);
  gittuf("trust", "add-policy-key", ...signing, "--policy-key", `${keyFile}.pub`);
  gittuf("policy", "init", ...signing);
  gittuf("policy", "add-key", ...signing, "--public-key", `${keyFile}.pub`);
  for (const [name, pattern] of [
    ["main", "git:refs/heads/main"],
    ["files", "file:*"],
  ]) {
    gittuf("policy", "add-rule", ...signing, "--rule-name", name, "--rule-pattern", pattern, "--authorize", principal);
  }
  gittuf("policy", "stage", "--local-only");
  gittuf("policy", "apply", "--local-only");
}

function oneByOne(env, repository, signer, count) {
  const policy = JSON.stringify({
    version: 1,
    principals: { olga: { name: PERSON.name, emails: [PERSON.email], keys: [{ ssh: signer.line }] } },
    rules: [{ name: "every branch", refs: ["refs/heads/**"], commits: { signedBy: ["olga"] } }],
  });
  const pack = createPack();
  const people = [{ signer, identity: `${PERSON.name} <${PERSON.email}>` }];
  const options = { count, start: START, files: { ".signpolicy.json": policy }, people };
  const tip = addCommits(pack, options);
  storePacked(env, repository, pack);
  const listed = execFileSync("git", ["-C", repository, "rev-list", "--reverse", tip], { env, encoding: "utf8" });
  return listed.trim().split("\n");
}
