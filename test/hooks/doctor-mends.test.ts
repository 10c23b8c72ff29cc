/**
 * The commands that `doctor` prints, run as they are printed: each set-up is broken in one way, the row's command is typed into a
 * shell, and the row is looked at again. What `--fix` does by itself has to come to the same.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { examineServer } from "../../src/check/doctor-server.ts";
import type { DoctorRow } from "../../src/check/doctor.ts";
import { examineClone, repair } from "../../src/check/doctor.ts";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;

function start(): void {
  clone = new Clone("my app");
  const tools = join(clone.root, "bin");
  mkdirSync(tools);
  symlinkSync(join(projectRoot, "dist", "signpolicy.cjs"), join(tools, "signpolicy"));
  clone.environment["PATH"] = `${tools}:${clone.environment["PATH"] ?? ""}`;
  clone.environment["GNUPGHOME"] = join(clone.root, "g");
  mkdirSync(join(clone.root, "g"), { mode: 0o700 });
}

function stop(): void {
  clone.run("gpgconf", ["--kill", "all"]);
  clone.remove();
}

/** What a test may spoil is put aside once and laid back before each, which is quicker than to make it anew. */
const KEPT = () => [join(clone.root, "home"), join(clone.top, ".git"), join(clone.top, ".signpolicy.json")];

function keep(...more: readonly string[]): void {
  clone.run("tar", ["-cf", join(clone.root, "kept.tar"), "-P", ...KEPT(), ...more]);
}

function layBack(...more: readonly string[]): void {
  clone.run("rm", ["-rf", ...KEPT(), join(clone.top, "package.json"), ...more]);
  clone.run("tar", ["-xf", join(clone.root, "kept.tar"), "-P"]);
}

const options = (terminal = false) => ({
  directory: clone.top,
  environment: clone.environment,
  now: Math.floor(Date.now() / 1000),
  terminal,
});

async function examine(terminal = false): Promise<readonly DoctorRow[]> {
  const rows: DoctorRow[] = [];
  await examineClone(options(terminal), (row) => void rows.push(row));
  return rows;
}

/** The rows of one name, and no examination of what comes after them. */
async function rowsOf(id: string): Promise<readonly DoctorRow[]> {
  const rows: DoctorRow[] = [];
  const enough = new Error("enough");
  await examineClone(options(), (row) => {
    if (row.id === id) rows.push(row);
    else if (rows.length > 0) throw enough;
  }).catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  return rows;
}

const pathOf = (name: string): string => join(clone.root, "home/.ssh", name);

function sshKey(name: string): string {
  mkdirSync(join(clone.root, "home/.ssh"), { recursive: true, mode: 0o700 });
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", pathOf(name)]);
  return readFileSync(`${pathOf(name)}.pub`, "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");
}

function writePolicy(key: object, more: object = {}): void {
  const principals = { n: { name: "N", emails: ["n@example.org"], keys: [key] } };
  const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["n"] } }];
  clone.write(".signpolicy.json", `${JSON.stringify({ version: 1, principals, rules, ...more }, null, 2)}\n`);
}

/** Sound but for what a test breaks. */
function sound(): void {
  writePolicy({ ssh: sshKey("id_mine") });
  for (const [name, value] of Object.entries({
    "gpg.format": "ssh",
    "user.signingkey": `${pathOf("id_mine")}.pub`,
    "commit.gpgsign": "true",
    "tag.gpgSign": "true",
  }))
    clone.git("config", name, value);
  clone.run("signpolicy", ["install"]);
  clone.run("signpolicy", ["keys", "export", "allowed-signers", "--write"]);
}

const bad = (rows: readonly DoctorRow[]) =>
  rows.filter(({ status }) => status !== "pass").map(({ id, fix }) => `${id}: ${fix ?? ""}`);

