import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adviseCommit, checkReadiness } from "../../src/check/readiness.ts";
import type { Decision } from "../../src/model.ts";
import { Clone } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let rule: Record<string, unknown>;
let extra: Record<string, unknown>;

beforeEach(() => {
  clone = new Clone();
  rule = { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } };
  extra = {};
  for (const name of ["alice", "bob", "eve"]) {
    clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(clone.root, name)]);
  }
  clone.git("config", "gpg.format", "ssh");
  clone.git("config", "user.email", "alice@example.org");
  clone.git("config", "user.signingkey", join(clone.root, "alice"));
  clone.git("config", "commit.gpgsign", "true");
});
afterEach(() => clone.remove());

const publicKey = (name: string) =>
  readFileSync(join(clone.root, `${name}.pub`), "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");

function writePolicy(keys: Record<string, unknown> = {}): void {
  const principal = (name: string) => ({
    name,
    emails: [`${name}@example.org`],
    keys: [{ ssh: publicKey(name), ...(name === "alice" ? keys : {}) }],
  });
  const policy = { version: 1, principals: { alice: principal("alice"), bob: principal("bob") }, rules: [rule] };
  clone.write(".signpolicy.json", JSON.stringify({ ...policy, ...extra }));
}

async function ready(environment: Record<string, string> = {}, cwd = clone.top): Promise<Decision> {
  const seen: Decision[] = [];
  const sink = { begin: () => undefined, decision: (one: Decision) => void seen.push(one) };
  const decision = await checkReadiness({ cwd, environment: { ...clone.environment, ...environment } }, sink);
  expect(seen).toEqual([decision]);
  return decision;
}

const words = ({ findings: [first] }: Decision) =>
  first === undefined ? "" : `${first.code}: ${first.message} | ${first.hint ?? ""}`;
const option = (key: string, value: string) => ({ GIT_CONFIG_PARAMETERS: `'${key}'='${value}'` });

