/** What `doctor` says of a clone in which signing is broken in one way, with the real gpg and ssh-keygen. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { DoctorRow } from "../../src/check/doctor.ts";
import { examineClone, repair } from "../../src/check/doctor.ts";
import { installClient } from "../../src/check/install-client.ts";
import { BIN } from "../support/push-server.ts";
import { Gnupg } from "../support/gpg.ts";
import { Repo } from "../support/repo.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { describeWith, itWith } from "../support/tools.ts";

// Hooks are installed, agents started.
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

const options = (more: Readonly<Record<string, string>> = {}) => ({
  directory: repo.dir,
  environment: { ...repo.env, ...more },
  now: Math.floor(Date.now() / 1000),
  terminal: false,
});

async function examine(more?: Readonly<Record<string, string>>): Promise<readonly DoctorRow[]> {
  const rows: DoctorRow[] = [];
  await examineClone(options(more), (row) => void rows.push(row));
  return rows;
}

const row = (rows: readonly DoctorRow[], id: string): DoctorRow | undefined =>
  rows.find((one) => one.id === id && one.status !== "pass") ?? rows.find((one) => one.id === id);

function useSsh(): string {
  const line = keygen.make("alice", "ed25519").trim();
  repo.config("gpg.format", "ssh");
  repo.config("user.signingkey", keygen.path("alice.pub"));
  repo.config("commit.gpgsign", "true");
  writePolicy(`{ ssh: ${line} }`);
  return line;
}

function useGpg(passphrase = ""): string {
  const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
  const make = [
    "--passphrase",
    passphrase,
    "--quick-generate-key",
    "Alice <alice@example.org>",
    "ed25519",
    "sign",
    "0",
  ];
  gpg.run(make);
  const [fingerprint = ""] = gpg.fingerprints("alice@example.org");
  writeFileSync(join(repo.dir, "alice.asc"), gpg.exportKey(fingerprint));
  writePolicy("{ openpgp: alice.asc }");
  repo.config("user.signingkey", fingerprint);
  repo.config("commit.gpgsign", "true");
  return fingerprint;
}

function writePolicy(key: string): void {
  writeFileSync(
    join(repo.dir, ".signpolicy.yaml"),
    `version: 1\nprincipals:\n  alice: { emails: [alice@example.org], keys: [${key}] }\nrules:\n` +
      `  - { name: main, refs: [refs/heads/main], commits: { signedBy: [alice] } }\n`,
  );
}

describeWith(["gpg", "ssh-keygen"], "doctor", () => {
  it("finds a clone that signs with SSH sound, its hooks aside, and mends what it offers to", async () => {
    useSsh();
    const before = await examine();
    expect(row(before, "sign.live")).toMatchObject({
      status: "pass",
      why: "a signature by alice was made and verified",
    });
    expect(before.filter(({ status }) => status === "fail").map(({ id }) => id)).toEqual(["hooks.chain"]);
    for (const one of before.filter(({ status }) => status !== "pass")) await repair(one, options());
    const after = await examine();
    expect(after.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(repo.git(["config", "tag.gpgSign"])).toBe("true");
  });

  it("finds a clone that signs with gpg sound", async () => {
    useGpg();
    const rows = await examine();
    expect(row(rows, "sign.live")).toMatchObject({ status: "pass" });
    expect(row(rows, "gpg.secret")).toMatchObject({ status: "pass" });
    expect(row(rows, "gpg.cached")).toMatchObject({ status: "pass", why: "the key needs no passphrase" });
  });

  it("tells that pinentry was dismissed, in gpg's own number", async () => {
    useGpg("secret");
    const pinentry = join(repo.root, "pinentry");
    const answer =
      'GETPIN|CONFIRM) echo "ERR 83886179 Operation cancelled <Pinentry>";; BYE) echo OK; exit;; *) echo OK';
    writeFileSync(pinentry, `#!/bin/sh\necho OK\nwhile read c r; do case $c in ${answer};; esac; done\n`);
    chmodSync(pinentry, 0o755);
    repo.run("gpgconf", ["--kill", "all"]);
    writeFileSync(join(repo.env["GNUPGHOME"] ?? "", "gpg-agent.conf"), `pinentry-program ${pinentry}\n`);
    const rows = await examine();
    expect(row(rows, "sign.live")).toMatchObject({
      status: "fail",
      why: expect.stringContaining("(passphrase-cancelled)"),
    });
    expect(row(rows, "gpg.cached")).toMatchObject({ status: "warn" });
  });

  it.each([
    ["true", "no-signature"],
    ["/nowhere/gpg2", "program-missing"],
  ])("tells of gpg.program %s that it signs nothing (%s)", async (program, cause) => {
    useGpg();
    repo.config("gpg.program", program);
    expect(row(await examine(), "sign.live")).toMatchObject({
      status: "fail",
      why: expect.stringContaining(`(${cause})`),
    });
  });

  it("tells of a gpg.program that only a newer git would find", async () => {
    useGpg();
    repo.config("gpg.program", "~/bin/gpg");
    const version = Number(/git version 2\.(\d+)/.exec(repo.git(["version"]))?.[1] ?? "99");
    const literal = (await examine()).filter(({ why }) => why.startsWith("gpg.program starts with ~"));
    expect(literal.map(({ status }) => status)).toEqual(version < 51 ? ["fail"] : []);
  });

  it("tells of an SSH key without its private half, and of one that others may read", async () => {
    useSsh();
    chmodSync(keygen.path("alice"), 0o644);
    const open = await examine();
    expect(row(open, "sign.live")).toMatchObject({ status: "fail", why: expect.stringContaining("(permissions)") });
    expect(row(open, "ssh.key")).toMatchObject({ status: "fail", repair: { kind: "chmod" } });
    const bad = row(open, "ssh.key");
    if (bad !== undefined) await repair(bad, options());
    expect(row(await examine(), "sign.live")).toMatchObject({ status: "pass" });
    rmSync(keygen.path("alice"));
    expect(row(await examine(), "sign.live")).toMatchObject({
      status: "fail",
      why: expect.stringContaining("(no-private-key)"),
    });
  });

  it("tells of another identity, of signing that is off, of a format that does not fit the key", async () => {
    useSsh();
    repo.config("commit.gpgsign", "false");
    repo.config("gpg.format", "openpgp");
    const rows = await examine({ GIT_COMMITTER_EMAIL: "eve@example.org" });
    expect(row(rows, "ident")).toMatchObject({ status: "fail", fix: "unset GIT_COMMITTER_EMAIL" });
    // Switched on with no key to sign with it would stop every commit.
    expect(row(rows, "sign.enabled")).toMatchObject({ status: "fail", fix: "signpolicy join", repair: null });
    expect(row(rows, "sign.format")).toMatchObject({ status: "fail", fix: "git config gpg.format ssh" });
  });

  it("tells of a key that the policy does not have, and of commits that would be refused", async () => {
    useSsh();
    keygen.make("other", "ed25519");
    repo.config("user.signingkey", keygen.path("other.pub"));
    repo.git(["commit", "-qS", "--allow-empty", "-m", "by another key"]);
    const rows = await examine();
    expect(row(rows, "sign.key.allowed")).toMatchObject({
      status: "fail",
      fix: "signpolicy join",
    });
    expect(row(rows, "last.commits")).toMatchObject({ status: "fail", why: expect.stringContaining("unknown-key") });
  });

  it("tells of a policy that is changed or staged and not committed", async () => {
    useSsh();
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qS", "-m", "the policy"]);
    const drift = async () => row(await examine(), "policy.drift");
    expect((await drift())?.status).toBe("pass");
    const file = join(repo.dir, ".signpolicy.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}# more\n`);
    expect(await drift()).toMatchObject({
      status: "warn",
      why: expect.stringContaining("changed in the work tree"),
      fix: "git commit -S -- .signpolicy.yaml",
    });
    repo.git(["add", "-A"]);
    expect(await drift()).toMatchObject({
      status: "warn",
      why: expect.stringContaining("is staged and not committed"),
    });
  });

  it("starts our own hooks when asked to, and no others", async () => {
    useSsh();
    expect(row(await examine(), "hooks.fire")).toBeUndefined();
    const fired = async () => {
      const rows: DoctorRow[] = [];
      await examineClone({ ...options(), fire: true }, (one) => void rows.push(one));
      return row(rows, "hooks.fire");
    };
    expect(await fired()).toMatchObject({ status: "fail" });
    const theirs = join(repo.dir, ".git/hooks/pre-commit");
    mkdirSync(join(repo.dir, ".git/hooks"), { recursive: true });
    writeFileSync(theirs, "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
    await installClient({ directory: repo.dir, environment: repo.env });
    // What is installed from here is the bundle, where it is built.
    const text = readFileSync(join(repo.dir, ".git/hooks/pre-push"), "utf8").replace(/program=.*/, `program='${BIN}'`);
    writeFileSync(join(repo.dir, ".git/hooks/pre-push"), text);
    expect(await fired()).toMatchObject({ status: "pass" });
    repo.config("commit.gpgsign", "false");
    expect(await fired()).toMatchObject({
      status: "warn",
      why: expect.stringContaining("would stop a commit now"),
      fix: "signpolicy hook pre-commit",
    });
    expect(existsSync(join(repo.dir, "ran"))).toBe(false);
  });

  it("tells what X.509 and Sigstore signers lack, beside that no policy counts them", async () => {
    useSsh();
    repo.config("gpg.format", "x509");
    repo.config("gpg.x509.program", "/nowhere/gitsign");
    const sigstore = await examine();
    expect(row(sigstore, "sign.format")?.status).toBe("fail");
    expect(row(sigstore, "sigstore")).toMatchObject({ status: "fail", why: expect.stringContaining("not there") });
    repo.config("gpg.x509.program", "/nowhere/gpgsm");
    expect(row(await examine(), "x509")).toMatchObject({ status: "fail", why: expect.stringContaining("not there") });
  });

  itWith(["gpgsm", "openssl"], "follows gpgsm from no certificate to one that works, and ends soon", async () => {
    useSsh();
    repo.config("gpg.format", "x509");
    repo.git(["config", "--unset", "user.signingkey"]);
    const x509 = async () => row(await examine(), "x509");
    expect(await x509()).toMatchObject({
      status: "fail",
      why: expect.stringContaining("no certificate with its secret key"),
    });
    const home = repo.env["GNUPGHOME"] ?? "";
    writeFileSync(join(home, "gpg-agent.conf"), "allow-loopback-pinentry\n");
    const openssl = (...argv: readonly string[]) => repo.run("openssl", argv, { cwd: home });
    // gpgsm 2.2 reads no elliptic curve from PKCS #12.
    const fresh = ["-newkey", "rsa:2048", "-nodes"];
    openssl("req", "-x509", ...fresh, "-keyout", "ca.key", "-out", "ca.pem", "-days", "400", "-subj", "/CN=CA");
    openssl("req", ...fresh, "-keyout", "u.key", "-out", "u.csr", "-subj", "/CN=Alice");
    writeFileSync(join(home, "ext"), "keyUsage=critical,digitalSignature\n");
    const ca = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl("x509", "-req", "-in", "u.csr", ...ca, "-days", "10", "-extfile", "ext", "-out", "u.pem");
    openssl("pkcs12", "-export", "-in", "u.pem", "-inkey", "u.key", "-passout", "pass:", "-out", "u.p12", "-legacy");
    const given = ["--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", "u.p12"];
    expect(repo.run("gpgsm", given, { cwd: home, input: "\n" }).status).toBe(0);
    const said = async () => (await examine()).filter(({ id }) => id === "x509").map(({ why }) => why);
    expect((await said()).join("\n")).toMatch(/ends on .*, in (?:9|10) days; .*\nno root is trusted/);
    const trust = (await examine()).find(({ why }) => why.startsWith("no root is trusted"))?.fix ?? "";
    expect(repo.run("sh", ["-c", trust.replaceAll("CA.pem", "ca.pem")], { cwd: home }).status).toBe(0);
    expect(readFileSync(join(home, "trustlist.txt"), "utf8")).toMatch(/^(?:[0-9A-F]{2}:){19}[0-9A-F]{2} S\n$/);
    expect(
      repo.run("gpgsm", ["--batch", "--list-chain", "--with-validation"], { cwd: home }).stdout.toString(),
    ).toContain("[certificate is good]");
    writeFileSync(join(home, "gpgsm.conf"), "include-certs 0\n");
    const [, chain] = (await examine()).filter(({ id }) => id === "x509");
    expect(chain?.why).toContain("leaves the chain out");
    repo.run("sh", ["-c", chain?.fix ?? "false"]);
    expect(await said()).toEqual([expect.stringMatching(/ends on/)]);
  });

  itWith(["gitsign"], "tells what the real gitsign lacks before it can sign without anybody", async () => {
    useSsh();
    repo.config("gpg.format", "x509");
    repo.config("gpg.x509.program", "gitsign");
    const sigstore = async (more?: Readonly<Record<string, string>>) =>
      (await examine(more)).filter(({ id }) => id === "sigstore").map(({ status, why }) => `${status} ${why}`);
    expect(await sigstore()).toEqual([
      expect.stringMatching(/^warn there is no trust root in .*\.sigstore\/root yet/),
      expect.stringMatching(/^warn every signature opens a browser/),
    ]);
    mkdirSync(join(repo.home, ".sigstore/root"), { recursive: true });
    expect(await sigstore({ GITSIGN_CREDENTIAL_CACHE: "/nowhere" })).toEqual([
      "warn GITSIGN_CREDENTIAL_CACHE names /nowhere, where no cache listens",
    ]);
  });

  it("tells a policy that is behind the remote's from one that this branch changes", async () => {
    useSsh();
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qS", "-m", "the policy"]);
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.config("remote.origin.url", repo.root);
    repo.config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
    const file = join(repo.dir, ".signpolicy.yaml");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, `# changed\n${before}`);
    repo.git(["commit", "-qS", "-am", "changes the policy"]);
    expect(row(await examine(), "policy.drift")).toMatchObject({
      status: "pass",
      why: expect.stringContaining("until that lands"),
    });
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.git(["reset", "-q", "--hard", "HEAD~1"]);
    expect(row(await examine(), "policy.drift")).toMatchObject({
      status: "warn",
      fix: "git merge refs/remotes/origin/main",
    });
  });
});
