/**
 * Attack: refs are moved while the hook is off, the record is lost or damaged, or a rule is widened over refs that nobody
 * judged; what then stands on a ref is taken for judged.
 * Stopped by: the receive record, which remembers where it left each ref (check/record-state.ts, check/tips.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const recordOf = (server: PushServer): string => join(server.server.gitDir, "signpolicy", "record.jsonl");
const all = { name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };

/** Begins the record the way `install --server` does. */
function baseline(server: PushServer): void {
  const { status, stderr } = server.server.run(process.execPath, [bin(), "record", "baseline", "-C", "."]);
  if (status !== 0) throw new Error(stderr);
}

const bin = (): string => join(process.cwd(), "dist", "signpolicy.cjs");

describe("the receive record under attack", () => {
  it("takes what stands when it begins as a baseline, so that unsigned history before it is not blamed", () =>
    withServer(policyOf([mainRule]), (server) => {
      server.hooks(false);
      const old = server.commit(null);
      expect(server.push([`${old}:refs/heads/main`]).status).toBe(0);
      server.hooks(true);
      baseline(server);
      const next = server.commit(alice, { parents: [old] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
    }));

  it("judges a ref that moved while the hook was off from where the record left it (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      server.hooks(false);
      const sneaked = server.commit(null, { parents: [first] });
      expect(server.push([`${sneaked}:refs/heads/main`]).status).toBe(0);
      server.hooks(true);
      const next = server.commit(alice, { parents: [sneaked] });
      const result = server.push([`${next}:refs/heads/main`]);
      expect(result.text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBe(sneaked);
    }));

  it("gives no baseline to a ref that came to be while the hook was off (unsigned)", () =>
    withServer(policyOf([all]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      server.hooks(false);
      const sneaked = server.commit(null);
      expect(server.push([`${sneaked}:refs/heads/other`]).status).toBe(0);
      server.hooks(true);
      expect(server.push([`${server.commit(alice, { parents: [sneaked] })}:refs/heads/other`]).text).toContain(
        "unsigned",
      );
    }));

  it("goes on where git has pruned what a deleted branch held, alone and for many refs (unsigned)", () =>
    withServer(policyOf([all]), (server) => {
      const first = server.commit(alice);
      const gone = server.commit(alice, { parents: [first] });
      expect(server.push([`${first}:refs/heads/main`, `${gone}:refs/heads/x`]).status).toBe(0);
      expect(server.push([":refs/heads/x"]).status).toBe(0);
      server.server.git(["gc", "--prune=now", "-q"]);
      expect(server.server.run("git", ["cat-file", "-e", gone]).status).not.toBe(0);
      const next = server.commit(alice, { parents: [first] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      const many = Array.from({ length: 9 }, () => server.commit(alice, { parents: [next] }));
      expect(server.push(many.map((oid, n) => `${oid}:refs/heads/many/${String(n)}`)).status).toBe(0);
      const bad = server.commit(null, { parents: [many[3] ?? next] });
      expect(server.push([`${bad}:refs/heads/y`]).text).toContain("unsigned");
      expect(
        server.push([...many.map((oid, n) => `${oid}:refs/heads/more/${String(n)}`), `${bad}:refs/heads/y`]).text,
      ).toContain("unsigned");
      expect(server.push([`${gone}:refs/heads/x`]).status).toBe(0);
    }));

  it("lets the value of a ref that a rule newly names count for that ref alone (unsigned)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const first = server.commit(alice);
      const dirty = server.commit(null, { parents: [first] });
      expect(server.push([`${first}:refs/heads/main`, `${dirty}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...mainRule, refs: ["refs/heads/main", "refs/heads/wip"] }]));
      expect(server.push([`${server.commit(alice, { parents: [dirty] })}:refs/heads/wip`]).status).toBe(0);
      expect(server.push([`${dirty}:refs/heads/main`]).text).toContain("unsigned");
    }));

  it("denies when a record that was begun is gone, and says what mends it", () =>
    withServer(policyOf([mainRule]), (server) => {
      baseline(server);
      rmSync(recordOf(server));
      const result = server.push([`${server.commit(alice)}:refs/heads/main`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toContain("record baseline");
    }));

  it("denies when the record was damaged or exchanged", () =>
    withServer(policyOf([mainRule]), (server) => {
      baseline(server);
      const text = readFileSync(recordOf(server), "utf8");
      writeFileSync(recordOf(server), text.replace(/"id":"[^"]+"/, '"id":"another"'));
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).not.toBe(0);
      writeFileSync(recordOf(server), `${text}garbage\n`);
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).not.toBe(0);
      writeFileSync(recordOf(server), text);
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).toBe(0);
    }));

  it("writes down what landed and who judged it", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const commit = server.commit(alice);
      expect(server.push([`${commit}:refs/heads/main`, `${commit}:refs/heads/wip`]).status).toBe(0);
      const landed = readFileSync(recordOf(server), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { kind: string; ref?: string; new?: string; rules?: string[] })
        .filter(({ kind }) => kind === "landed");
      expect(landed).toMatchObject([
        { ref: "refs/heads/main", new: commit, rules: ["main"] },
        { ref: "refs/heads/wip", new: commit, rules: [] },
      ]);
    }));
});

describe("a compromised key", () => {
  const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString().replace(/\.\d+Z/, "Z");
  const marked = (compromised: string | true): object => {
    const policy = policyOf([mainRule, { ...mainRule, name: "next", refs: ["refs/heads/next"] }]) as {
      principals: { alice: { keys: object[] } };
    };
    policy.principals.alice.keys = [{ ssh: alice.key.line.trim(), compromised }];
    return policy;
  };

  it("keeps what the record shows received before the compromise, and nothing that only claims to be old (key-revoked)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const old = server.commit(alice, { date: Math.floor(Date.now() / 1000) - 3600 });
      expect(server.push([`${old}:refs/heads/main`]).status).toBe(0);
      server.setPolicy(marked(minutes(1)));
      expect(server.push([`${old}:refs/heads/next`]).status).toBe(0);
      const backdated = server.commit(alice, { parents: [old], date: Math.floor(Date.now() / 1000) - 3500 });
      server.setPolicy(marked(minutes(-30)));
      expect(server.push([`${backdated}:refs/heads/main`]).text).toContain("key-revoked");
      server.setPolicy(marked(true));
      expect(server.push([`+${server.commit(alice)}:refs/heads/main`]).text).toContain("key-revoked");
    }));
});