/** What each is broken by, and the row that must say so. */
const BROKEN: readonly (readonly [what: string, row: string, spoil: () => void])[] = [
  ["nothing is set up, with a key at hand", "sign.key", unsetAll],
  ["nothing is set up (commit.gpgsign)", "sign.enabled", unsetAll],
  ["a key file that is not there", "sign.key", () => set("user.signingkey", "/nowhere/x.pub")],
  ["no user.signingkey", "sign.key", () => clone.git("config", "--unset", "user.signingkey")],
  ["an OpenPGP id while the format is ssh", "sign.format", () => set("user.signingkey", "ABCDEF0123456789")],
  ["an SSH key while the format is openpgp", "sign.format", () => set("gpg.format", "openpgp")],
  ["a format that no policy counts", "sign.format", () => set("gpg.format", "x509")],
  [
    "an OpenPGP key that nobody has",
    "gpg.secret",
    () => {
      set("gpg.format", "openpgp");
      set("user.signingkey", "AB".repeat(20));
    },
  ],
  ["the key itself, and no agent", "ssh.key", () => set("user.signingkey", `key::${publicLine()}`)],
  ["a signing program that moved", "sign.format", () => set("gpg.ssh.program", "/opt/elsewhere/op-ssh-sign")],
  [
    "another key than the policy's",
    "sign.key.allowed",
    () => {
      sshKey("id_other");
      set("user.signingkey", pathOf("id_other.pub"));
    },
  ],
  ["another e-mail", "ident", () => set("user.email", "work@example.org")],
  [
    "name and e-mail swapped",
    "ident",
    () => {
      set("user.name", "n@example.org");
      set("user.email", "N");
    },
  ],
  ["signing that is off", "sign.enabled", () => set("commit.gpgsign", "false")],
  ["a revocation file that is not there", "ssh.allowed", () => set("gpg.ssh.revocationFile", "/nowhere/revoked")],
  ["allowed_signers of nobody", "ssh.allowed", () => clone.git("config", "--unset", "gpg.ssh.allowedSignersFile")],
  ["a hook without its run bit", "hooks.chain", () => clone.run("chmod", ["-x", ".git/hooks/pre-push"])],
  ["a hook that is gone", "hooks.chain", () => rmSync(join(clone.top, ".git/hooks/pre-commit"))],
  ["a private key that others may read", "ssh.key", () => clone.run("chmod", ["644", pathOf("id_mine")])],
  [
    "pushes that the policy wants signed",
    "sign.enabled",
    () =>
      writePolicy(
        { ssh: publicLine() },
        {
          rules: [{ name: "m", refs: ["refs/heads/main"], commits: { signedBy: ["n"] }, pushes: { signedBy: ["n"] } }],
        },
      ),
  ],
  [
    "a yarn that runs no prepare",
    "npm.scripts",
    () =>
      clone.write(
        "package.json",
        '{ "packageManager": "yarn@4.1.0", "scripts": { "prepare": "signpolicy install" } }\n',
      ),
  ],
  ["a key whose time ends soon", "sign.expiry", () => writePolicy({ ssh: publicLine(), until: soon() })],
];

function set(key: string, value: string): void {
  clone.git("config", key, value);
}

function unsetAll(): void {
  for (const key of ["gpg.format", "user.signingkey", "commit.gpgsign"]) clone.git("config", "--unset", key);
}

const publicLine = (): string =>
  readFileSync(`${pathOf("id_mine")}.pub`, "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");
const soon = (): string => new Date(Date.now() + 86_400_000 * 9).toISOString().replace(/\.\d+/, "");

