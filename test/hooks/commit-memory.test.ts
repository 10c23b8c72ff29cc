/** The preflight asks git for nothing that it has said before, and asks again as soon as it might say something else. */
import { beforeEach, afterEach, expect, it, jest } from "@jest/globals";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkReadiness } from "../../src/check/readiness.ts";
import { Clone } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let bin: string;

beforeEach(() => {
  clone = new Clone();
  for (const name of ["alice", "eve"])
    clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(clone.root, name)]);
  for (const [key, value] of Object.entries({
    "gpg.format": "ssh",
    "user.email": "alice@example.org",
    "user.signingkey": join(clone.root, "alice"),
    "commit.gpgsign": "true",
  }))
    clone.git("config", key, value);
  const key = readFileSync(join(clone.root, "alice.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  const principals = { alice: { name: "alice", emails: ["alice@example.org"], keys: [{ ssh: key }] } };
  const rules = [{ name: "main", refs: ["refs/heads/**"], commits: { signedBy: ["alice"] } }];
  clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
  bin = join(clone.root, "bin");
  mkdirSync(bin);
  const real = clone.run("sh", ["-c", "command -v git"]).output.trim();
  writeFileSync(join(bin, "git"), `#!/bin/sh\necho "$*" >>'${bin}/asked'\nexec '${real}' "$@"\n`, { mode: 0o755 });
});
afterEach(() => clone.remove());

async function ready(environment: Record<string, string> = {}): Promise<{ allow: boolean; asked: boolean }> {
  rmSync(join(bin, "asked"), { force: true });
  const path = `${bin}:${clone.environment["PATH"] ?? ""}`;
  const sink = { begin: () => undefined, decision: () => undefined };
  const caller = { ...clone.environment, PATH: path, ...environment };
  const { allow } = await checkReadiness({ cwd: clone.top, environment: caller }, sink);
  return { allow, asked: existsSync(join(bin, "asked")) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 2100));

/** Files that have just changed may change again unseen: git is asked until they are older. */
async function remembered(): Promise<void> {
  await settle();
  await ready();
  expect(await ready()).toEqual({ allow: true, asked: false });
}

