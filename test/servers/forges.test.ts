/** Hooks where Gitea, Forgejo and GitLab look for them, run as those run them. */
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { snapshot } from "../support/clone.ts";
import { alice, mainRule, policyOf, type PushResult } from "../support/push-server.ts";
import { GITEA_ENVIRONMENT, writeGitaly, writeGiteaHooks } from "../support/servers/forges.ts";
import { InstalledServer } from "../support/servers/installed.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let server: InstalledServer;
let policy: string;
const at = (path: string): string => join(server.server.gitDir, path);
const hooks = () => snapshot(at("hooks"));
const install = (...more: string[]) =>
  server.try(["install", "--server", server.server.gitDir, "--policy", policy, ...more]);
const check = (...more: string[]) => server.try(["check-install", "--server", server.server.gitDir, ...more]);
const uninstall = (...more: string[]) => server.try(["uninstall", "--server", server.server.gitDir, ...more]);

beforeEach(() => {
  server = new InstalledServer(policyOf([mainRule]));
  policy = join(server.server.root, "policy.json");
});
afterEach(() => {
  server.remove();
});

/** An unsigned push is refused in our words, a signed one lands and is recorded once. */
function expectJudged(push: (oid: string) => PushResult): readonly string[] {
  const refused = push(server.commit(null));
  expect([refused.status, server.value("refs/heads/main")]).toEqual([1, null]);
  const lines = InstalledServer.remoteLines(refused.text);
  expect(lines[0]).toBe("error: signpolicy: 1 of 1 commit rejected on refs/heads/main");
  const signed = server.commit(alice);
  expect([push(signed).status, server.value("refs/heads/main")]).toEqual([0, signed]);
  const landed = readFileSync(at("signpolicy/record.jsonl"), "utf8").match(/"landed"/g);
  expect(landed).toHaveLength(1);
  return lines;
}

describeWith("git", "Gitea and Forgejo", () => {
  const push = (oid: string): PushResult => server.push([`${oid}:refs/heads/main`], GITEA_ENVIRONMENT);

  it("are detected by their driver, which is left alone and runs our hook beside its own", () => {
    writeGiteaHooks(server.server.gitDir);
    const before = hooks();
    expect(install()).toMatchObject({ status: 0, text: expect.stringContaining("hooks/pre-receive.d/signpolicy") });
    expect(hooks()).toMatchObject(before);
    expect(check()).toMatchObject({ status: 0 });
    const doctor = server.try(["doctor", "--server", server.server.gitDir]);
    expect(doctor.text).toContain("pre-receive runs with a bare PATH and without HOME");
    const lines = expectJudged(push);
    expect(lines.join()).not.toContain("GL-HOOK-ERR");
    expect(uninstall()).toMatchObject({ status: 0 });
    expect(hooks()).toEqual(before);
    expect(push(server.commit(null, { parents: [server.value("refs/heads/main") ?? ""] })).status).toBe(0);
  });

  it("write their driver again at an upgrade, and our hook stays", () => {
    writeGiteaHooks(server.server.gitDir);
    expect(install()).toMatchObject({ status: 0 });
    writeGiteaHooks(server.server.gitDir);
    expect(check()).toMatchObject({ status: 0 });
    expectJudged(push);
  });

  it("get their driver back where an installation for plain git had moved it aside", () => {
    writeGiteaHooks(server.server.gitDir);
    const before = hooks();
    expect(install("--layout", "bare")).toMatchObject({ status: 0 });
    expect(hooks()["pre-receive"]).not.toEqual(before["pre-receive"]);
    expect(install("--layout", "forgejo")).toMatchObject({ status: 0 });
    expect(hooks()).toMatchObject(before);
    expect(Object.keys(hooks()).filter((file) => file.includes("kept"))).toEqual([]);
    expect(check()).toMatchObject({ status: 0 });
    expectJudged(push);
  });

  it.each<[string, () => void, RegExp]>([
    ["a lost run bit", () => chmodSync(at("hooks/pre-receive.d/signpolicy"), 0o644), /lost its run bit/],
    ["a missing hook", () => rmSync(at("hooks/pre-receive.d/signpolicy")), /pre-receive.d\/signpolicy is missing/],
    ["a missing driver", () => rmSync(at("hooks/pre-receive")), /does not run what is in .*pre-receive\.d/],
    ["a driver that is not run", () => chmodSync(at("hooks/pre-receive"), 0o644), /pre-receive has lost its run bit/],
    ["another hooks path", () => server.server.config("core.hooksPath", "/elsewhere"), /hooks in .* are not run/],
  ])("are found out by check-install to have %s", (_, spoil, expected) => {
    writeGiteaHooks(server.server.gitDir);
    expect(install()).toMatchObject({ status: 0 });
    spoil();
    const { status, text } = check();
    expect([status, text]).toEqual([1, expect.stringMatching(expected)]);
    expect(text).toMatch(/ {2}fix: /);
  });
});

