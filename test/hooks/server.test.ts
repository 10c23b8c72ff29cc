import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { checkServers } from "../../src/check/check-install.ts";
import { installServers, uninstallServers } from "../../src/check/install-servers.ts";
import type { CheckReport, InstallReport, PerRepository } from "../../src/check/installation.ts";
import { Clone, snapshot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let server: string;
let policy: string;

beforeEach(() => {
  clone = new Clone();
  server = join(clone.root, "my server.git");
  clone.git("init", "-q", "--bare", server);
  policy = join(clone.root, "policy.json");
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(clone.root, "key")]);
  writePolicy();
});
afterEach(() => clone.remove());

function writePolicy(): void {
  const key = readFileSync(join(clone.root, "key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  const text = {
    version: 1,
    principals: { alice: { name: "A", emails: ["n@example.org"], keys: [{ ssh: key }] } },
    rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] }, updates: { force: "deny" } }],
    unmatched: "allow",
  };
  writeFileSync(policy, JSON.stringify(text));
}

const options = () => ({ directory: clone.root, environment: clone.environment });
const install = (...more: string[]) => installServers([server, ...more], { ...options(), policy: "policy.json" });
const uninstall = () => uninstallServers([server], options());

const report = <R>([one]: readonly PerRepository<R>[]): R => {
  if (one === undefined || "error" in one) throw (one as { error: Error }).error;
  return one.result;
};
const installed = async (): Promise<InstallReport> => report(await install());
const check = async (): Promise<CheckReport> => report(await checkServers([server], options()));
const problems = async () => (await check()).problems.map(({ message, fix }) => `${message} | ${fix}`);

function signed(flag: "true" | "false", message: string): void {
  const key = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${join(clone.root, "key")}`];
  clone.git(...key, "-c", `commit.gpgsign=${flag}`, "commit", "-q", "--allow-empty", "-m", message);
}
const push = (...more: string[]) => clone.run("git", ["push", "-q", server, "main", ...more]);

describeWith(["git", "ssh-keygen"], "install --server", () => {
  it("refuses an unsigned push, takes a signed one, and writes the record", async () => {
    await installed();
    signed("false", "unsigned");
    const refused = push();
    expect(refused.status).not.toBe(0);
    expect(refused.output).toContain("unsigned");
    clone.git("update-ref", "-d", "HEAD");
    signed("true", "signed");
    expect(push()).toEqual({ status: 0, output: "" });
    expect(readFileSync(join(server, "signpolicy/record.jsonl"), "utf8")).toContain('"landed"');
  });

  it("runs twice without changing a byte", async () => {
    await installed();
    const once = snapshot(server);
    const { steps } = await installed();
    expect(snapshot(server)).toEqual(once);
    expect(steps.filter(({ changed }) => changed)).toEqual([]);
  });

  it("gives back every byte", async () => {
    writeFileSync(join(server, "hooks/pre-receive"), "#!/bin/sh\nexit 0\n");
    chmodSync(join(server, "hooks/pre-receive"), 0o700);
    symlinkSync("pre-receive", join(server, "hooks/post-receive"));
    const before = snapshot(server);
    await installed();
    report(await uninstall());
    expect(snapshot(server)).toEqual(before);
  });

  it("leaves the record of pushes where there were any, and pushes go on after uninstall", async () => {
    await installed();
    signed("true", "signed");
    push();
    const { warnings } = report(await uninstall());
    expect(warnings.join()).toContain("record.jsonl");
    expect(existsSync(join(server, "signpolicy/record.jsonl"))).toBe(true);
    signed("false", "unsigned");
    expect(push().status).toBe(0);
    expect((await installed()).steps).toBeDefined();
    expect(await problems()).toEqual([]);
  });

  it("runs the hook that was there once it has allowed, with the same input, and lets it refuse", async () => {
    const kept = `#!/bin/sh\ncat >'${clone.root}/kept'\n[ ! -e '${clone.root}/no' ]\n`;
    writeFileSync(join(server, "hooks/pre-receive"), kept, { mode: 0o755 });
    await installed();
    signed("true", "signed");
    writeFileSync(join(clone.root, "no"), "");
    expect(push().status).not.toBe(0);
    rmSync(join(clone.root, "no"));
    expect(push().status).toBe(0);
    expect(readFileSync(join(clone.root, "kept"), "utf8")).toMatch(/^0{40} [0-9a-f]{40} refs\/heads\/main\n$/);
    signed("false", "unsigned");
    rmSync(join(clone.root, "kept"));
    expect(push().status).not.toBe(0);
    expect(existsSync(join(clone.root, "kept"))).toBe(false);
  });

  it("takes .git folders, folders that hold one, and attempts every repository of several", async () => {
    const other = new Clone();
    try {
      const done = await install("nowhere", other.top);
      expect(done.map((one) => ("error" in one ? (one.error as Error).message : "installed"))).toEqual([
        "installed",
        "nowhere is no git repository",
        "installed",
      ]);
      expect(existsSync(join(other.top, ".git/hooks/pre-receive"))).toBe(true);
    } finally {
      other.remove();
    }
  });

  it("keeps the program elsewhere with --prefix", async () => {
    const prefix = join(clone.root, "opt");
    report(await installServers([server], { ...options(), policy, prefix }));
    expect(existsSync(join(server, "signpolicy/0.1.0"))).toBe(false);
    expect(readFileSync(join(server, "hooks/pre-receive"), "utf8")).toContain(prefix);
    expect(await problems()).toEqual([]);
    report(await uninstallServers([server], { ...options(), prefix }));
    expect(readdirSync(prefix)).toEqual([]);
  });

  it("removes nothing under the prefix that the list in the repository names and install did not put there", async () => {
    const prefix = join(clone.root, "opt");
    report(await installServers([server], { ...options(), policy, prefix }));
    const others = ["other", "0.1.0/dist", "1.0.0", "2.0.0/deeper/0.1.0"].map((path) => join(prefix, path));
    for (const folder of others) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "manifest.json"), '{"version":"0.1.0","files":{}}');
    }
    const memory = join(server, "signpolicy/install-server.json");
    const programs = [prefix, join(clone.root, "opt/x/../.."), `${prefix}/other/../0.1.0`, ...others];
    writeFileSync(memory, JSON.stringify({ version: 1, programs }));
    const before = snapshot(prefix);
    await uninstallServers([server], { ...options(), prefix });
    expect(snapshot(prefix)).toEqual(before);
  });
});

