import { afterAll, afterEach, beforeAll, expect, it, jest } from "@jest/globals";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkServers } from "../../src/check/check-install.ts";
import { installServers } from "../../src/check/install-servers.ts";
import type { CheckReport } from "../../src/check/installation.ts";
import { Clone } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const POLICY = JSON.stringify({
  version: 1,
  principals: { alice: { name: "A", emails: ["n@example.org"], keys: [{ ssh: KEY }] } },
  rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
});

let clone: Clone;
let server: string;
let policy: string;

const options = () => ({ directory: clone.root, environment: clone.environment });
const program = (file: string) => join(server, "signpolicy/0.1.0", file);

async function check(): Promise<CheckReport> {
  const [one] = await checkServers([server], options());
  if (one === undefined || "error" in one) throw (one as { error: Error }).error;
  return one.result;
}
const problems = async () => (await check()).problems.map(({ message, fix }) => `${message} | ${fix}`);

/** Gives the server a branch with the policy, past its hooks. */
function putPolicyOn(branch: string): void {
  writeFileSync(join(clone.top, ".signpolicy.json"), POLICY);
  clone.git("add", ".signpolicy.json");
  clone.git("commit", "-q", "--allow-empty", "-m", "policy");
  clone.git("--git-dir", server, "fetch", "-q", clone.top, `+HEAD:${branch}`);
}

