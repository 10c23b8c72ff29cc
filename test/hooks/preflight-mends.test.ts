/** What the preflight prints does mend what it stopped: every hint here is run as it stands, in a shell. */
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkReadiness } from "../../src/check/readiness.ts";
import type { Decision } from "../../src/model.ts";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let gnupg: string;

beforeEach(() => {
  clone = new Clone();
  // gpg-agent's socket takes a path of 108 bytes at most.
  gnupg = mkdtempSync(join(tmpdir(), "g-"));
  chmodSync(gnupg, 0o700);
  const tools = join(clone.root, "bin");
  mkdirSync(tools);
  symlinkSync(join(projectRoot, "dist", "signpolicy.cjs"), join(tools, "signpolicy"));
  Object.assign(clone.environment, { GNUPGHOME: gnupg, PATH: `${tools}:${clone.environment["PATH"] ?? ""}` });
  mkdirSync(join(clone.environment["HOME"] ?? "", ".ssh"));
  clone.git("config", "user.email", "alice@example.org");
  clone.git("config", "user.name", "Alice");
});
afterEach(() => {
  if (existsSync(gnupg)) clone.run("gpgconf", ["--homedir", gnupg, "--kill", "all"]);
  rmSync(gnupg, { recursive: true, force: true });
  clone.remove();
});

const pathOf = (name: string) => join(clone.environment["HOME"] ?? "", ".ssh", name);

function sshKey(name: string): string {
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", pathOf(name)]);
  return readFileSync(`${pathOf(name)}.pub`, "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");
}

function gpgKey(expires: string): string {
  const gpg = ["--batch", "-q", "--passphrase", ""];
  const run = (...argv: readonly string[]) => clone.run("gpg", [...gpg, ...argv]).output;
  run(
    "--faked-system-time",
    "20250101T000000",
    "--quick-gen-key",
    "Alice <alice@example.org>",
    "ed25519",
    "sign",
    expires,
  );
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(run("--with-colons", "-k"))?.[1] ?? "";
  clone.write(`keys/${fingerprint}.asc`, run("--armor", "--export", fingerprint));
  return fingerprint;
}

function writePolicy(alice: readonly object[], also: Record<string, readonly object[]> = {}): void {
  const principals = Object.fromEntries(
    Object.entries({ alice, ...also }).map(([id, keys]) => [id, { name: id, emails: [`${id}@example.org`], keys }]),
  );
  const rules = [{ name: "main", refs: ["refs/heads/**"], commits: { signedBy: Object.keys(principals) } }];
  clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
}

async function ready(): Promise<Decision> {
  const sink = { begin: () => undefined, decision: () => undefined };
  return checkReadiness({ cwd: clone.top, environment: clone.environment }, sink);
}

/** The first way that the hint offers, as a shell takes it. */
async function mend(code: string): Promise<string> {
  const { allow, findings } = await ready();
  const [first] = findings;
  expect([allow, first?.code]).toEqual([false, code]);
  const hint = first?.hint ?? "";
  for (const { hint: said = "" } of findings) expect(said).not.toMatch(/rebase|amend|resign/);
  const [command = ""] = hint.split(/; or |; then |, then commit again|, which /);
  const { status, output } = clone.run("sh", ["-c", command]);
  expect({ command, status, output }).toMatchObject({ status: 0 });
  return hint;
}

/** git makes the commit with what it is set up with now, and the preflight lets it. */
async function commits(): Promise<void> {
  expect(await ready()).toMatchObject({ allow: true });
  clone.git("add", "-A");
  clone.git("commit", "-q", "--allow-empty", "-m", "x");
  expect(clone.git("cat-file", "commit", "HEAD")).toContain("gpgsig");
}

const RETIRED = { retired: "2025-06-01T00:00:00Z" };

