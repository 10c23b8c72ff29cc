/**
 * Attack: an exemption for the past is stretched over new work: a commit beside the exempted history, one on top of it,
 * another code than the one forgiven, or one that arrives after the exemption's end.
 * Stopped by: exemptions hold full ids, reach only what the named commit reaches, and never forgive a bad signature.
 */
import { describe, expect, it } from "@jest/globals";
import { alice, eve, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const exempting = (exempt: object): object => policyOf([mainRule], { trust: { exempt: [exempt] } });
const push = (server: PushServer, oid: string): string => server.push([`+${oid}:refs/heads/main`]).text;
const reason = "history before signing";

describe("exempted history", () => {
  it("is let in with what it is exempted from, and nothing on top or beside it is (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(null);
      const last = server.commit(null, { parents: [first] });
      expect(push(server, last)).toContain("unsigned");
      server.setPolicy(exempting({ reachableFrom: last, reason }));
      expect(push(server, server.commit(null, { parents: [last] }))).toContain("unsigned");
      expect(push(server, server.commit(alice, { parents: [server.commit(null, { parents: [first] })] }))).toContain(
        "unsigned",
      );
      expect(push(server, server.commit(alice, { parents: [last] }))).toContain("-> main");
    }));

  it("forgives the codes that it names, by default a missing signature and an unknown key, and never a bad signature", () =>
    withServer(policyOf([mainRule]), (server) => {
      const foreign = server.commit(eve);
      const tampered = server.tamper(server.commit(alice));
      server.setPolicy(exempting({ commit: foreign, reason }));
      expect(push(server, foreign)).toContain("-> main");
      server.setPolicy(exempting({ commit: tampered, reason }));
      expect(push(server, tampered)).toContain("bad-signature");
      const other = server.commit(eve);
      server.setPolicy(exempting({ commit: other, reason, codes: ["unsigned"] }));
      expect(push(server, other)).toContain("unknown-key");
    }));

  it("ends when it says, for what newly arrives (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const commit = server.commit(null);
      server.setPolicy(exempting({ commit, reason, until: "2020-01-01T00:00:00Z" }));
      expect(push(server, commit)).toContain("unsigned");
      server.setPolicy(exempting({ commit, reason, until: "2120-01-01T00:00:00Z" }));
      expect(push(server, commit)).toContain("-> main");
    }));

  it("ends so too for what came by a rule that asks for less, unless the record shows that it came in time (unsigned)", () => {
    const free = { name: "free", refs: ["refs/heads/free"], commits: { signedBy: ["devs"], identity: "none" } };
    const rules = [mainRule, free];
    const until = (minutes: number): string =>
      new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z/, "Z");
    const closing = (commit: string, minutes: number): object =>
      policyOf(rules, { trust: { exempt: [{ commit, reason, codes: ["identity-mismatch"], until: until(minutes) }] } });
    return withServer(policyOf(rules), (server) => {
      const foreign = server.commit(alice, { email: "old@example.org" });
      expect(server.push([`${foreign}:refs/heads/free`]).status).toBe(0);
      server.setPolicy(closing(foreign, -30));
      expect(push(server, foreign)).toContain("identity-mismatch");
      const before = Math.floor(Date.now() / 1000) + 1;
      while (Math.floor(Date.now() / 1000) < before + 1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      server.setPolicy(closing(foreign, 0));
      expect(server.push([`+${foreign}:refs/heads/main`]).status).toBe(0);
    });
  });
});