describeWith(["git", "ssh-keygen"], "preflight", () => {
  it("stops at once where no private key is within reach, and says what to load (unknown-key)", async () => {
    writePolicy();
    const file = join(clone.root, "alice");
    clone.run("mv", [file, `${file}-elsewhere`]);
    clone.git("config", "user.signingkey", `${file}.pub`);
    expect(words(await ready())).toMatch(
      /^unknown-key: git cannot sign: no private key lies beside .*alice\.pub, and no ssh agent answers \(SSH_AUTH_SOCK is not set\).* \| eval \$\(ssh-agent\) && ssh-add .*alice$/,
    );
    expect(words(await ready({ SSH_AUTH_SOCK: "/nowhere" }))).toContain(
      "SSH_AUTH_SOCK names /nowhere, where no agent is",
    );
    clone.git("config", "user.signingkey", `key::${publicKey("alice")}`);
    expect(words(await ready())).toMatch(/ssh-add YOUR-PRIVATE-KEY$/);
    // Whatever keeps its keys elsewhere is asked by git itself.
    expect((await ready(option("gpg.ssh.program", "op-ssh-sign"))).allow).toBe(true);
    const SSH_AUTH_SOCK = join(clone.root, "agent");
    const agent = clone.run("ssh-agent", ["-a", SSH_AUTH_SOCK]).output;
    try {
      clone.run("ssh-add", ["-q", `${file}-elsewhere`], { env: { SSH_AUTH_SOCK } });
      expect((await ready({ SSH_AUTH_SOCK })).allow).toBe(true);
    } finally {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]));
    }
  });

  it("lets a commit pass that will be signed by whom the rule asks for", async () => {
    writePolicy();
    const decision = await ready();
    expect(decision).toMatchObject({ allow: true, principal: "alice", rules: ["main"], findings: [] });
    expect(decision.subject).toEqual({ kind: "commit", oid: null, ref: "refs/heads/main" });
  });

  it("leaves it to the push whether enough people approve, and asks here for a signature all the same (unsigned)", async () => {
    rule = { ...rule, commits: { signedBy: ["alice", "bob"], threshold: 2 } };
    writePolicy();
    expect(await ready()).toMatchObject({ allow: true, findings: [] });
    clone.git("config", "commit.gpgsign", "false");
    expect((await ready()).findings).toMatchObject([{ code: "unsigned" }]);
  });

  it.each([
    ["the configuration", () => clone.git("config", "commit.gpgsign", "false"), {}, "git config commit.gpgsign true"],
    ["no configuration", () => clone.git("config", "--unset", "commit.gpgsign"), {}, "git config commit.gpgsign true"],
    ["git -c", () => "", option("commit.gpgsign", "false"), "leave out"],
  ])("stops a commit that %s leaves unsigned (unsigned)", async (_, set, environment, fix) => {
    set();
    writePolicy();
    const decision = await ready(environment);
    expect(decision.allow).toBe(false);
    expect(words(decision)).toMatch(/^unsigned: this commit will not be signed/);
    expect(words(decision)).toContain(fix);
  });

  it("names both e-mails where they differ, and the one command that mends it (identity-mismatch)", async () => {
    writePolicy();
    clone.git("config", "user.email", "mallory@example.org");
    const decision = await ready();
    expect(decision.allow).toBe(false);
    expect(words(decision)).toMatch(/^identity-mismatch: .*\(alice@example\.org\).* mallory@example\.org/);
    expect(decision.findings[0]?.hint).toBe("git config user.email alice@example.org");
  });

  it("says which option or variable is at fault where the file is right (identity-mismatch)", async () => {
    writePolicy();
    expect(words(await ready(option("user.email", "m@example.org")))).toContain(
      "leave out `-c user.email=m@example.org`",
    );
    expect(words(await ready({ GIT_COMMITTER_EMAIL: "m@example.org" }))).toContain("| unset GIT_COMMITTER_EMAIL");
  });

  it("stops a key that the policy does not know, and one that may not sign here", async () => {
    writePolicy();
    expect(words(await ready(option("user.signingkey", join(clone.root, "eve"))))).toMatch(/^unknown-key: .*SHA256:/);
    clone.git("config", "user.email", "bob@example.org");
    expect(words(await ready(option("user.signingkey", join(clone.root, "bob"))))).toMatch(
      /^signer-not-permitted: .*bob/,
    );
  });

  it.each([
    ["key-expired", { until: "2020-01-01T00:00:00Z" }],
    ["key-retired", { retired: "2020-01-01T00:00:00Z" }],
    ["key-not-yet-valid", { from: "2100-01-01T00:00:00Z" }],
    ["key-revoked", { compromised: true }],
  ])("stops a key that is not good today (%s)", async (code, marks) => {
    writePolicy(marks);
    const decision = await ready();
    expect([decision.allow, decision.findings[0]?.code]).toEqual([false, code]);
  });

  it("stops a key that a compromised one brought in, as HEAD's history shows (key-revoked)", async () => {
    const policy = (alice: boolean, marks: object): string => {
      const one = (name: string, more: object) => ({
        emails: [`${name}@example.org`],
        keys: [{ ssh: publicKey(name), ...more }],
      });
      const principals = { bob: one("bob", marks), ...(alice ? { alice: one("alice", {}) } : {}) };
      return JSON.stringify({ version: 1, principals, rules: [{ ...rule, commits: { signedBy: ["*"] } }] });
    };
    const byBob = (text: string): void => {
      clone.write(".signpolicy.json", text);
      clone.git("add", ".signpolicy.json");
      const bob = ["-c", `user.signingkey=${join(clone.root, "bob")}`, "-c", "user.email=bob@example.org"];
      clone.git(...bob, "commit", "-q", "-S", "--no-verify", "-m", "policy");
    };
    byBob(policy(false, {}));
    byBob(policy(true, {}));
    expect(await ready()).toMatchObject({ allow: true, principal: "alice" });
    clone.write(".signpolicy.json", policy(true, { compromised: true }));
    expect(words(await ready())).toMatch(/^key-revoked: the key came into the policy by SHA256:.*keys confirm SHA256:/);
    clone.write(".signpolicy.json", policy(true, { retired: "2020-01-01T00:00:00Z" }));
    expect(await ready()).toMatchObject({ allow: true });
  });

  it("stops a format that nobody can verify (unsupported)", async () => {
    writePolicy();
    expect(words(await ready(option("gpg.format", "x509")))).toMatch(/^unsupported: gpg\.format is x509/);
  });

  it("warns only, where the rule only warns", async () => {
    rule = { ...rule, commits: { signedBy: ["alice"], level: "warn" } };
    writePolicy();
    const decision = await ready(option("commit.gpgsign", "false"));
    expect(decision).toMatchObject({ allow: true, findings: [{ code: "unsigned", severity: "warning" }] });
  });

  it("does not ask for a signature on a branch that no rule names, and says that its push will be refused", async () => {
    writePolicy();
    clone.git("symbolic-ref", "HEAD", "refs/heads/topic");
    const decision = await ready(option("commit.gpgsign", "false"));
    expect(decision).toMatchObject({ allow: true, findings: [{ code: "ref-unmatched", severity: "warning" }] });
    extra = { unmatched: "allow" };
    writePolicy();
    expect((await ready(option("commit.gpgsign", "false"))).findings).toEqual([]);
  });

  it("judges a rebase by the branch that is rebased, and says nothing of a detached HEAD", async () => {
    writePolicy();
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "x");
    clone.git("checkout", "-q", "--detach");
    expect(await ready(option("commit.gpgsign", "false"))).toMatchObject({ allow: true, findings: [] });
    mkdirSync(join(clone.top, ".git/rebase-merge"));
    writeFileSync(join(clone.top, ".git/rebase-merge/head-name"), "refs/heads/main\n");
    expect((await ready(option("commit.gpgsign", "false"))).allow).toBe(false);
  });

  it("works in a linked work tree, whose GIT_DIR git exports", async () => {
    writePolicy();
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "x");
    clone.git("checkout", "-q", "--detach");
    clone.git("worktree", "add", "-q", "../tree", "main");
    const tree = join(clone.root, "tree");
    for (const environment of [{}, { GIT_DIR: join(clone.top, ".git/worktrees/tree") }]) {
      expect(await ready(environment, tree)).toMatchObject({ allow: true, principal: "alice" });
      expect((await ready({ ...environment, ...option("commit.gpgsign", "false") }, tree)).allow).toBe(false);
    }
  });

  it("stops where there is no policy (policy-missing), and where it cannot be used", async () => {
    expect(words(await ready())).toMatch(/^policy-missing: /);
    clone.write(".signpolicy.json", "{");
    await expect(ready()).rejects.toMatchObject({ code: "ERR_POLICY_INVALID" });
  });
});

