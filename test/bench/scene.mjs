// The bench's world: a history that is built once and kept outside the tree, and, anew for each run, a server and a
// clone of it with the hooks of this very build, installed with the project's own commands.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addCommits, createPack, storeLoose, storePacked } from "./history.mjs";
import { createOpenPgpSigner } from "./openpgp-signer.mjs";
import { createSshSigner } from "./ssh-signer.mjs";

const program = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));
const START = 1_700_000_000;
const OPENPGP = { name: "Olga Example", email: "olga@example.org" };
const SSH = { name: "Sam Example", email: "sam@example.org" };
const identity = ({ name, email }) => `${name} <${email}>`;

const olga = (signer) => ({ signer, identity: identity(OPENPGP) });

const signers = {
  openpgp: createOpenPgpSigner({ seed: "signpolicy bench, openpgp", userId: identity(OPENPGP), created: START }),
  ssh: createSshSigner({ seed: "signpolicy bench, ssh" }),
};

const policy = JSON.stringify({
  version: 1,
  principals: {
    olga: { name: OPENPGP.name, emails: [OPENPGP.email], keys: [{ openpgp: signers.openpgp.certificate }] },
    sam: { name: SSH.name, emails: [SSH.email], keys: [{ ssh: signers.ssh.line }] },
  },
  groups: { team: ["olga", "sam"] },
  rules: [
    {
      name: "every branch",
      refs: ["refs/heads/**"],
      commits: { signedBy: ["team"] },
      updates: { force: "deny", delete: "deny" },
    },
  ],
});

/** What every child gets: nothing of the caller's own git, gpg or npm set-up. */
export function environment(home) {
  return {
    PATH: process.env.PATH,
    HOME: home,
    GNUPGHOME: join(home, "gnupg"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: join(home, "gitconfig"),
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}

const line = { start: START + 60, files: { ".signpolicy.json": policy } };

/** Builds `count` commits of each kind, or finds them where an earlier run left them. */
export function openHistory(count) {
  const sources = ["history.mjs", "openpgp-signer.mjs", "rsa-seed.mjs", "ssh-signer.mjs", "scene.mjs"];
  const key = createHash("sha256").update(`${count}\n`);
  for (const file of sources) key.update(readFileSync(new URL(file, import.meta.url)));
  const cache = join(tmpdir(), `signpolicy-bench-${userInfo().uid}`);
  const repository = join(cache, `${key.digest("hex").slice(0, 16)}.git`);
  if (!existsSync(repository)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const fresh = mkdtempSync(join(cache, "new-"));
    const git = environment(fresh);
    execFileSync("git", ["init", "-q", "--bare", "-b", "main", fresh], { env: git });
    const pack = createPack();
    const main = addCommits(pack, { ...line, count, people: [olga(signers.openpgp)] });
    const ssh = addCommits(pack, { ...line, count, people: [{ signer: signers.ssh, identity: identity(SSH) }] });
    storePacked(git, fresh, pack);
    const refs = `create refs/heads/main ${main}\ncreate refs/heads/ssh ${ssh}\n`;
    execFileSync("git", ["-C", fresh, "update-ref", "--stdin"], { env: git, input: refs });
    renameSync(fresh, repository);
  }
  return repository;
}

/** Everything that depends on the build under test; `refs` is how many more the server has. `close` takes it away. */
export function openScene(count, { refs = 0 } = {}) {
  const history = openHistory(count);
  const home = mkdtempSync(join(tmpdir(), "spb-"));
  const env = environment(home);
  const git = (...args) => execFileSync("git", args, { env, encoding: "utf8" }).trim();
  const signpolicy = (cwd, ...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`signpolicy ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  };
  try {
    const server = join(home, "server.git");
    git("clone", "-q", "--bare", "--local", history, server);
    const tip = git("-C", server, "rev-parse", "refs/heads/main");
    const names = Array.from({ length: refs }, (_, n) => `create refs/heads/topic/${n} ${tip}\n`);
    if (refs > 0) {
      execFileSync("git", ["-C", server, "update-ref", "--stdin"], { env, input: names.join("") });
      git("-C", server, "pack-refs", "--all");
    }
    const pinned = join(home, "policy.json");
    writeFileSync(pinned, policy);
    signpolicy(home, "install", "--server", server, "--policy", pinned);

    const clone = join(home, "clone");
    git("clone", "-q", "--local", server, clone);
    for (const [name, value] of Object.entries({
      "user.name": OPENPGP.name,
      "user.email": OPENPGP.email,
      "user.signingKey": signers.openpgp.fingerprint,
      "commit.gpgSign": "true",
    })) {
      git("-C", clone, "config", name, value);
    }
    signpolicy(clone, "install", "--via", "hooks");
    return {
      env,
      git,
      program,
      server,
      clone,
      certificate: signers.openpgp.certificate,
      incoming: incomingPush(env, git, server, count, signers.openpgp),
      unsigned: incomingPush(env, git, server, count, null),
      close: () => rmSync(home, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

/** One new commit on main, in quarantine as git-receive-pack(1) holds it, and what the hook is told about it. */
function incomingPush(env, git, server, count, signer) {
  const old = git("-C", server, "rev-parse", "refs/heads/main");
  const quarantine = mkdtempSync(join(server, "objects", "tmp_objdir-incoming-"));
  const separate = {
    ...env,
    GIT_OBJECT_DIRECTORY: quarantine,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(server, "objects"),
    GIT_QUARANTINE_PATH: quarantine,
  };
  const pack = createPack();
  const next = addCommits(pack, { ...line, from: count, count: 1, parent: old, people: [olga(signer)] });
  storeLoose(separate, server, pack);
  return {
    file: join(server, "hooks", "pre-receive"),
    args: [],
    cwd: server,
    env: { ...separate, GIT_DIR: "." },
    input: `${old} ${next} refs/heads/main\n`,
  };
}
