/**
 * Attack: whoever pushes to a repository on the same machine leaves his environment to the hook, and the repository he
 * prepared its configuration: GIT_CONFIG_*, replace refs, grafts, objects stored under another name, programs that git
 * would run (git(1), Security; facts measured with 2.39.5).
 * Stopped by: every git child runs with a listed environment (io/environment.ts) and plumbing only; objects are hashed.
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { alice, mainRule, policyOf, withServer } from "../support/push-server.ts";

const ZERO = "0".repeat(40);

/** A commit-graph (gitformat-commit-graph(5)) in which no commit has a parent: none of its commit data names one. */
function withoutParents(graph: Buffer): Buffer {
  const chunks = Array.from({ length: graph.readUInt8(6) }, (_, at) => 8 + 12 * at);
  const data = chunks.find((at) => graph.toString("latin1", at, at + 4) === "CDAT") ?? 0;
  const [from, to] = [data + 4, data + 16].map((at) => Number(graph.readBigUInt64BE(at))) as [number, number];
  const forged = Buffer.from(graph);
  const NONE = 0x70000000;
  for (let at = from; at < to; at += 20 + 16) {
    forged.writeUInt32BE(NONE, at + 20);
    forged.writeUInt32BE(NONE, at + 24);
  }
  createHash("sha1")
    .update(forged.subarray(0, -20))
    .digest()
    .copy(forged, forged.length - 20);
  return forged;
}