describeWith(["git", "ssh-keygen"], "install --server refuses", () => {
  it("a policy that cannot be used, before it writes anything", async () => {
    writeFileSync(policy, "{");
    const before = snapshot(server);
    await expect(install()).rejects.toMatchObject({ code: "ERR_POLICY_INVALID" });
    expect(snapshot(server)).toEqual(before);
  });

  it("a hooks directory that serves other repositories, too: a link, or one in the global configuration", async () => {
    rmSync(join(server, "hooks"), { recursive: true });
    mkdirSync(join(clone.root, "shared"));
    symlinkSync(join(clone.root, "shared"), join(server, "hooks"));
    await expect(installed()).rejects.toThrow(/symbolic link/);
    rmSync(join(server, "hooks"));
    clone.git("config", "--global", "core.hooksPath", join(clone.root, "shared"));
    await expect(installed()).rejects.toThrow(/core\.hooksPath is set \(global\)/);
    expect(readdirSync(join(clone.root, "shared"))).toEqual([]);
    expect(clone.git("config", "--global", "core.hooksPath")).toBe(join(clone.root, "shared"));
  });

  it("to lose a hook: one kept, another written since", async () => {
    writeFileSync(join(server, "hooks/pre-receive"), "#!/bin/sh\n", { mode: 0o755 });
    await installed();
    writeFileSync(join(server, "hooks/pre-receive"), "#!/bin/sh\n# other\n", { mode: 0o755 });
    await expect(installed()).rejects.toThrow(/keeps an earlier one/);
  });
});

const program = (file: string) => join(server, "signpolicy/0.1.0", file);

describeWith(["git", "ssh-keygen"], "the server's hook", () => {
  it("denies in words when node or the program is gone", async () => {
    await installed();
    rmSync(program("dist"), { recursive: true });
    signed("true", "signed");
    const { status, output } = push();
    expect(status).not.toBe(0);
    expect(output).toMatch(/remote: error: .*signpolicy\.cjs is missing/);
  });

  it("lets nothing of a pusher's environment into node (NODE_OPTIONS, NODE_PATH, LD_PRELOAD …)", async () => {
    await installed();
    const trap = join(clone.root, "trap.cjs");
    writeFileSync(
      trap,
      `require("fs").writeFileSync(${JSON.stringify(join(clone.root, "sprung"))}, ""); process.exit(0)`,
    );
    mkdirSync(join(clone.root, "modules/openpgp"), { recursive: true });
    writeFileSync(join(clone.root, "modules/openpgp/index.js"), readFileSync(trap));
    signed("false", "unsigned");
    const env = {
      NODE_OPTIONS: `--require=${trap}`,
      NODE_PATH: join(clone.root, "modules"),
      NODE_V8_COVERAGE: join(clone.root, "coverage"),
      NODE_REDIRECT_WARNINGS: join(clone.root, "warnings"),
      OPENSSL_CONF: trap,
    };
    // NODE_OPTIONS and the rest reach the hook through a push to a path.
    const { status } = clone.run("git", ["push", "-q", server, "main"], { env });
    expect(status).not.toBe(0);
    expect(existsSync(join(clone.root, "sprung"))).toBe(false);
    expect(existsSync(join(clone.root, "coverage"))).toBe(false);
  });
});