describeWith(["git", "ssh-keygen", "gpg"], "doctor's command, typed as it is printed,", () => {
  beforeAll(() => {
    start();
    sound();
    keep();
  });
  afterAll(stop);
  beforeEach(() => layBack());

  it("is needed for nothing where all is sound", async () => {
    expect(bad(await examine())).toEqual([]);
  });

  it.each(BROKEN)("mends %s (%s)", async (_, id, spoil) => {
    spoil();
    const row = (await rowsOf(id)).find(({ status }) => status !== "pass");
    expect([row?.why ?? "", row?.fix ?? ""]).not.toContain("");
    expect(clone.run("sh", ["-c", row?.fix ?? "false"])).toMatchObject({ status: 0 });
    const left = (await rowsOf(id)).filter(({ status, why }) => status !== "pass" && why === row?.why);
    expect(left).toEqual([]);
  });

  it.each([BROKEN[0], BROKEN[4], BROKEN[5], BROKEN[7]] as typeof BROKEN)(
    "comes to the same as all repairs together: %s (%s)",
    async (_, id, spoil) => {
      spoil();
      const rows = await examine();
      expect(bad(rows).some((one) => one.startsWith(id))).toBe(true);
      for (const row of rows) if (row.status !== "pass") await repair(row, options());
      expect(bad(await examine())).toEqual([]);
    },
  );
});