describeWith(["git", "ssh-keygen"], "the preflight's memory of its last yes", () => {
  const memo = () => join(clone.top, ".git/signpolicy/preflight.json");
  const edit = (change: (text: string) => string) => writeFileSync(memo(), change(readFileSync(memo(), "utf8")));

  it("gives the same decision again", async () => {
    writePolicy();
    const first = await ready();
    // What is read back shows that it was: an answer worked out anew would not hold this.
    edit((text) => text.replace('"principal":"alice"', '"principal":"from memory"'));
    expect(await ready()).toEqual({ ...first, principal: "from memory" });
  });

  it.each<[string, () => unknown, Record<string, string>]>([
    ["another policy", () => (writePolicy({ retired: "2020-01-01T00:00:00Z" }), 0), {}],
    ["a second policy", () => clone.write(".signpolicy.yaml", "version: 1"), {}],
    ["a policy of code", () => clone.write(".signpolicy.js", ""), {}],
    ["a policy in package.json", () => clone.write("package.json", '{ "signpolicy": {} }'), {}],
    ["no policy", () => rmSync(join(clone.top, ".signpolicy.json")), {}],
    ["another committer", () => 0, option("user.email", "bob@example.org")],
    ["no signing", () => 0, option("commit.gpgsign", "false")],
    ["a branch that asks for more", () => clone.git("symbolic-ref", "HEAD", "refs/heads/release"), {}],
  ])("does not answer for %s", async (_, change, environment) => {
    extra = { rules: [{ ...rule }, { name: "r", refs: ["refs/heads/release"], commits: { signedBy: ["bob"] } }] };
    writePolicy();
    expect((await ready()).allow).toBe(true);
    change();
    const allowed = await ready(environment).then(
      ({ allow }) => allow,
      () => false,
    );
    expect(allowed).toBe(false);
  });

  it("does not answer for another key, nor for the same path with another key in it", async () => {
    writePolicy();
    await ready();
    expect((await ready(option("user.signingkey", join(clone.root, "eve")))).allow).toBe(false);
    clone.run("cp", [join(clone.root, "eve"), join(clone.root, "alice")]);
    clone.run("cp", [join(clone.root, "eve.pub"), join(clone.root, "alice.pub")]);
    expect((await ready()).allow).toBe(false);
  });

  it("does not answer after an hour, from the future, from another version, or when it is damaged", async () => {
    writePolicy();
    await ready();
    const now = Math.floor(Date.now() / 1000);
    const stale = (text: string) => text.replace('"principal":"alice"', '"principal":"from memory"');
    for (const change of [
      (text: string) => text.replace(/"at":\d+/, `"at":${String(now - 3600)}`),
      (text: string) => text.replace(/"until":\d+/, `"until":${String(now)}`),
      (text: string) => text.replace(/"until":\d+/, '"until":null'),
      (text: string) => text.replace(/"at":\d+/, `"at":${String(now + 100)}`),
      (text: string) => text.replace(/"version":"/, '"version":"9'),
      (text: string) => text.replace('"allow":true', '"allow":false'),
      (text: string) => text.replace('"files":{', '"files":null,"x":{'),
      (text: string) => text.slice(0, -5),
      () => "null",
      () => '{"version":"0.0.0-test"}',
    ]) {
      edit((text) => change(stale(text)));
      expect((await ready()).principal).toBe("alice");
    }
  });

  const kept = (): { readonly at: number; readonly until: number } =>
    JSON.parse(readFileSync(memo(), "utf8")) as { readonly at: number; readonly until: number };

  it("does not answer beyond a moment that the policy names, nor after an hour", async () => {
    const soon = Math.floor(Date.now() / 1000) + 600;
    const when = (at: number): string => new Date(at * 1000).toISOString().replace(/\.\d+/, "");
    const moments: readonly [Record<string, unknown>, object][] = [
      [{ until: when(soon) }, {}],
      [{}, { commits: { signedBy: ["bob"], enforceFrom: when(soon) } }],
    ];
    for (const [window, change] of moments) {
      extra = { rules: [{ ...rule }, { ...rule, name: "soon", refs: ["refs/heads/release"], ...change }] };
      writePolicy(window);
      expect((await ready()).allow).toBe(true);
      expect(kept().until).toBe(soon);
    }
    extra = {};
    writePolicy({ until: when(soon + 7200) });
    expect((await ready()).allow).toBe(true);
    expect(kept().until).toBe(kept().at + 3600);
  });

  it("does not answer beyond the end of a certificate", async () => {
    const file = join(clone.root, "alice");
    clone.run("ssh-keygen", [
      "-q",
      "-s",
      join(clone.root, "bob"),
      "-I",
      "a",
      "-n",
      "alice@example.org",
      "-V",
      "+10m",
      `${file}.pub`,
    ]);
    clone.git("config", "user.signingkey", `${file}-cert.pub`);
    const principals = { alice: { name: "alice", emails: ["alice@example.org"], keys: [{ sshCa: publicKey("bob") }] } };
    extra = { principals };
    writePolicy();
    expect(words(await ready(option("gpg.ssh.program", "op-ssh-sign")))).toBe("");
    const { at, until } = kept();
    expect(until - at).toBeGreaterThan(500);
    expect(until - at).toBeLessThanOrEqual(600);
  });

  it("never keeps a no, nor a yes with a remark", async () => {
    rule = { ...rule, commits: { signedBy: ["bob"], level: "warn" } };
    writePolicy();
    expect((await ready()).allow).toBe(true);
    expect(clone.has(".git/signpolicy/preflight.json")).toBe(false);
  });

  it("is no condition: where it cannot be kept, the answer is worked out", async () => {
    writePolicy();
    clone.write(".git/signpolicy", "a file in its way");
    expect((await ready()).allow).toBe(true);
    expect((await ready()).allow).toBe(true);
  });
});

describeWith(["git", "ssh-keygen"], "after the commit", () => {
  const advise = async () => {
    const seen: Decision[] = [];
    const sink = { begin: () => undefined, decision: (one: Decision) => void seen.push(one) };
    return [await adviseCommit({ cwd: clone.top, environment: clone.environment }, sink), seen] as const;
  };

  it("one that slipped through unsigned is pointed out, with the command that amends it", async () => {
    writePolicy();
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "policy");
    clone.write("file", "x");
    clone.git("add", "file");
    clone.git("commit", "-q", "--no-gpg-sign", "-m", "x");
    const [decision, seen] = await advise();
    expect(seen).toHaveLength(1);
    expect(decision?.findings[0]).toMatchObject({ code: "unsigned", hint: "git commit --amend --no-edit -S" });
    clone.git("commit", "-q", "--amend", "--no-edit", "-S");
    expect(await advise()).toEqual([null, []]);
  });

  it("one that a rebase made is judged by the branch that is rebased, which HEAD does not name", async () => {
    rule = { ...rule, refs: ["refs/heads/topic"] };
    writePolicy();
    clone.git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "x");
    clone.git("checkout", "-q", "--detach");
    expect(await advise()).toEqual([null, []]);
    for (const [folder, branch, code] of [
      ["rebase-merge", "topic", "unsigned"],
      ["rebase-apply", "topic", "unsigned"],
      ["rebase-merge", "other", undefined],
    ] as const) {
      mkdirSync(join(clone.top, ".git", folder));
      writeFileSync(join(clone.top, ".git", folder, "head-name"), `refs/heads/${branch}\n`);
      expect((await advise())[0]?.findings[0]?.code).toBe(code);
      rmSync(join(clone.top, ".git", folder), { recursive: true });
    }
  });

  it("nothing is said of approvals, which come after it", async () => {
    rule = { ...rule, commits: { signedBy: ["alice", "bob"], threshold: 2 } };
    writePolicy();
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(await advise()).toEqual([null, []]);
    clone.git("update-ref", "refs/signpolicy/approvals/bob", "HEAD");
    expect(await advise()).toEqual([null, []]);
    clone.git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "y");
    expect((await advise())[0]?.findings[0]).toMatchObject({ code: "unsigned" });
  });

  it("nothing is said of a branch that no rule names", async () => {
    writePolicy();
    clone.git("symbolic-ref", "HEAD", "refs/heads/topic");
    clone.git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "x");
    expect(await advise()).toEqual([null, []]);
  });
});