describe("a hostile environment", () => {
  it("is not given a policy by GIT_CONFIG_COUNT, GIT_CONFIG_PARAMETERS or a global file", () =>
    withServer(policyOf([mainRule]), (server) => {
      const lax = join(server.clone.root, "lax.json");
      writeFileSync(lax, JSON.stringify(policyOf([], { unmatched: "allow" })));
      const global = join(server.clone.root, "gitconfig");
      writeFileSync(global, `[signpolicy]\n\tpolicy = ${lax}\n`);
      const bad = server.commit(null);
      for (const env of [
        { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "signpolicy.policy", GIT_CONFIG_VALUE_0: lax },
        { GIT_CONFIG_PARAMETERS: `'signpolicy.policy=${lax}'` },
        { GIT_CONFIG_GLOBAL: global },
        { GIT_CONFIG_SYSTEM: global, GIT_CONFIG_NOSYSTEM: "0" },
      ]) {
        const result = server.push([`${bad}:refs/heads/main`], env);
        expect(result.text).toContain("unsigned");
      }
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("gets no program of its own run: fsmonitor, pager, hooks path, gpg.program", () =>
    withServer(policyOf([mainRule]), (server) => {
      const canary = join(server.server.root, "ran");
      const program = join(server.server.root, "canary.sh");
      writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
      for (const name of [
        "core.fsmonitor",
        "core.pager",
        "pager.log",
        "gpg.program",
        "gpg.ssh.program",
        "diff.external",
      ]) {
        server.server.config(name, program);
      }
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`${server.commit(null)}:refs/heads/main`]).status).not.toBe(0);
      expect(existsSync(canary)).toBe(false);
    }));

  it("is not fooled by replace refs and grafts that stand in the repository (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const good = server.commit(alice);
      const bad = server.commit(null);
      const onTop = server.commit(alice, { parents: [bad] });
      server.server.run("git", ["fetch", "-q", server.clone.dir, `${good}:refs/keep/good`, `${onTop}:refs/keep/bad`]);
      server.server.git(["update-ref", `refs/replace/${bad}`, good]);
      mkdirSync(join(server.server.gitDir, "info"), { recursive: true });
      writeFileSync(join(server.server.gitDir, "info", "grafts"), `${onTop}\n`);
      // What already stands on refs is the baseline of a rule that was never met; these refs are under no rule.
      const result = server.callHook("pre-receive", `${ZERO} ${onTop} refs/heads/main\n`);
      expect(result.status).toBe(1);
      expect(result.text).toContain("unsigned");
    }));

  it("is not fooled by a commit-graph that denies a parent, nor by a shallow file that hides one (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const bad = server.commit(null);
      const onTop = server.commit(alice, { parents: [bad] });
      const repo = server.server;
      repo.run("git", ["fetch", "-q", server.clone.dir, `${onTop}:refs/keep/bad`]);
      const listed = (): string => repo.git(["-c", "core.commitGraph=true", "rev-list", "--count", onTop]);
      const expectRefused = (): void => {
        expect(listed()).toBe("1");
        const result = server.callHook("pre-receive", `${ZERO} ${onTop} refs/heads/main\n`);
        expect(result.status).toBe(1);
        expect(result.text).toContain("unsigned");
      };
      repo.git(["commit-graph", "write", "--reachable"]);
      expect(listed()).toBe("2");
      const graph = join(repo.gitDir, "objects", "info", "commit-graph");
      chmodSync(graph, 0o644);
      writeFileSync(graph, withoutParents(readFileSync(graph)));
      expectRefused();
      rmSync(graph);
      writeFileSync(join(repo.gitDir, "shallow"), `${onTop}\n`);
      expectRefused();
    }));

  it("is not fooled by good bytes stored under a bad commit's name (replaced-object)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const good = server.commit(alice);
      const bad = server.commit(null);
      server.server.run("git", ["fetch", "-q", server.clone.dir, `${good}:refs/keep/good`]);
      const loose = (oid: string): string => join(server.server.gitDir, "objects", oid.slice(0, 2), oid.slice(2));
      mkdirSync(dirname(loose(bad)), { recursive: true });
      renameSync(loose(good), loose(bad));
      const result = server.callHook("pre-receive", `${ZERO} ${bad} refs/heads/main\n`);
      expect(result.status).toBe(1);
      expect(result.text).toContain("replaced-object");
    }));

  it("denies, and does not crash into an allowance, where git cannot be found", () =>
    withServer(policyOf([mainRule]), (server) => {
      const result = server.callHook("pre-receive", `${ZERO} ${"1".repeat(40)} refs/heads/main\n`, {
        PATH: "/nonexistent",
      });
      expect(result.status).toBe(3);
    }));

  it("judges the same without HOME and with next to no environment", () =>
    withServer(policyOf([mainRule]), (server) => {
      const good = server.commit(alice);
      server.server.run("git", ["fetch", "-q", server.clone.dir, `${good}:refs/keep/good`]);
      const call = (oid: string) => {
        const env = ["-i", `PATH=${process.env["PATH"] ?? ""}`, "GIT_DIR=."];
        const hook = [process.execPath, join(process.cwd(), "dist/signpolicy.cjs"), "hook", "pre-receive"];
        return server.server.run("env", [...env, ...hook], { input: `${ZERO} ${oid} refs/heads/main\n` }).status;
      };
      expect(call(good)).toBe(0);
      const bad = server.commit(null, { parents: [good] });
      server.server.run("git", ["fetch", "-q", server.clone.dir, `${bad}:refs/keep/bad`]);
      expect([call(bad), call("1".repeat(40))]).toEqual([1, 1]);
    }));
});

describe("a sha256 repository", () => {
  it("accepts signed commits and refuses unsigned ones, creates, updates and deletes (unsigned)", () =>
    withServer(
      policyOf([mainRule]),
      (server) => {
        server.server.config("receive.denyDeleteCurrent", "ignore");
        const first = server.commit(alice);
        expect(first).toHaveLength(64);
        expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
        expect(server.push([`${server.commit(null, { parents: [first] })}:refs/heads/main`]).text).toContain(
          "unsigned",
        );
        expect(server.push([`${server.commit(alice, { parents: [first] })}:refs/heads/main`]).status).toBe(0);
        expect(server.push([":refs/heads/main"]).status).toBe(0);
      },
      "sha256",
    ));
});