describeWith(["git", "ssh-keygen"], "doctor in a clone where the policy has no key of one's own", () => {
  beforeEach(start);
  afterEach(stop);

  it("leads to join in one row after the other, and turns nothing on that would stop commits", async () => {
    sshKey("id_mine");
    writePolicy({ ssh: sshKey("id_gone") });
    for (const half of ["id_gone", "id_gone.pub"]) rmSync(pathOf(half));
    const rows = await examine();
    const of = (id: string) => rows.find((one) => one.id === id && one.status === "fail");
    for (const id of ["sign.enabled", "sign.key"])
      expect(of(id)).toMatchObject({ fix: "signpolicy join", repair: null });
    set("gpg.format", "ssh");
    set("user.signingkey", pathOf("id_mine.pub"));
    const known = (await examine()).find((one) => one.id === "sign.key.allowed");
    expect(known).toMatchObject({ status: "fail", fix: "signpolicy join" });
    expect(known?.why).toMatch(/; n has another that is good today, on another machine \(SHA256:/);
    expect(clone.run("signpolicy", ["join", "--yes", "--key", pathOf("id_mine.pub")]).output).toContain(
      "wrote and staged",
    );
  });
});

describeWith(["git"], "doctor --server's command, typed as it is printed,", () => {
  let server: string;
  beforeAll(() => {
    start();
    sound();
    server = join(clone.root, "the server.git");
    clone.git("init", "-q", "--bare", server);
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "the policy");
    clone.git("push", "-q", "--no-verify", server, "main");
    clone.run("signpolicy", ["install", "--server", server]);
    clone.git("-C", server, "config", "receive.fsckObjects", "true");
    clone.git("-C", server, "config", "signpolicy.policyRef", "refs/heads/main");
    keep(server);
  });
  afterAll(stop);
  beforeEach(() => layBack(server));

  const look = async (): Promise<readonly DoctorRow[]> => {
    const rows: DoctorRow[] = [];
    await examineServer(server, options(), (row) => void rows.push(row));
    return rows;
  };
  const inServer = (...argv: readonly string[]): string => clone.git("-C", server, ...argv);

  it("is needed for nothing where all is sound", async () => {
    expect(bad(await look())).toEqual([]);
  });

  it.each<readonly [what: string, row: string, spoil: () => void]>([
    ["a hook without its run bit", "server.exec", () => clone.run("chmod", ["-x", join(server, "hooks/pre-receive")])],
    ["a hook that is gone", "server.exec", () => rmSync(join(server, "hooks/pre-receive"))],
    ["a hook that was changed", "server.exec", () => writeFileSync(join(server, "hooks/pre-receive"), "#!/bin/sh\n")],
    ["a program that is another", "server.exec", () => rmSync(join(server, "signpolicy/0.1.0/manifest.json"))],
    ["a policy that is not pinned", "server.exec", () => inServer("config", "--unset", "signpolicy.policyRef")],
    ["objects that nobody checks", "server.config", () => inServer("config", "--unset", "receive.fsckObjects")],
    ["hidden approvals", "server.config", () => inServer("config", "transfer.hideRefs", "refs/signpolicy")],
    ["a hook that is switched off", "server.config", () => inServer("config", "hook.x.enabled", "false")],
    [
      "replace refs",
      "server.bypass",
      () => inServer("update-ref", `refs/replace/${inServer("rev-parse", "main^{tree}")}`, "main"),
    ],
  ])("mends %s (%s)", async (_, id, spoil) => {
    spoil();
    const rows = (await look()).filter((one) => one.status !== "pass");
    expect(rows.map((one) => one.id)).toContain(id);
    for (const { fix } of rows) expect(clone.run("sh", ["-c", fix ?? "false"])).toMatchObject({ status: 0 });
    expect(bad(await look())).toEqual([]);
  });

  it("asks for push options and nonces where the policy needs them (server.config)", async () => {
    const rules = [
      {
        name: "main",
        refs: ["refs/heads/main"],
        commits: { signedBy: ["n"] },
        pushes: { signedBy: ["n"] },
        override: ["n"],
      },
    ];
    writePolicy({ ssh: publicLine() }, { rules });
    clone.git("commit", "-q", "-am", "signed pushes");
    clone.git("push", "-q", "--no-verify", server, "main");
    // What the policy asks of pushes it asks from then on.
    const rows = (await look()).filter((one) => one.status !== "pass");
    expect(rows.map((one) => one.why).join("\n")).toMatch(/advertisePushOptions[^]*certNonceSeed/);
    for (const { fix } of rows) expect(clone.run("sh", ["-c", fix ?? "false"])).toMatchObject({ status: 0 });
    expect(bad(await look())).toEqual([]);
  });

  it("says what lets anything be pushed, in the words of the policy (server.bypass)", async () => {
    writePolicy({ ssh: publicLine() }, { unmatched: "allow" });
    clone.git("commit", "-q", "-am", "open");
    clone.git("push", "-q", "--no-verify", server, "main");
    const rows = await look();
    expect(rows.find(({ id }) => id === "server.bypass")).toMatchObject({
      status: "warn",
      fix: "unmatched: deny, in the policy",
    });
    const deletes = rows.find(({ why }) => why.startsWith("any ref may be deleted"));
    expect(clone.run("sh", ["-c", deletes?.fix ?? "false"]).status).toBe(0);
    expect((await look()).some(({ why }) => why.startsWith("any ref may be deleted"))).toBe(false);
  });

  it("runs pre-receive without HOME and with a bare PATH (server.env)", async () => {
    expect((await look()).find(({ id }) => id === "server.env")).toMatchObject({ status: "pass" });
    expect(existsSync(join(server, "hooks/pre-receive"))).toBe(true);
  });

  it("tells of a hook from before us that needs HOME, and shows it failing (server.env)", async () => {
    const theirs = join(server, "hooks/pre-receive");
    clone.run("signpolicy", ["uninstall", "--server", server]);
    writeFileSync(theirs, '#!/bin/sh\n: "${HOME:?is not set}"\n', { mode: 0o755 });
    clone.run("signpolicy", ["install", "--server", server]);
    const row = (await look()).find(({ id }) => id === "server.env");
    expect(row).toMatchObject({
      status: "fail",
      why: expect.stringMatching(/signpolicy-kept, fails .*HOME: is not set/),
    });
    expect(clone.run("sh", ["-c", row?.fix ?? "true"])).toMatchObject({
      status: 2,
      output: expect.stringContaining("HOME: is not set"),
    });
    writeFileSync(`${theirs}.signpolicy-kept`, "#!/bin/sh\ntrue\n", { mode: 0o755 });
    expect((await look()).find(({ id }) => id === "server.env")).toMatchObject({ status: "pass" });
  });
});

describe("doctor in a repository without a policy", () => {
  beforeEach(start);
  afterEach(stop);

  it("leads to init", async () => {
    const rows = await examine();
    expect(rows.find(({ id }) => id === "policy.load")).toMatchObject({ status: "fail", fix: "signpolicy init" });
    expect(rows.find(({ id, status }) => id === "sign.key" && status === "fail")).toMatchObject({
      fix: "signpolicy init",
    });
  });
});