describeWith(["git", "ssh-keygen"], "the preflight's memory of what git said", () => {
  it("spares git the question, whatever differs from commit to commit", async () => {
    await remembered();
    const passing = { GIT_INDEX_FILE: ".git/next-index-1.lock", GIT_EDITOR: ":", GIT_AUTHOR_DATE: "1700000000 +0000" };
    expect(await ready(passing)).toEqual({ allow: true, asked: false });
  });

  it("is not asked where a variable says otherwise", async () => {
    await remembered();
    for (const environment of [
      { GIT_COMMITTER_EMAIL: "eve@example.org" },
      { GIT_CONFIG_PARAMETERS: "'user.email'='eve@example.org'" },
      { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "commit.gpgsign", GIT_CONFIG_VALUE_0: "false" },
      { HOME: clone.root, GIT_CONFIG_PARAMETERS: "'commit.gpgsign'='0'" },
    ] as Record<string, string>[])
      expect(await ready(environment)).toEqual({ allow: false, asked: true });
    expect(await ready()).toEqual({ allow: true, asked: false });
  });

  it("is not asked after any file of the configuration changed, was made or taken away", async () => {
    await remembered();
    clone.git("config", "commit.gpgsign", "false");
    expect(await ready()).toEqual({ allow: false, asked: true });
    clone.git("config", "--unset", "commit.gpgsign");
    expect(await ready()).toEqual({ allow: false, asked: true });
    clone.git("config", "commit.gpgsign", "true");
    await remembered();
    const own = join(clone.root, "home", ".config", "git", "config");
    mkdirSync(join(own, ".."), { recursive: true });
    writeFileSync(own, "[user]\n\tname = Other\n");
    expect((await ready()).asked).toBe(true);
  });

  it("is not asked after the key's file, the branch or git itself changed", async () => {
    await remembered();
    clone.git("symbolic-ref", "HEAD", "refs/heads/other");
    expect((await ready()).asked).toBe(true);
    clone.git("symbolic-ref", "HEAD", "refs/heads/main");
    await remembered();
    writeFileSync(join(bin, "git"), `${readFileSync(join(bin, "git"), "utf8")}\n`);
    expect((await ready()).asked).toBe(true);
    for (const file of ["", ".pub"])
      clone.run("cp", [join(clone.root, `eve${file}`), join(clone.root, `alice${file}`)]);
    expect(await ready()).toEqual({ allow: false, asked: true });
  });

  it("binds a yes to the policy that gave it, not to one that was put in its place meanwhile", async () => {
    await settle();
    const policy = join(clone.top, ".signpolicy.json");
    const lax = readFileSync(policy);
    const strict = join(clone.root, "strict.json");
    writeFileSync(strict, lax.toString().replace(/"ssh":/, '"retired":"2020-01-01T00:00:00Z","ssh":'));
    // git is asked last for the files of the configuration, when the policy has been read.
    const git = join(bin, "git");
    const wrapper = readFileSync(git, "utf8");
    writeFileSync(
      git,
      wrapper.replace("exec", `case "$*" in *--show-origin*) cp '${strict}' '${policy}';; esac\nexec`),
    );
    expect((await ready()).allow).toBe(true);
    expect(readFileSync(policy)).toEqual(readFileSync(strict));
    expect((await ready()).allow).toBe(false);
    writeFileSync(policy, lax);
    writeFileSync(git, wrapper);
    await remembered();
  });

  it("is not kept where a file of the configuration went while git was asked", async () => {
    const own = join(clone.root, "home", ".config", "git", "config");
    mkdirSync(join(own, ".."), { recursive: true });
    writeFileSync(own, "[commit]\n\tgpgsign = true\n");
    clone.git("config", "--unset", "commit.gpgsign");
    await settle();
    const git = join(bin, "git");
    const wrapper = readFileSync(git, "utf8");
    // Gone before git says where it read the configuration, and after it said what that is.
    writeFileSync(git, wrapper.replace("exec", `case "$*" in *--system*) rm -f '${own}';; esac\nexec`));
    await settle();
    expect((await ready()).allow).toBe(true);
    expect(existsSync(own)).toBe(false);
    expect((await ready()).allow).toBe(false);
  });

  it("is not asked after the private half of the key went, or an agent's socket is another or gone", async () => {
    clone.git("config", "user.signingkey", join(clone.root, "alice.pub"));
    await remembered();
    const [file, aside] = [join(clone.root, "alice"), join(clone.root, "aside")];
    renameSync(file, aside);
    expect(await ready()).toEqual({ allow: false, asked: true });
    const socket = join(clone.root, "agent");
    const pid = /SSH_AGENT_PID=(\d+)/.exec(clone.run("ssh-agent", ["-a", socket]).output)?.[1] ?? "";
    const agent = { SSH_AUTH_SOCK: socket };
    const stop = () => clone.run("ssh-agent", ["-k"], { env: { ...agent, SSH_AGENT_PID: pid } });
    try {
      clone.run("ssh-add", ["-q", aside], { env: agent });
      await settle();
      await ready(agent);
      expect(await ready(agent)).toEqual({ allow: true, asked: false });
      expect(await ready({ SSH_AUTH_SOCK: join(clone.root, "none") })).toEqual({ allow: false, asked: true });
      stop();
      expect(await ready(agent)).toEqual({ allow: false, asked: true });
    } finally {
      stop();
    }
    renameSync(aside, file);
    expect((await ready()).allow).toBe(true);
  });

  it("fails nothing where home or a key lies where nothing can be looked at", async () => {
    const nowhere = { HOME: "/dev/null", XDG_CONFIG_HOME: "/dev/null" };
    await settle();
    for (let n = 0; n < 2; n += 1) expect((await ready(nowhere)).allow).toBe(true);
    const key = { GIT_CONFIG_PARAMETERS: "'user.signingkey'='/dev/null/key'" };
    expect(await ready({ ...nowhere, ...key })).toEqual({ allow: false, asked: true });
  });

  it("is never kept of a configuration that includes other files", async () => {
    clone.git("config", "include.path", join(clone.root, "more"));
    await ready();
    await settle();
    expect((await ready()).asked).toBe(true);
    writeFileSync(join(clone.root, "more"), "[commit]\n\tgpgsign = false\n");
    expect(await ready()).toEqual({ allow: false, asked: true });
  });
});