describeWith(["git", "gpg"], "preflight with gpg", () => {
  let home: string;
  let gpg: Clone;
  let run: (...argv: readonly string[]) => string;

  beforeAll(() => {
    // gpg-agent's socket takes a path of 108 bytes at most.
    home = mkdtempSync(join(tmpdir(), "g-"));
    gpg = new Clone();
    run = (...argv) => gpg.run("gpg", ["--homedir", home, "-q", "--batch", "--passphrase", "", ...argv]).output;
    for (const name of ["Alice <alice@example.org>", "Eve <eve@example.org>"]) {
      run("--quick-gen-key", name, "ed25519", "sign", "never");
    }
  });
  afterAll(() => {
    gpg.run("gpgconf", ["--homedir", home, "--kill", "all"]);
    gpg.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const gnupg = () => ({ GNUPGHOME: home });

  function writePgpPolicy(): void {
    clone.write("keys/alice.asc", run("--armor", "--export", "alice@example.org"));
    const alice = { name: "A", emails: ["alice@example.org"], keys: [{ openpgp: "keys/alice.asc" }] };
    clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals: { alice }, rules: [rule] }));
    clone.git("config", "gpg.format", "openpgp");
  }

  it("finds the key by e-mail, by the committer's own name, by fingerprint and by long id", async () => {
    writePgpPolicy();
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(run("--with-colons", "-k", "alice@example.org"))?.[1] ?? "";
    clone.git("config", "user.name", "Alice");
    for (const named of ["alice@example.org", "", fingerprint, fingerprint.slice(-16), `0x${fingerprint}!`]) {
      expect(await ready({ ...gnupg(), ...option("user.signingkey", named) })).toMatchObject({
        allow: true,
        principal: "alice",
      });
    }
  });

  it("stops another's key and one that gpg does not hold (unknown-key)", async () => {
    writePgpPolicy();
    const eve = await ready({ ...gnupg(), ...option("user.signingkey", "eve@example.org") });
    expect(words(eve)).toMatch(/^unknown-key: .*alice@example\.org/);
    const none = await ready({ ...gnupg(), ...option("user.signingkey", "nobody@example.org") });
    expect(words(none)).toMatch(/^unknown-key: gpg has no secret key for nobody@example\.org/);
  });
});
