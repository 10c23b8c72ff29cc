/** Rows of `doctor` about the machine around the signer: each in order, and out of it. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { DoctorRow } from "../../src/check/doctor.ts";
import { examineClone, repair } from "../../src/check/doctor.ts";
import { Gnupg } from "../support/gpg.ts";
import { Repo } from "../support/repo.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let repo: Repo;
let keygen: SshKeygen;
beforeEach(() => {
  repo = new Repo();
  keygen = new SshKeygen();
  mkdirSync(join(repo.home, "g"), { mode: 0o700 });
});
afterEach(() => {
  repo.run("gpgconf", ["--kill", "all"]);
  repo.remove();
  keygen.dispose();
});

interface More {
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly directory?: string;
}

const options = ({ environment = {}, terminal = false, directory = repo.dir }: More) => ({
  directory,
  environment: { ...repo.env, ...environment },
  now: Math.floor(Date.now() / 1000),
  terminal,
});

async function rows(id: string, more: More = {}): Promise<readonly DoctorRow[]> {
  const found: DoctorRow[] = [];
  const enough = new Error("enough");
  // What comes after them, the signer above all, need not be waited for.
  await examineClone(options(more), (row) => {
    if (row.id === id) found.push(row);
    else if (found.length > 0) throw enough;
  }).catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  return found;
}

const told = async (id: string, more: More = {}) => (await rows(id, more)).map(({ status, why }) => `${status} ${why}`);

function useSsh(): string {
  const line = keygen.make("alice", "ed25519").trim();
  for (const [name, value] of [
    ["gpg.format", "ssh"],
    ["user.signingkey", keygen.path("alice.pub")],
    ["commit.gpgsign", "true"],
  ] as const)
    repo.config(name, value);
  return line;
}

function useGpg(passphrase: string): string {
  const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
  gpg.run(["--passphrase", passphrase, "--quick-generate-key", "Alice <alice@example.org>", "ed25519", "sign", "0"]);
  const [fingerprint = ""] = gpg.fingerprints("alice@example.org");
  repo.config("user.signingkey", fingerprint);
  repo.config("commit.gpgsign", "true");
  return fingerprint;
}

describeWith(["gpg", "ssh-keygen"], "doctor", () => {
  it("warns of a shallow clone, and fails it in CI (repo.kind)", async () => {
    for (const title of ["one", "two"]) repo.git(["commit", "-q", "--allow-empty", "-m", title]);
    const directory = join(repo.root, "shallow");
    repo.git(["clone", "-q", "--depth=1", `file://${repo.dir}`, directory]);
    expect(await told("repo.kind")).toEqual([expect.stringMatching(/^pass a full clone/)]);
    expect(await rows("repo.kind", { directory })).toMatchObject([{ status: "warn", fix: "git fetch --unshallow" }]);
    expect(await told("repo.kind", { directory, environment: { CI: "1" } })).toEqual([
      expect.stringMatching(/^fail a shallow clone/),
    ]);
    repo.git(["-C", directory, "fetch", "-q", "--unshallow"]);
    expect(await told("repo.kind", { directory })).toEqual([expect.stringMatching(/^pass/)]);
  });

  it("compares the newest commit with this machine's clock (clock)", async () => {
    repo.git(["commit", "-q", "--allow-empty", "-m", "now"]);
    expect(await told("clock")).toEqual(["pass no commit is dated after this machine's clock"]);
    const later = `${Math.floor(Date.now() / 1000) + 1200} +0000`;
    repo.run("git", ["commit", "-q", "--allow-empty", "-m", "later"], { env: { GIT_COMMITTER_DATE: later } });
    expect(await told("clock")).toEqual([expect.stringMatching(/^warn .* dated (?:19|20) minutes after/)]);
  });

  it("says which git it is, and what that one hides (git.version)", async () => {
    const [, minor = "0"] = /git version 2\.(\d+)/.exec(repo.git(["version"])) ?? [];
    const [said = ""] = await told("git.version");
    expect(said).toContain(`git 2.${minor}`);
    expect(said.includes("hides what gpg says")).toBe(Number(minor) < 40);
  });

  it("fails a git that cannot sign with SSH, and one that nothing is tested with (git.version)", async () => {
    const real = repo.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
    const old = join(repo.root, "old");
    mkdirSync(old);
    const said = (version: string) => {
      const text = `#!/bin/sh\ncase "$*" in *version) echo "git version ${version}" ;; *) exec ${real} "$@" ;; esac\n`;
      writeFileSync(join(old, "git"), text, { mode: 0o755 });
      return rows("git.version", { environment: { PATH: `${old}:${repo.env["PATH"] ?? ""}` } });
    };
    const fix = expect.stringMatching(/git-scm\.com|^brew install git$/);
    expect(await said("2.33.8")).toMatchObject([
      { status: "fail", why: "git 2.33 is older than any that is tested; 2.34 is the first that can", fix },
    ]);
    useSsh();
    expect(await said("2.33.8")).toMatchObject([
      { status: "fail", why: "git 2.33 cannot sign with SSH keys; 2.34 is the first that can", fix },
    ]);
    expect(await said("2.34.0")).toMatchObject([{ status: "pass", why: expect.stringContaining("before 2.40") }]);
    expect(await said("2.54.0")).toMatchObject([{ status: "pass", why: expect.stringContaining("expired since") }]);
    expect(await said("3.0.0")).toMatchObject([{ status: "pass", why: expect.stringContaining("expired since") }]);
  });

  it("closes gpg's home, and asks for a terminal where a passphrase will be asked for (gpg.homedir, gpg.tty, gpg.cached)", async () => {
    useGpg("secret");
    repo.run("gpgconf", ["--kill", "all"]);
    const home = repo.env["GNUPGHOME"] ?? "";
    expect(await told("gpg.homedir")).toEqual([`pass ${home}`]);
    chmodSync(home, 0o755);
    const [open] = await rows("gpg.homedir");
    expect(open).toMatchObject({ status: "warn", fix: `chmod 700 ${home}` });
    if (open !== undefined) await repair(open, options({}));
    expect(await told("gpg.homedir")).toEqual([`pass ${home}`]);
    const curses = join(repo.root, "pinentry-curses");
    writeFileSync(curses, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    writeFileSync(join(home, "gpg-agent.conf"), `pinentry-program ${curses}\n`);
    expect(await told("gpg.cached")).toEqual([expect.stringMatching(/^warn/)]);
    expect(await told("gpg.tty")).toEqual([`warn ${curses} asks on a terminal, and there is none here`]);
    expect(await rows("gpg.tty", { terminal: true })).toMatchObject([{ status: "warn", fix: "export GPG_TTY=$(tty)" }]);
    const environment = { GPG_TTY: "/dev/pts/0" };
    expect(await told("gpg.tty", { terminal: true, environment })).toEqual(["pass GPG_TTY is /dev/pts/0"]);
  });

  it("gives the whole fingerprint for a short key id (sign.format)", async () => {
    const fingerprint = useGpg("");
    repo.config("user.signingkey", fingerprint.slice(-8));
    expect(await rows("sign.format")).toMatchObject([
      { status: "warn", fix: `git config user.signingkey ${fingerprint}` },
    ]);
  });

  it("tells whether the agent has the key, and what GitHub wants of it (ssh.agent, ssh.key, ssh.keygen)", async () => {
    useSsh();
    expect(await told("ssh.keygen")).toEqual([expect.stringMatching(/^pass OpenSSH \d/)]);
    expect(await told("ssh.agent")).toEqual(["pass no ssh agent answers: git signs with the key file"]);
    const socket = join(repo.root, "agent");
    const started = repo.run("ssh-agent", ["-a", socket]).stdout.toString();
    const environment = { SSH_AUTH_SOCK: socket };
    try {
      expect(await told("ssh.agent", { environment })).toEqual([
        "pass the ssh agent runs without the signing key: git signs with the key file",
      ]);
      repo.run("ssh-add", ["-q", keygen.path("alice")], { env: environment });
      expect(await told("ssh.agent", { environment })).toEqual(["pass the ssh agent has the signing key"]);
      repo.config("remote.origin.url", "git@github.com:example/app.git");
      expect(await told("ssh.key", { environment })).toEqual([expect.stringMatching(/as a signing key/)]);
    } finally {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]));
    }
  });

  it("tells which OpenSSH cannot sign, or reads no end of a key (ssh.keygen)", async () => {
    useSsh();
    const old = join(repo.root, "old");
    mkdirSync(old);
    const said = (version: string) => {
      writeFileSync(join(old, "ssh"), `#!/bin/sh\necho "OpenSSH_${version}, OpenSSL" >&2\n`, { mode: 0o755 });
      return rows("ssh.keygen", { environment: { PATH: `${old}:${repo.env["PATH"] ?? ""}` } });
    };
    const fix = expect.stringMatching(/^(?:apt-get|brew) install openssh/);
    expect(await said("8.1p1")).toMatchObject([{ status: "fail", why: expect.stringContaining("cannot sign"), fix }]);
    expect(await said("8.7p1")).toMatchObject([{ status: "warn", why: expect.stringContaining("valid-before"), fix }]);
    expect(await said("10.0p2 Debian-7")).toMatchObject([{ status: "pass", why: "OpenSSH 10.0" }]);
  });

  it("tells of a home of gpg's whose socket has too long a path (gpg.homedir)", async () => {
    useGpg("");
    const long = join(repo.root, "l".repeat(90));
    mkdirSync(long, { mode: 0o700 });
    expect(await rows("gpg.homedir", { environment: { GNUPGHOME: long } })).toMatchObject([
      { status: "fail", why: expect.stringContaining("too long"), fix: "export GNUPGHOME=~/.gnupg" },
    ]);
  });

  it("tells that npm was set to run no scripts (npm.scripts)", async () => {
    writeFileSync(join(repo.dir, "package.json"), '{ "scripts": { "prepare": "signpolicy install" } }\n');
    expect(await told("npm.scripts")).toEqual(["pass an install puts the hooks in"]);
    expect(await rows("npm.scripts", { environment: { npm_config_ignore_scripts: "true" } })).toMatchObject([
      { status: "warn", fix: "npm run prepare" },
    ]);
  });
});
