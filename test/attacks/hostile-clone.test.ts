/** A repository that a stranger wrote, and a server's repository that another user of the machine owns, while we install. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installClient } from "../../src/check/install-client.ts";
import { installServers, uninstallServers } from "../../src/check/install-servers.ts";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
beforeEach(() => {
  clone = new Clone();
});
afterEach(() => clone.remove());

const install = () => installClient({ directory: clone.top, environment: clone.environment });

describeWith(["git"], "a stranger's repository", () => {
  it("does not have our lines written through a link into a file outside", async () => {
    const outside = join(clone.root, "bashrc");
    writeFileSync(outside, "mine\n");
    clone.addPackages();
    clone.write("package.json", '{"devDependencies":{"husky":"9"}}');
    mkdirSync(join(clone.top, ".husky"));
    symlinkSync("../../bashrc", join(clone.top, ".husky", "pre-commit"));
    await expect(install()).rejects.toMatchObject({ code: "ERR_INSTALL" });
    expect(readFileSync(outside, "utf8")).toBe("mine\n");
    expect(existsSync(join(clone.top, ".husky", "pre-push"))).toBe(false);
  });

  it("may link its hooks within itself", async () => {
    clone.addPackages();
    clone.write("package.json", '{"devDependencies":{"husky":"9"}}');
    clone.write("tools/pre-commit", "npm test\n");
    mkdirSync(join(clone.top, ".husky"));
    symlinkSync("../tools/pre-commit", join(clone.top, ".husky", "pre-commit"));
    await install();
    expect(readFileSync(join(clone.top, "tools/pre-commit"), "utf8")).toMatch(/signpolicy[^]*\nnpm test\n$/);
  });

  it("does not have its own copy of husky run", async () => {
    clone.addPackages(".", false);
    clone.write("package.json", '{"devDependencies":{"husky":"9"}}');
    clone.write("node_modules/husky/package.json", '{"name":"husky","version":"9.1.7","main":"index.js"}');
    clone.write("node_modules/husky/index.js", "");
    const mark = join(clone.root, "ran");
    clone.write("node_modules/husky/bin.js", `require("fs").writeFileSync(${JSON.stringify(mark)}, "")`);
    clone.git("add", "-Af");
    await expect(install()).rejects.toMatchObject({ code: "ERR_INSTALL" });
    expect(existsSync(mark)).toBe(false);
  });
});

describeWith(["git", "ssh-keygen"], "init in a stranger's repository", () => {
  it("takes no key for one's own that is not on this machine, whatever e-mail it signed under", () => {
    const ssh = join(clone.root, "home", ".ssh");
    mkdirSync(ssh, { mode: 0o700 });
    for (const file of [join(ssh, "id_ed25519"), join(clone.root, "eve")]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
    }
    const blobOf = (file: string) => readFileSync(`${file}.pub`, "utf8").split(" ")[1]?.trim() ?? "";
    const signed = (key: string) =>
      clone.git("-c", "gpg.format=ssh", "-c", `user.signingkey=${key}`, "commit", "-qS", "--allow-empty", "-m", "x");
    signed(join(ssh, "id_ed25519"));
    signed(join(clone.root, "eve"));
    const argv = [join(projectRoot, "dist", "signpolicy.cjs"), "init", "--yes", "--no-hooks"];
    execFileSync(process.execPath, argv, { cwd: clone.top, env: clone.environment, stdio: "pipe" });
    const policy = readFileSync(join(clone.top, ".signpolicy.yaml"), "utf8");
    expect(policy).toContain(blobOf(join(ssh, "id_ed25519")));
    expect(policy).not.toContain(blobOf(join(clone.root, "eve")));
  });
});

(process.getuid?.() === 0 ? describe : describe.skip)("root installs in another user's repository", () => {
  const NOBODY = 65_534;
  let server: string;
  let victim: string;
  const owned = (path: string) => execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, path]);
  const options = () => ({ directory: clone.root, environment: clone.environment });
  const attempt = async () => {
    const [done] = await installServers([server], options());
    return done !== undefined && "error" in done ? done.error : null;
  };

  beforeEach(() => {
    chmodSync(clone.root, 0o755);
    server = join(clone.root, "r.git");
    clone.git("init", "-q", "--bare", server);
    victim = join(clone.root, "victim");
    mkdirSync(join(victim, "0.1.0"), { recursive: true });
    writeFileSync(join(victim, "secret"), "root's\n", { mode: 0o600 });
    owned(server);
  });
  const untouched = () => {
    expect(statSync(join(victim, "secret")).uid).toBe(0);
    expect(statSync(victim).uid).toBe(0);
  };

  it("with the owner's rights, and everything is the owner's", async () => {
    expect(await attempt()).toBeNull();
    const theirs = ["hooks/pre-receive", "signpolicy", "signpolicy/0.1.0/dist/signpolicy.cjs", "config"];
    for (const path of theirs) expect(statSync(join(server, path)).uid).toBe(NOBODY);
    expect(process.geteuid?.()).toBe(0);
    const [gone] = await uninstallServers([server], options());
    expect(gone).toHaveProperty("result");
    expect(existsSync(join(server, "hooks/pre-receive"))).toBe(false);
  });

  it("and gives nothing away that a link of the owner's leads to", async () => {
    symlinkSync(victim, join(server, "signpolicy"));
    expect(await attempt()).toMatchObject({ code: "ERR_IO" });
    untouched();
    await uninstallServers([server], options());
    untouched();
  });

  it("and writes no hooks where the owner's configuration sends them", async () => {
    clone.git("--git-dir", server, "config", "core.hooksPath", victim);
    owned(server);
    expect(await attempt()).not.toBeNull();
    expect(existsSync(join(victim, "pre-receive"))).toBe(false);
    untouched();
  });
});
