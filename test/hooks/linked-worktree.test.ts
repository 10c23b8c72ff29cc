/**
 * A server whose repository has a work tree, and linked ones: git then starts hooks with the linked folder's own git
 * directory, while refs, hooks and objects lie in the one that all of them share. So do the policy and the record.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, bob, mainRule, policyOf, PushServer, type PushResult } from "../support/push-server.ts";

const guarded = policyOf([{ ...mainRule, refs: ["refs/heads/**"], updates: { force: "deny" } }]);

interface Places {
  readonly server: PushServer;
  /** Pushes to the linked work tree's folder, by its path. */
  readonly push: (...refspecs: string[]) => PushResult;
  readonly linked: string;
  readonly first: string;
}

function withLinked(body: (places: Places) => void): void {
  const server = new PushServer(guarded, "sha1", { bare: false });
  try {
    server.server.config("receive.denyCurrentBranch", "ignore");
    const first = server.commit(alice);
    expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
    const linked = join(server.server.root, "linked");
    server.server.git(["worktree", "add", "-q", "-b", "linked", linked, first]);
    const push = (...refspecs: string[]): PushResult => {
      const { status, stdout, stderr } = server.clone.run("git", ["push", "--no-verify", linked, ...refspecs]);
      return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
    };
    body({ server, push, linked, first });
  } finally {
    server.remove();
  }
}

const record = (server: PushServer, cwd: string, ...args: string[]): string => {
  const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, "record", ...args], { cwd });
  if (status !== 0) throw new Error(stderr);
  return stdout.toString("latin1");
};

describe("a push into a linked work tree", () => {
  it("is judged by the policy of the repository that it belongs to (unsigned, ref-rollback)", () => {
    withLinked(({ server, push, first }) => {
      const next = server.commit(bob, { parents: [first] });
      expect(push(`${next}:refs/heads/main`).status).toBe(0);
      expect(push(`${server.commit(null, { parents: [next] })}:refs/heads/main`).text).toContain("unsigned");
      expect(push(`+${first}:refs/heads/main`).text).toContain("ref-rollback");
      expect(server.value("refs/heads/main")).toBe(next);
    });
  });

  it("is written into the one record, and what landed there counts on either side", () => {
    withLinked(({ server, push, linked, first }) => {
      const next = server.commit(bob, { parents: [first] });
      expect(push(`${next}:refs/heads/topic`).status).toBe(0);
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      expect(existsSync(join(server.server.gitDir, "worktrees", "linked", "signpolicy"))).toBe(false);
      const shown = record(server, server.server.dir, "show");
      expect(shown).toContain("refs/heads/topic");
      expect(record(server, linked, "show")).toBe(shown);
      record(server, linked, "verify");
    });
  });

  it("is refused under the linked folder's own refs, which are nobody's (ref-unmatched)", () => {
    withLinked(({ server, push, first }) => {
      const bad = server.commit(null, { parents: [first] });
      for (const ref of ["refs/worktree/x", "refs/bisect/bad"]) {
        const refused = push(`${bad}:${ref}`);
        expect(refused.status).not.toBe(0);
        expect(refused.text).toContain("ref-unmatched");
      }
      expect(push(`${bad}:refs/heads/x`).text).toContain("unsigned");
    });
  });

  it("finds no other policy in the linked folder's own configuration (unsigned)", () => {
    withLinked(({ server, push, linked, first }) => {
      const loose = join(server.server.root, "loose.json");
      writeFileSync(loose, JSON.stringify({ ...guarded, rules: [], unmatched: "allow" }));
      writeFileSync(join(linked, ".signpolicy.json"), JSON.stringify({ ...guarded, rules: [], unmatched: "allow" }));
      expect(push(`${server.commit(null, { parents: [first] })}:refs/heads/main`).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBe(first);
    });
  });
});