describeWith("git", "GitLab", () => {
  let receivePack: string;
  let globals: string;

  beforeEach(() => {
    globals = server.scratch("global");
    receivePack = writeGitaly(server.scratch("gitaly"), globals);
  });
  const push = (oid: string): PushResult => {
    const words = ["push", "--no-verify", `--receive-pack=${receivePack}`, "origin", `${oid}:refs/heads/main`];
    const { status, stdout, stderr } = server.clone.run("git", words);
    return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
  };

  it("is detected by its folder; its own hooks run first, the global ones behind ours, and web pages get their lines", () => {
    mkdirSync(at("custom_hooks"));
    writeFileSync(at("custom_hooks/pre-receive"), "#!/bin/sh\necho first\n", { mode: 0o755 });
    mkdirSync(join(globals, "pre-receive.d"));
    writeFileSync(join(globals, "pre-receive.d/last"), "#!/bin/sh\necho last\n", { mode: 0o755 });
    expect(install()).toMatchObject({
      status: 0,
      text: expect.stringContaining("custom_hooks/pre-receive.d/signpolicy"),
    });
    expect(check()).toMatchObject({ status: 0 });
    const refused = InstalledServer.remoteLines(push(server.commit(null)).text);
    expect(refused.slice(0, 2)).toEqual(["first", "error: signpolicy: 1 of 1 commit rejected on refs/heads/main"]);
    expect(refused).toContain("GL-HOOK-ERR: signpolicy: 1 of 1 commit rejected on refs/heads/main");
    expect(refused).not.toContain("last");
    for (const line of refused.slice(1)) expect(line).toMatch(/^(?:GL-HOOK-ERR|error|hint|warning): [\x20-\x7e]+$/);
    for (const line of refused) expect(line.length).toBeLessThanOrEqual(72);
    const taken = push(server.commit(alice));
    expect([taken.status, InstalledServer.remoteLines(taken.text)]).toEqual([0, ["first", "last"]]);
    expect(readFileSync(at("signpolicy/record.jsonl"), "utf8")).toContain('"landed"');
  });

  it("shows on its web pages, too, why a hook cannot judge", () => {
    expect(install("--layout", "gitlab")).toMatchObject({ status: 0 });
    server.server.config("signpolicy.policy", "/nowhere/policy.yaml");
    const absent = InstalledServer.remoteLines(push(server.commit(alice)).text);
    expect(absent.join("\n")).toMatch(/^GL-HOOK-ERR: .*\/nowhere\/policy\.yaml/m);
    rmSync(at("signpolicy/0.1.0"), { recursive: true });
    const gone = InstalledServer.remoteLines(push(server.commit(alice)).text);
    expect(gone).toContain("error: signpolicy: nothing can be checked, so nothing is let in");
    expect(gone).toContain("GL-HOOK-ERR: hint: an administrator runs: signpolicy install --server");
    expect(server.value("refs/heads/main")).toBeNull();
  });

  it("may be named where no trace of it is in the repository, and is remembered", () => {
    expect(install("--layout", "gitlab")).toMatchObject({ status: 0 });
    expect(existsSync(at("hooks/pre-receive"))).toBe(false);
    expect(check()).toMatchObject({ status: 0 });
    expect(push(server.commit(null)).status).toBe(1);
    expect(push(server.commit(alice)).status).toBe(0);
    expect(uninstall()).toMatchObject({ status: 0 });
    expect(existsSync(at("custom_hooks"))).toBe(false);
  });

  it("is found out by check-install to skip a hook without its run bit", () => {
    expect(install("--layout", "gitlab")).toMatchObject({ status: 0 });
    const hook = at("custom_hooks/pre-receive.d/signpolicy");
    expect(statSync(hook).mode & 0o777).toBe(0o755);
    chmodSync(hook, 0o644);
    expect(check()).toMatchObject({ status: 1, text: expect.stringMatching(/lost its run bit/) });
  });

  it("is not given a hook through a folder that other repositories share", () => {
    symlinkSync(globals, at("custom_hooks"));
    const { status, text } = install();
    expect([status === 0, text]).toEqual([false, expect.stringMatching(/may serve other repositories, too/)]);
  });
});

describeWith("git", "--layout", () => {
  it("refuses a server that nobody knows, and a clone", () => {
    expect(install("--layout", "gogs")).toMatchObject({ status: 2, text: expect.stringContaining("forgejo") });
    for (const command of ["install", "uninstall", "check-install"]) {
      expect(server.try([command, "--layout", "gitea"])).toMatchObject({
        status: 2,
        text: expect.stringContaining("--layout goes with --server"),
      });
    }
  });
});