const root = process.getuid?.() === 0;
(root ? describe : describe.skip)("install --server as root", () => {
  const OWNER = 65534;

  function give(path: string): void {
    chownSync(path, OWNER, OWNER);
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
  }

  it("gives everything it writes to the repository's owner, who can push then", async () => {
    give(server);
    chmodSync(clone.root, 0o755);
    await installed();
    for (const path of [
      "config",
      "hooks/pre-receive",
      "signpolicy",
      "signpolicy/record.jsonl",
      "signpolicy/0.1.0/dist",
    ]) {
      expect([path, statSync(join(server, path)).uid]).toEqual([path, OWNER]);
    }
    expect(await problems()).toEqual([]);
    signed("true", "signed");
    clone.git("bundle", "create", "-q", join(clone.root, "b"), "main");
    const run = (args: string[], cwd = clone.root) =>
      spawnSync("git", args, {
        cwd,
        env: { ...clone.environment, HOME: "/nonexistent" },
        uid: OWNER,
        gid: OWNER,
        encoding: "utf8",
      });
    const work = join(clone.root, "work");
    mkdirSync(work);
    chownSync(work, OWNER, OWNER);
    expect(run(["clone", "-q", join(clone.root, "b"), "c", "-b", "main"], work).stderr).toBe("");
    expect(run(["push", "-q", server, "main"], join(work, "c")).stderr).toBe("");
  });

  it("changes the owner of a planted link, never of what it leads to", async () => {
    const secret = join(clone.root, "secret");
    writeFileSync(secret, "root's");
    mkdirSync(join(server, "signpolicy"));
    symlinkSync(secret, join(server, "signpolicy/planted"));
    symlinkSync(secret, join(server, "signpolicy/install-server.json"));
    give(join(server, "hooks"));
    chownSync(server, OWNER, OWNER);
    await installed().catch(() => undefined);
    expect([statSync(secret).uid, readFileSync(secret, "utf8")]).toEqual([0, "root's"]);
  });

  const record = (...args: string[]) =>
    clone.run(process.execPath, [join(process.cwd(), "dist/signpolicy.cjs"), "-C", server, "record", ...args]);

  it("a record that root begins anew is the owner's, who can push then, and root need not call the repository safe", async () => {
    give(server);
    chmodSync(clone.root, 0o755);
    await installed();
    writeFileSync(join(server, "signpolicy/record.jsonl"), "damaged\n");
    expect(record("verify").status).toBe(1);
    expect(record("baseline")).toMatchObject({ status: 0 });
    expect(record("show")).toMatchObject({ status: 0 });
    const files = readdirSync(server, { recursive: true, encoding: "utf8" }).map((name) => join(server, name));
    expect(files.filter((path) => statSync(path).uid !== OWNER)).toEqual([]);
    expect(await problems()).toEqual([]);
  });

  it.each([
    ["the folder of the record", "signpolicy"],
    ["the folder of the note", "info"],
  ])("a record that root begins anew goes through no link of the owner's into what is not his: %s", (_, name) => {
    chmodSync(clone.root, 0o755);
    const his = join(clone.root, "only root's");
    mkdirSync(his, { mode: 0o755 });
    rmSync(join(server, name), { recursive: true, force: true });
    clone.git("--git-dir", server, "config", "signpolicy.policy", policy);
    give(server);
    symlinkSync(his, join(server, name));
    clone.git("config", "--global", "safe.directory", "*");
    expect(record("baseline", "--anew").status).not.toBe(0);
    const argv = [join(process.cwd(), "dist/signpolicy.cjs"), "record", "baseline", "--anew"];
    expect(clone.run(process.execPath, argv, { env: { GIT_DIR: server } }).status).not.toBe(0);
    expect(readdirSync(his)).toEqual([]);
  });
});