describeWith(["git"], "check-install --server", () => {
  beforeAll(async () => {
    clone = new Clone();
    server = join(clone.root, "my server.git");
    policy = join(clone.root, "policy.json");
    clone.git("init", "-q", "--bare", server);
    writeFileSync(policy, POLICY);
    const [done] = await installServers([server], { ...options(), policy });
    expect(done).toHaveProperty("result");
    cpSync(server, `${server}.sound`, { recursive: true, preserveTimestamps: true });
  });
  afterEach(() => {
    rmSync(server, { recursive: true });
    cpSync(`${server}.sound`, server, { recursive: true, preserveTimestamps: true });
    rmSync(policy, { force: true });
    writeFileSync(policy, POLICY, { mode: 0o644 });
  });
  afterAll(() => clone.remove());

  it("tells where signed pushes are asked for and no nonce can be issued, or one that can be guessed", async () => {
    const signed = POLICY.replace('"commits"', '"pushes":{"signedBy":["alice"]},"commits"');
    writeFileSync(policy, signed);
    expect((await problems()).join()).toContain("issues no nonce");
    clone.git("--git-dir", server, "config", "receive.certNonceSeed", "short");
    expect((await problems()).join()).toContain("can be guessed");
    clone.git("--git-dir", server, "config", "receive.certNonceSeed", "0123456789abcdef0123456789abcdef");
    expect(await problems()).toEqual([]);
  });

  /** As an upgrade of the server leaves it, whose node lay elsewhere. */
  function useNode(path: string): void {
    for (const name of ["pre-receive", "post-receive"]) {
      const hook = join(server, "hooks", name);
      writeFileSync(hook, readFileSync(hook, "utf8").replace(/^node=.*$/m, `node=${path}`));
    }
  }

  it("finds nothing wrong with what was just installed", async () => {
    const { problems: found, warnings } = await check();
    expect({ found, warnings }).toEqual({ found: [], warnings: [] });
  });

  it.each<[string, () => void, RegExp]>([
    ["a lost run bit", () => chmodSync(join(server, "hooks/pre-receive"), 0o644), /lost its run bit.*\| chmod \+x/],
    ["a missing hook", () => rmSync(join(server, "hooks/post-receive")), /post-receive is missing/],
    [
      "another hook in its place",
      () => writeFileSync(join(server, "hooks/pre-receive"), "#!/bin/sh\n"),
      /not the hook that was installed/,
    ],
    [
      "a line put into our hook",
      () => {
        const hook = join(server, "hooks/pre-receive");
        writeFileSync(hook, readFileSync(hook, "utf8").replace("node=", "exit 0\nnode="));
      },
      /pre-receive was changed/,
    ],
    [
      "a changed program",
      () => writeFileSync(program("dist/signpolicy.cjs"), "process.exit(0)"),
      /signpolicy\.cjs was changed/,
    ],
    [
      "a changed dependency",
      () => writeFileSync(program("node_modules/openpgp/package.json"), "{}"),
      /openpgp\/package\.json was changed/,
    ],
    ["a file that does not belong there", () => writeFileSync(program("dist/x.cjs"), ""), /x\.cjs does not belong/],
    ["a node that is gone", () => useNode("/nonexistent/node"), /\/nonexistent\/node.*\| .*install --server/],
    [
      "a node that does not start",
      () => {
        const broken = join(clone.root, "node");
        writeFileSync(broken, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
        useNode(broken);
      },
      /self-test failed/,
    ],
    ["a missing program", () => rmSync(program("dist/signpolicy.cjs")), /which is missing/],
    [
      "a program that others can write",
      () => chmodSync(program("dist/signpolicy.cjs"), 0o777),
      /can be written by others/,
    ],
    ["a hooks folder that others can write", () => chmodSync(join(server, "hooks"), 0o777), /everybody \| chmod go-w/],
    ["a broken policy", () => writeFileSync(policy, "{"), /\| signpolicy policy check/],
    ["a missing policy", () => rmSync(policy), /\| signpolicy policy check/],
    ["a policy that others can write", () => chmodSync(policy, 0o666), /policy is not safe.*chmod go-w/],
    ["a lost record", () => rmSync(join(server, "signpolicy/record.jsonl")), /record of this repository is gone/],
    [
      "an exchanged record",
      () => clone.git("-C", server, "config", "signpolicy.record", "x"),
      /not the one that was begun/,
    ],
    ["a hooks path set since", () => clone.git("-C", server, "config", "core.hooksPath", "elsewhere"), /is missing/],
  ])("names %s, with one fix", async (_, spoil, expected) => {
    spoil();
    expect((await problems()).join("\n")).toMatch(expected);
  });

  it("names the branch it reads the policy from where none is pinned", async () => {
    clone.git("--git-dir", server, "config", "--unset", "signpolicy.policy");
    putPolicyOn("refs/heads/main");
    clone.git("--git-dir", server, "symbolic-ref", "HEAD", "refs/heads/main");
    const { problems: found, warnings } = await check();
    expect(found).toEqual([]);
    expect(warnings.map(({ message }) => message).join()).toContain("ref:refs/heads/main:.signpolicy.json");
    clone.run("sh", ["-c", warnings[0]?.fix ?? "false"]);
    expect((await check()).warnings).toEqual([]);
  });

  it("tells how HEAD comes to name the branch that holds the policy, where it names none that is there", async () => {
    clone.git("--git-dir", server, "config", "--unset", "signpolicy.policy");
    putPolicyOn("refs/heads/trunk");
    clone.git("--git-dir", server, "symbolic-ref", "HEAD", "refs/heads/master");
    const { problems: found } = await check();
    expect(found[0]?.message).toContain("every push is refused: ");
    expect(found[0]?.message).toContain("HEAD names refs/heads/master, which does not exist");
    const command = /git -C .*$/.exec(found[0]?.fix ?? "")?.[0] ?? "false";
    expect(command).toBe(`git -C '${server}' symbolic-ref HEAD refs/heads/trunk`);
    clone.run("sh", ["-c", command]);
    expect((await check()).problems).toEqual([]);
    // Of several nobody guesses; without any the first policy is still to come.
    clone.git("--git-dir", server, "symbolic-ref", "HEAD", "refs/heads/master");
    clone.git("--git-dir", server, "branch", "-q", "main", "trunk");
    expect((await check()).problems[0]?.fix).toMatch(/symbolic-ref HEAD refs\/heads\/BRANCH$/);
    clone.git("--git-dir", server, "branch", "-q", "-D", "main", "trunk");
    expect((await check()).problems[0]?.fix).toMatch(/git -C '.*my server\.git' config signpolicy\.trustRoot COMMIT$/);
  });

  it.each<[string, string, RegExp]>([
    ["that is not there", "refs/heads/nowhere", /every push is refused: .*refs\/heads\/nowhere does not exist/],
    ["with a short name", "main", /every push is refused: .*no full ref name \| git config signpolicy\.policyRef/],
  ])("finds a pinned policy ref %s", async (_, ref, expected) => {
    clone.git("--git-dir", server, "config", "--unset", "signpolicy.policy");
    clone.git("--git-dir", server, "config", "signpolicy.policyRef", ref);
    putPolicyOn("refs/heads/main");
    expect((await problems()).join("\n")).toMatch(expected);
  });

  it("is quiet about a pinned policy ref that can judge", async () => {
    clone.git("--git-dir", server, "config", "--unset", "signpolicy.policy");
    clone.git("--git-dir", server, "config", "signpolicy.policyRef", "refs/heads/policy");
    putPolicyOn("refs/heads/policy");
    const { problems: found, warnings } = await check();
    expect({ found, warnings }).toEqual({ found: [], warnings: [] });
  });

  it("install warns while every push would be refused", async () => {
    const bare = join(clone.root, "empty.git");
    clone.git("init", "-q", "--bare", bare);
    const [done] = await installServers([bare], options());
    expect(done).toHaveProperty("result.warnings", [expect.stringContaining("every push is refused")]);
  });

  it("runs no program that was changed", async () => {
    writeFileSync(
      program("dist/signpolicy.cjs"),
      `require("fs").writeFileSync(${JSON.stringify(join(clone.root, "ran"))}, "")`,
    );
    await check();
    expect(existsSync(join(clone.root, "ran"))).toBe(false);
  });
});
