/**
 * Attacks 69, 69a, 71 and 73 against what looks at a repository without judging it: installing, checking an installation,
 * the preflight of a commit. Nothing that lies in the repository or its configuration is run, and an environment that
 * points elsewhere moves nothing.
 */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkClient, checkServers } from "../../src/check/check-install.ts";
import { installClient, uninstallClient } from "../../src/check/install-client.ts";
import { installServers, uninstallServers } from "../../src/check/install-servers.ts";
import { checkReadiness } from "../../src/check/readiness.ts";
import { Clone, snapshot } from "../support/clone.ts";

jest.setTimeout(60_000);

let clone: Clone;
let canary: string;
let trap: string;

beforeEach(() => {
  clone = new Clone();
  canary = join(clone.root, "canary");
  trap = join(clone.root, "trap");
  writeFileSync(trap, `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
  clone.addPackages(".", false);
  clone.write("package.json", "{}\n");
});
afterEach(() => clone.remove());

const place = () => ({ directory: clone.top, environment: clone.environment });
const sink = { begin: () => undefined, decision: () => undefined };
const preflight = (environment = clone.environment) => checkReadiness({ cwd: clone.top, environment }, sink);
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const POLICY = JSON.stringify({
  version: 1,
  principals: { alice: { name: "A", emails: ["n@example.org"], keys: [{ ssh: KEY }] } },
  rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
});

async function everything(): Promise<void> {
  await installClient(place());
  await checkClient(place());
  await preflight().catch(() => undefined);
  await uninstallClient(place());
}

describe("executable configuration in the work tree (attacks 69, 69a)", () => {
  it("is not run, with a policy beside it or without one", async () => {
    const code = `require("fs").writeFileSync(${JSON.stringify(canary)}, "")`;
    const names = [".signpolicy", ".config/config", ".config/signpolicyrc", "signpolicy.config", ".cosmiconfigrc"];
    for (const name of names) for (const end of ["js", "cjs", "ts"]) clone.write(`${name}.${end}`, code);
    for (const name of names)
      clone.write(`${name}.mjs`, `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(canary)}, "");`);
    clone.write(".env", `NODE_OPTIONS=--require=${join(clone.top, ".signpolicy.js")}`);
    clone.write(".npmrc", `node-options=--require=${join(clone.top, ".signpolicy.js")}`);
    await everything();
    clone.write(".signpolicy.json", POLICY);
    await everything();
    expect(existsSync(canary)).toBe(false);
  });
});

describe("programs that the repository's configuration names (attack 71)", () => {
  it("are not run by install, check-install and uninstall", async () => {
    const keys = ["core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "gpg.program", "gpg.ssh.program"];
    for (const key of keys) clone.git("config", key, trap);
    for (const alias of ["config", "rev-parse", "var", "worktree"]) clone.git("config", `alias.${alias}`, `!${trap}`);
    clone.write(".signpolicy.json", POLICY);
    await installClient(place());
    await checkClient(place());
    await uninstallClient(place());
    const server = join(clone.top, ".git");
    await installServers([server], { ...place() });
    await checkServers([server], place());
    await uninstallServers([server], place());
    expect(existsSync(canary)).toBe(false);
  });

  it("but the signer that git is about to run may be asked which keys it has", async () => {
    clone.git("config", "gpg.program", trap);
    clone.git("config", "commit.gpgsign", "true");
    clone.write(".signpolicy.json", POLICY);
    clone.git("config", "core.fsmonitor", join(clone.root, "missing"));
    await preflight();
    expect(existsSync(canary)).toBe(true);
  });

  it("foreign hooks are not run by check-install", async () => {
    clone.write(".git/hooks/pre-commit", `#!/bin/sh\n${trap}\n`, 0o755);
    await installClient(place());
    await checkClient(place());
    const server = join(clone.root, "s.git");
    clone.git("init", "-q", "--bare", server);
    writeFileSync(join(server, "hooks/pre-receive"), `#!/bin/sh\n${trap}\n`, { mode: 0o755 });
    await checkServers([server], place());
    await installServers([server], place());
    await checkServers([server], place());
    expect(existsSync(canary)).toBe(false);
  });
});

describe("an environment that points elsewhere (attack 73)", () => {
  it("does not move a server's installation to another repository", async () => {
    const other = join(clone.root, "other.git");
    const server = join(clone.root, "s.git");
    clone.git("init", "-q", "--bare", other);
    clone.git("init", "-q", "--bare", server);
    const before = snapshot(other);
    const environment = {
      ...clone.environment,
      GIT_DIR: other,
      GIT_COMMON_DIR: other,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.hooksPath",
      GIT_CONFIG_VALUE_0: join(clone.root, "elsewhere"),
      GIT_CONFIG_PARAMETERS: `'core.hooksPath'='${join(clone.root, "elsewhere")}'`,
    };
    writeFileSync(join(clone.root, "policy.json"), POLICY);
    const [done] = await installServers([server], { directory: clone.root, environment, policy: "policy.json" });
    expect(done).toHaveProperty("result");
    expect(snapshot(other)).toEqual(before);
    expect(existsSync(join(server, "hooks/pre-receive"))).toBe(true);
    expect(existsSync(join(clone.root, "elsewhere"))).toBe(false);
    const [checked] = await checkServers([server], { directory: clone.root, environment });
    expect(checked).toMatchObject({ result: { problems: [] } });
  });
});
