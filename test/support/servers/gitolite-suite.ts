/** gitolite with the hooks in LOCAL_CODE/hooks/common, and with them in one repository alone. */
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { alice, mainRule, policyOf } from "../push-server.ts";
import { Gitolite } from "./gitolite.ts";
import { InstalledServer, type ServerProgram } from "./installed.ts";
import type { Sshd } from "./sshd.ts";
import { describeWith, type Tool } from "../tools.ts";

/** A gitolite with hooks of the program that `prepare` gives. */
export function describeGitolite(of: string, prepare: () => ServerProgram, needed: readonly Tool[] = []): void {
  describeWith([...needed, "git", "ssh-keygen", "sshd", "gitolite"], `gitolite with ${of}`, () => {
    let server: InstalledServer;
    let gitolite: Gitolite;
    let sshd: Sshd;
    let policy: string;

    beforeAll(async () => {
      server = new InstalledServer(policyOf([mainRule]), prepare());
      policy = join(server.server.root, "policy.json");
      gitolite = new Gitolite(server.scratch("gitolite"), server.program.path);
      sshd = await gitolite.start();
    });
    afterAll(async () => {
      await gitolite.stop();
      server.remove();
    });

    const signpolicy = (...words: string[]) => server.try(words, gitolite.environment);
    const install = (where: string, ...more: string[]) => signpolicy("install", "--server", where, ...more);
    const check = (where: string) => signpolicy("check-install", "--server", where);
    const localCode = () => join(gitolite.home, "local");
    const hook = (repository: string, name = "pre-receive") => join(gitolite.repository(repository), "hooks", name);

    function push(repository: string, oid: string): { status: number; text: string } {
      server.clone.git(["remote", "set-url", "origin", sshd.url(repository)]);
      return server.push([`${oid}:refs/heads/main`], sshd.client);
    }
    const value = (repository: string): string =>
      server.clone
        .run("git", ["--git-dir", gitolite.repository(repository), "rev-parse", "-q", "--verify", "refs/heads/main"])
        .stdout.toString("latin1")
        .trim();

    function expectJudged(repository: string): void {
      const before = value(repository);
      const parents = before === "" ? [] : [before];
      const refused = push(repository, server.commit(null, { parents }));
      expect([refused.status, value(repository)]).toEqual([1, before]);
      const lines = InstalledServer.remoteLines(refused.text);
      expect(lines[0]).toBe("error: signpolicy: 1 of 1 commit rejected on refs/heads/main");
      for (const line of lines) expect(line).toMatch(/^(?:error|hint|warning): [\x20-\x7e]{1,65}$/);
      const signed = server.commit(alice, { parents });
      const taken = push(repository, signed);
      expect([taken.status, value(repository)]).toEqual([0, signed]);
      const record = readFileSync(join(gitolite.repository(repository), "signpolicy/record.jsonl"), "utf8");
      expect(record).toContain(`"new":"${signed}"`);
    }

    it("is refused without LOCAL_CODE, with the line that its settings lack", () => {
      const { status, text } = install(gitolite.home, "--policy", policy);
      expect(status).not.toBe(0);
      expect(text).toMatch(/hint: set it in .*\.gitolite\.rc: LOCAL_CODE => /);
      expect(existsSync(hook("testing"))).toBe(false);
    });

    it("takes the hook in one repository alone, which stands what gitolite does to hooks", () => {
      expect(install(gitolite.repository("testing"), "--policy", policy)).toMatchObject({ status: 0 });
      gitolite.run("setup", "--hooks-only");
      expect(check(gitolite.repository("testing"))).toMatchObject({ status: 0 });
      expectJudged("testing");
      expect(signpolicy("uninstall", "--server", gitolite.repository("testing"))).toMatchObject({ status: 0 });
      expect(push("testing", server.commit(null, { parents: [value("testing")] })).status).toBe(0);
      // The record of what landed outlives the hooks; what came in meanwhile is judged unless an administrator says otherwise.
      expect(signpolicy("-C", gitolite.repository("testing"), "record", "baseline", "--anew")).toMatchObject({
        status: 0,
      });
    });

    it("does not write into one repository what gitolite would replace by its common hook", () => {
      gitolite.setLocalCode("$ENV{HOME}/local");
      mkdirSync(join(localCode(), "hooks/common"), { recursive: true });
      writeFileSync(join(localCode(), "hooks/common/pre-receive"), "#!/bin/sh\necho seen\n", { mode: 0o755 });
      gitolite.run("setup", "--hooks-only");
      const { status, text } = install(gitolite.repository("testing"), "--policy", policy);
      expect(status).not.toBe(0);
      expect(text).toMatch(/would do so again/);
      expect(lstatSync(hook("testing")).isSymbolicLink()).toBe(true);
    });

    it("takes the hooks for all repositories, keeps the common hook, and they judge each", () => {
      expect(install(gitolite.home, "--policy", policy)).toMatchObject({ status: 0 });
      for (const repository of ["testing", "gitolite-admin"]) {
        expect(readlinkSync(hook(repository))).toBe(join(localCode(), "hooks/common/pre-receive"));
      }
      expect(check(gitolite.home)).toMatchObject({ status: 0 });
      expectJudged("testing");
      const taken = push("testing", server.commit(alice, { parents: [value("testing")] }));
      expect(InstalledServer.remoteLines(taken.text)).toContain("seen");
      expect(install(gitolite.home, "--policy", policy).text).not.toMatch(/^(?!.*nothing to change).*installed:/m);
    });

    it("links them into repositories that are made later, where pushes are refused until there is a policy", () => {
      gitolite.addRepository("later");
      const refused = push("later", server.commit(alice));
      expect([refused.status, refused.text]).toEqual([1, expect.stringContaining("policy-missing")]);
      expect(install(gitolite.repository("later"), "--policy", policy)).toMatchObject({ status: 0 });
      expect(check(gitolite.repository("later"))).toMatchObject({ status: 0 });
      expectJudged("later");
    });

    it("is found out by check-install where a link is gone or a hook changed", () => {
      rmSync(hook("later"));
      expect(check(gitolite.home).text).toMatch(/later\.git\/hooks\/pre-receive does not lead to/);
      gitolite.run("setup", "--hooks-only");
      const common = join(localCode(), "hooks/common/pre-receive");
      const good = readFileSync(common);
      writeFileSync(common, "#!/bin/sh\nexit 0\n");
      expect(check(gitolite.home)).toMatchObject({ status: 1, text: expect.stringContaining("not the hook") });
      writeFileSync(common, good);
      expect(check(gitolite.home)).toMatchObject({ status: 0 });
    });

    (process.getuid?.() === 0 ? it : it.skip)("is asked and written to as its hosting user, when root installs", () => {
      const { root } = server.server;
      chmodSync(root, 0o755);
      const own = (user: string) => spawnSync("chown", ["-R", user, join(gitolite.home, "..")]);
      own("65534:65534");
      try {
        expect(install(gitolite.home, "--policy", policy)).toMatchObject({ status: 0 });
        expect(check(gitolite.home)).toMatchObject({ status: 0 });
        const written = ["signpolicy", "signpolicy/0.1.0/manifest.json", "hooks/common/pre-receive"];
        for (const file of written) expect([file, statSync(join(localCode(), file)).uid]).toEqual([file, 65534]);
        expect(lstatSync(hook("later")).uid).toBe(65534);
      } finally {
        own("0:0");
      }
    });

    it("is as it was after uninstall: the common hook is back, pushes are free", () => {
      expect(signpolicy("uninstall", "--server", gitolite.home)).toMatchObject({ status: 0 });
      expect(readFileSync(hook("testing"), "utf8")).toBe("#!/bin/sh\necho seen\n");
      expect(lstatSync(hook("testing", "post-receive"), { throwIfNoEntry: false })).toBeUndefined();
      expect(existsSync(join(localCode(), "signpolicy"))).toBe(false);
      expect(push("testing", server.commit(null, { parents: [value("testing")] })).status).toBe(0);
    });
  });
}
