/**
 * Attack: a repository chooses by itself what its history must prove, or an administrator's choice does not bind.
 * Stopped by: `trust.root` in an administrator's file alone (check/policy.ts), beside which the chain must allow as well.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { alice, BIN, bob, eve, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";
import { POLICY, policyText, withHistory } from "../support/authenticated.ts";

jest.setTimeout(120_000);

const ruled = (root?: string): object => ({
  ...policyOf([{ ...mainRule, commits: { signedBy: ["*"] } }], {
    principals: Object.fromEntries(
      [alice, bob, eve].map((who) => [who.name, { emails: [who.email], keys: [{ ssh: who.key.line.trim() }] }]),
    ),
    ...(root === undefined ? {} : { trust: { root } }),
  }),
});

function push(server: PushServer, oid: string): string {
  const { status, text } = server.push([`+${oid}:refs/heads/main`]);
  return status === 0 ? "landed" : text.replace(/\s*\nremote:(?: error:)?\s*/g, " ");
}

describe("a trust root that an administrator's file names", () => {
  it("binds in the hook and in verify beside the file's own rules (unknown-key, policy-missing)", () =>
    withServer(ruled(), (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.setPolicy(ruled(root));
      expect(push(server, root)).toBe("landed");
      const next = server.commit(bob, { parents: [root] });
      expect(push(server, next)).toBe("landed");
      // The file knows eve, the history does not.
      const refused = push(server, server.commit(eve, { parents: [next] }));
      expect(refused).toContain("from the trust root");
      expect(refused).toContain("unknown-key");
      const orphan = push(server, server.commit(alice, { files: { [POLICY]: policyText() } }));
      expect(orphan).toContain("policy-missing");
      const byFile = join(server.clone.root, "file.json");
      writeFileSync(byFile, JSON.stringify(ruled(root)));
      const later = server.commit(eve, { parents: [next] });
      server.share();
      const verified = server.verify(["--policy", byFile, "--as", "refs/heads/main", later]);
      expect(verified.status).toBe(1);
      expect(verified.text).toContain("its history must also authenticate itself from the trust root");
      expect(verified.text).toContain("from the trust root: signed by key");
      // One decision a commit, whichever of the two denies it.
      expect(verified.text).toContain("3 commits checked on refs/heads/main: 2 allowed, 1 denied");
      const words = ["verify", "--policy", byFile, "--as", "refs/heads/main", later, "--format", "json"];
      const { stdout } = server.server.run(process.execPath, [BIN, ...words]);
      const report = JSON.parse(stdout.toString()) as {
        decisions: { subject: { oid: string }; allow: boolean; findings: { code: string }[] }[];
        summary: object;
      };
      expect(report.summary).toEqual({ checked: 3, allowed: 2, denied: 1, exempt: 0, warned: 0 });
      expect(report.decisions.map(({ subject, allow }) => [subject.oid, allow])).toEqual([
        [root, true],
        [next, true],
        [later, false],
      ]);
      expect(report.decisions[2]?.findings.map(({ code }) => code)).toEqual(["unknown-key"]);
      expect(refused).toContain("1 of 1 commit rejected");
      expect(server.verify(["--policy", byFile, "--as", "refs/heads/main", next])).toMatchObject({ status: 0 });
      writeFileSync(byFile, JSON.stringify(ruled()));
      expect(server.verify(["--policy", byFile, "--as", "refs/heads/main", later])).toMatchObject({ status: 0 });
    }));

  it("is not another one than the configuration names", () =>
    withServer(ruled(), (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      const other = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.setPolicy(ruled(root));
      server.server.config("signpolicy.trustRoot", other);
      expect(push(server, root)).toContain("names the trust root");
      server.server.config("signpolicy.trustRoot", root);
      expect(push(server, root)).toBe("landed");
    }));
});

describe("a trust root that a repository's own policy names", () => {
  it("makes it unusable where it governs (policy-missing), and is refused where it comes (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const own = policyText({ more: { trust: { root } } });
      const verdict = await history.verify(root, [history.change(alice, [root], own)]);
      expect(verdict.codes).toEqual(["policy-change"]);
      expect(verdict.messages[0]).toContain("a repository names no trust root for itself");
      const itself = history.root(own);
      expect((await history.verify(itself, [history.same(alice, [itself])])).codes).toEqual(["policy-missing"]);
      expect(
        (await history.verify(root, [history.change(alice, [root], policyText({ more: { unmatched: "allow" } }))]))
          .allowed,
      ).toBe(true);
    }));

  it("is an error of the work tree's policy, and none of a file that is named", () =>
    withServer(null, (server) => {
      const { clone } = server;
      const oid = "9d1a2c0e5b7f4a6d8c3e1f0a9b8c7d6e5f4a3b2c";
      writeFileSync(join(clone.dir, POLICY), JSON.stringify(ruled(oid)));
      const check = (...args: string[]) => clone.run(process.execPath, [BIN, "policy", "check", ...args]);
      const { status, stderr } = check();
      expect(status).toBe(2);
      expect(stderr).toContain("$.trust.root: a repository names no trust root for itself");
      expect(check("--policy", join(clone.dir, POLICY)).status).toBe(0);
    }));
});