describeWith(["git", "ssh-keygen", "gpg"], "a hint of the preflight, run as it is printed", () => {
  it.each([
    ["key-retired", RETIRED],
    ["key-expired", { until: "2025-06-01T00:00:00Z" }],
    ["key-revoked", { compromised: true }],
  ])("names the key that replaced an SSH key, before there is any commit (%s)", async (code, mark) => {
    const [old, fresh] = [sshKey("id_old"), sshKey("id_new")];
    writePolicy([{ ssh: old, ...mark }, { ssh: fresh }]);
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_old"));
    clone.git("config", "commit.gpgsign", "true");
    if (code === "key-expired") {
      // The end may be moved as well; whoever may not takes the other key.
      const [finding] = (await ready()).findings;
      expect(finding?.hint).toMatch(
        /^signpolicy keys renew SHA256:\S+ --until \d{4}-\d\d-\d\dT\S+Z; or git config user\.signingkey /,
      );
      clone.run("sh", ["-c", finding?.hint?.split(/; or |; then /)[1] ?? ""]);
    } else await mend(code);
    await commits();
    expect(clone.git("config", "user.signingkey")).toBe(`${pathOf("id_new")}.pub`);
  });

  it("goes from a retired SSH key to gpg's, by its fingerprint (key-retired)", async () => {
    const fingerprint = gpgKey("never");
    writePolicy([{ ssh: sshKey("id_old"), ...RETIRED }, { openpgp: `keys/${fingerprint}.asc` }]);
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_old"));
    clone.git("config", "commit.gpgsign", "true");
    await mend("key-retired");
    await commits();
    expect(clone.git("config", "user.signingkey")).toBe(fingerprint);
  });

  it("extends a gpg key that has expired, and the policy's copy of it (key-expired)", async () => {
    const fingerprint = gpgKey("2025-06-01");
    writePolicy([{ openpgp: `keys/${fingerprint}.asc` }]);
    clone.git("config", "commit.gpgsign", "true");
    // git names the key by its owner here; what doctor says of the signature that is not made runs as it stands all the same.
    const said = clone.run("signpolicy", ["doctor"]).output;
    expect(/FAIL sign\.live .*\(key-unusable\)\n +fix +(.*)/.exec(said)?.[1]).toBe(
      `gpg --quick-set-expire ${fingerprint} 1y && signpolicy keys renew ${fingerprint}`,
    );
    clone.git("config", "user.signingkey", fingerprint);
    expect(await mend("key-expired")).toContain("gpg --quick-set-expire");
    await commits();
  });

  it("signs with the subkey that the policy has where gpg has a newer one (unknown-key)", async () => {
    const fingerprint = gpgKey("never");
    writePolicy([{ openpgp: `keys/${fingerprint}.asc` }]);
    clone.git("config", "commit.gpgsign", "true");
    await commits();
    const gpg = ["--batch", "-q", "--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "sign", "never"];
    clone.run("gpg", gpg);
    for (const named of [null, fingerprint]) {
      if (named !== null) clone.git("config", "user.signingkey", named);
      expect(clone.run("signpolicy", ["doctor"]).output).toMatch(
        /FAIL sign\.key\.allowed the policy has no key [0-9A-F]{40}, a newer subkey of [0-9A-F]{40}; /,
      );
      expect(await mend("unknown-key")).toBe(
        `git config user.signingkey '${fingerprint}!'; then commit again; and have the policy's copy renewed, so that the new subkey counts: signpolicy keys renew ${fingerprint}`,
      );
      await commits();
      clone.git("config", "--unset", "user.signingkey");
    }
    expect(clone.run("signpolicy", ["keys", "renew", fingerprint]).status).toBe(0);
    await commits();
  });

  it("is asked of gpg again where a subkey came since a yes was remembered (unknown-key)", async () => {
    const fingerprint = gpgKey("never");
    writePolicy([{ openpgp: `keys/${fingerprint}.asc` }]);
    clone.git("config", "commit.gpgsign", "true");
    clone.git("config", "user.signingkey", fingerprint);
    // Files that have just changed are not believed to be the same.
    const settled = () => new Promise((resolve) => setTimeout(resolve, 2100));
    await settled();
    const environment = clone.environment;
    const ready = () =>
      checkReadiness({ cwd: clone.top, environment }, { begin: () => undefined, decision: () => undefined });
    for (let n = 0; n < 2; n += 1) expect((await ready()).allow).toBe(true);
    expect(clone.read(".git/signpolicy/preflight.json")).toContain("pubring.kbx");
    clone.run("gpg", ["--batch", "-q", "--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "sign", "never"]);
    expect((await ready()).findings[0]?.code).toBe("unknown-key");
    await settled();
    expect((await ready()).findings[0]?.code).toBe("unknown-key");
    clone.git("config", "user.signingkey", `${fingerprint}!`);
    expect((await ready()).allow).toBe(true);
  });

  it("names another key of the same person, in the form that git takes (unknown-key)", async () => {
    const [mine] = [sshKey("id_ed25519"), sshKey("id_other")];
    writePolicy([{ ssh: mine }], { bob: [{ ssh: sshKey("bob") }] });
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_other"));
    clone.git("config", "commit.gpgsign", "true");
    expect(await mend("unknown-key")).not.toContain("maintainer");
    await commits();
  });

  it("switches signing on where a key is set up, and begins with `signpolicy join` where none is (unsigned)", async () => {
    writePolicy([{ ssh: sshKey("id_ed25519") }]);
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_ed25519"));
    expect(await mend("unsigned")).toBe("git config commit.gpgsign true");
    await commits();
    clone.git("config", "--unset", "user.signingkey");
    clone.git("config", "--unset", "gpg.format");
    clone.git("config", "--unset", "commit.gpgsign");
    // The key is on this machine and in the policy: only git does not know of it.
    await mend("unsigned");
    await commits();
  });

  it("sends whoever has nothing set up, or no key, to `signpolicy join` (unsigned, unknown-key)", async () => {
    writePolicy([{ ssh: sshKey("gone") }]);
    rmSync(pathOf("gone"));
    rmSync(`${pathOf("gone")}.pub`);
    for (const on of [false, true]) {
      clone.git("config", "commit.gpgsign", String(on));
      const [finding] = (await ready()).findings;
      expect([finding?.code, finding?.hint]).toEqual([
        on ? "unknown-key" : "unsigned",
        expect.stringMatching(/^signpolicy join, which /),
      ]);
    }
    sshKey("id_ed25519");
    clone.run("signpolicy", ["join", "--yes"]);
    await commits();
  });

  it.each([false, true])(
    "ends a merge first that its maker may not make here, since git changes no branch in one: conflict %j (signer-not-permitted)",
    (conflict) => {
      const people = { alice: [{ ssh: sshKey("id_alice") }], bob: [{ ssh: sshKey("id_bob") }] };
      const principals = Object.fromEntries(
        Object.entries(people).map(([id, keys]) => [id, { name: id, emails: [`${id}@example.org`], keys }]),
      );
      const rules = [
        { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["bob"], side: ["*"] } },
        { name: "others", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
      ];
      clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
      clone.git("config", "gpg.format", "ssh");
      clone.git("config", "commit.gpgsign", "true");
      clone.git("config", "user.signingkey", pathOf("id_alice"));
      const commit = (file: string, text: string): void => {
        clone.write(file, text);
        clone.git("add", "-A");
        clone.git("commit", "-q", "-m", text);
      };
      commit("a", "first");
      clone.git("switch", "-q", "-c", "topic");
      commit(conflict ? "a" : "b", "topic");
      clone.git("switch", "-q", "main");
      commit("a", "main");
      for (const hook of ["pre-commit", "pre-merge-commit"]) {
        clone.write(`.git/hooks/${hook}`, `#!/bin/sh\nexec signpolicy hook ${hook}\n`);
        clone.run("chmod", ["+x", `.git/hooks/${hook}`]);
      }
      let stopped = clone.run("git", ["merge", "-q", "--no-edit", "topic"]);
      expect(stopped.status).toBe(1);
      if (conflict) {
        clone.write("a", "both");
        clone.git("add", "a");
        stopped = clone.run("git", ["commit", "-q", "--no-edit"]);
      }
      const hint = stopped.output.replaceAll(/\nhint: +/g, " ");
      expect(hint).toContain("signer-not-permitted");
      expect(hint).toContain(
        "fix: git merge --abort do it on another branch (git switch -c NAME), and have bob merge that",
      );
      expect(clone.run("git", ["switch", "-q", "-c", "mine"])).toMatchObject({ status: 128 });
      expect(clone.run("sh", ["-c", "git merge --abort && git switch -q -c mine"])).toMatchObject({ status: 0 });
      if (conflict) return;
      expect(clone.run("git", ["merge", "-q", "--no-edit", "topic"])).toMatchObject({ status: 0 });
    },
  );

  it("leads a branch that is older than a change of keys to the policy that judges the push (unknown-key)", async () => {
    const [old, fresh] = [sshKey("id_old"), sshKey("id_new")];
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_old"));
    clone.git("config", "commit.gpgsign", "true");
    writePolicy([{ ssh: old }]);
    await commits();
    clone.git("checkout", "-q", "-b", "side");
    clone.git("checkout", "-q", "main");
    writePolicy([{ ssh: old, retired: "2025-06-01T00:00:00Z" }, { ssh: fresh }]);
    clone.git("commit", "-qam", "rotate");
    clone.git("remote", "add", "origin", clone.root);
    clone.git("update-ref", "refs/remotes/origin/main", "main");
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
    clone.git("checkout", "-q", "side");
    clone.git("config", "user.signingkey", pathOf("id_new"));
    clone.write("file", "x");
    clone.git("add", "file");
    const doctor = () => /sign\.key\.allowed.*\n.*/.exec(clone.run("signpolicy", ["doctor"]).output)?.[0];
    expect(doctor()).toMatch(/no key SHA256:.*origin\/main.*takes it\n +fix +git merge --autostash origin\/main$/);
    // Here the old key is good still; where it will be judged it is not.
    clone.git("config", "user.signingkey", pathOf("id_old"));
    expect(doctor()).toMatch(
      /origin\/main.* refuses your key: .*key-retired.*\n +fix +git merge --autostash origin\/main$/,
    );
    clone.git("config", "user.signingkey", pathOf("id_new"));
    const hint = await mend("unknown-key");
    expect(hint).toBe("git merge --autostash origin/main, then commit again");
    await commits();
    expect(clone.git("show", "--format=", "--name-only", "HEAD")).toBe("file");
    expect(doctor()).toMatch(/ is alice's\n/);
  });

  it("does not lead to a policy that would refuse it as well (unknown-key)", async () => {
    writePolicy([{ ssh: sshKey("id_old") }]);
    clone.git("config", "gpg.format", "ssh");
    clone.git("config", "user.signingkey", pathOf("id_old"));
    clone.git("config", "commit.gpgsign", "true");
    await commits();
    clone.write("file", "x");
    clone.git("commit", "-q", "--allow-empty", "-m", "later");
    clone.git("remote", "add", "origin", clone.root);
    clone.git("update-ref", "refs/remotes/origin/main", "main");
    clone.git("reset", "-q", "--hard", "HEAD~1");
    sshKey("id_eve");
    clone.git("config", "user.signingkey", pathOf("id_eve"));
    const [finding] = (await ready()).findings;
    expect([finding?.code, finding?.hint]).toEqual(["unknown-key", expect.not.stringContaining("git merge")]);
  });
});
