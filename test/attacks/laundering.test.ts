/**
 * Attack: commits that nobody trusted signed reach a protected branch by way of a ref that no rule protects, because the
 * hook asks git for what is new to the repository (`--not --all`) instead of what is new to the rule.
 * Stopped by: ranges taken per rule, from tips that this rule judged (check/tips.ts, the receive record).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, eve, mainRule, policyOf, withServer } from "../support/push-server.ts";

const open = (rules: object[] = [mainRule]) => policyOf(rules, { unmatched: "allow" });

describe("laundering through a ref that nobody checked", () => {
  it("refuses on main what an unruled branch took (unsigned)", () =>
    withServer(open(), (server) => {
      const commit = server.commit(null);
      expect(server.push([`${commit}:refs/heads/wip`]).status).toBe(0);
      const result = server.push([`${commit}:refs/heads/main`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("refuses it in one push as well, with nothing of the push taken (unsigned)", () =>
    withServer(open(), (server) => {
      const commit = server.commit(null);
      const result = server.push([`${commit}:refs/heads/wip`, `${commit}:refs/heads/main`]);
      expect(result.text).toContain("unsigned");
      expect(server.value("refs/heads/wip")).toBeNull();
    }));

  it("refuses an unsigned ancestor hidden under a signed tip (unsigned)", () =>
    withServer(open(), (server) => {
      const hidden = server.commit(null);
      expect(server.push([`${hidden}:refs/heads/wip`]).status).toBe(0);
      const tip = server.commit(alice, { parents: [hidden] });
      expect(server.push([`${tip}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("refuses what a merge brings in from a stranger, octopus and criss-cross merges included (unknown-key)", () =>
    withServer(open(), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const good = server.commit(alice, { parents: [root] });
      const bad = server.commit(eve, { parents: [root] });
      const octopus = server.commit(alice, { parents: [root, good, bad] });
      const across = server.commit(alice, { parents: [good, bad] });
      for (const merge of [octopus, across, server.commit(alice, { parents: [octopus, across] })]) {
        expect(server.push([`${merge}:refs/heads/main`]).text).toContain("unknown-key");
      }
      expect(server.value("refs/heads/main")).toBe(root);
    }));

  it("lets a branch start from commits that its own rule judged, though nothing is new", () =>
    withServer(policyOf([{ name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } }]), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`${root}:refs/heads/feature`]).status).toBe(0);
    }));

  it("judges again what only another rule judged, unless `base` says that it counts", () => {
    const strict = { name: "release", refs: ["refs/heads/release/**"], commits: { signedBy: ["alice"] } };
    const rules = (base: object) => policyOf([mainRule, { ...strict, commits: { ...strict.commits, ...base } }]);
    return withServer(rules({}), async (server) => {
      const byBob = server.commit((await import("../support/push-server.ts")).bob);
      expect(server.push([`${byBob}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`${byBob}:refs/heads/release/1`]).text).toContain("signer-not-permitted");
      server.setPolicy(rules({ base: ["refs/heads/main"] }));
      expect(server.push([`${byBob}:refs/heads/release/1`]).status).toBe(0);
    });
  });

  it("gives no standing to values that a warning let in, except on their own ref", () => {
    const rule = (level: string) =>
      policyOf([{ ...mainRule, refs: ["refs/heads/**"], commits: { signedBy: ["devs"], level } }]);
    return withServer(rule("warn"), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const unsigned = server.commit(null, { parents: [first] });
      expect(server.push([`${unsigned}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(rule("error"));
      expect(server.push([`${unsigned}:refs/heads/main`]).text).toContain("unsigned");
      const onTop = server.commit(alice, { parents: [unsigned] });
      expect(server.push([`${onTop}:refs/heads/wip`]).status).toBe(0);
    });
  });

  it("gives no standing to dangling objects of a push that was refused", () =>
    withServer(open(), (server) => {
      const bad = server.commit(null);
      expect(server.push([`${bad}:refs/heads/main`]).status).not.toBe(0);
      const onTop = server.commit(alice, { parents: [bad] });
      expect(server.push([`${onTop}:refs/heads/main`]).text).toContain("unsigned");
    }));
});

describe("laundering through the next rule", () => {
  const wip = { name: "wip", refs: ["refs/heads/**"], commits: { signedBy: ["*"], level: "warn" } };
  const tightened = policyOf([{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } }]);

  it("a new rule does not vouch on main for what a warning had let onto a branch (unsigned)", () =>
    withServer(policyOf([mainRule, wip]), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const parked = server.commit(null, { parents: [root] });
      expect(server.push([`${parked}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(tightened);
      expect(server.push([`${parked}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBe(root);
    }));

  it("nor for what `unmatched: allow` had let onto one (unsigned)", () =>
    withServer(open(), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const parked = server.commit(null, { parents: [root] });
      expect(server.push([`${parked}:refs/heads/release/x`]).status).toBe(0);
      const refs = ["refs/heads/main", "refs/heads/release/**"];
      server.setPolicy(policyOf([{ ...mainRule, name: "protected", refs }], { unmatched: "allow" }));
      expect(server.push([`${parked}:refs/heads/main`]).text).toContain("unsigned");
    }));

  it("the branch itself goes on from there, and a new one may begin at what was judged", () =>
    withServer(policyOf([mainRule, wip]), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const parked = server.commit(null, { parents: [root] });
      expect(server.push([`${parked}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(tightened);
      const next = server.commit(alice, { parents: [parked] });
      expect(server.push([`${next}:refs/heads/wip`]).status).toBe(0);
      expect(server.push([`${root}:refs/heads/other`]).status).toBe(0);
      expect(server.push([`${next}:refs/heads/main`]).text).toContain("unsigned");
    }));

  it("nor for what a rule for paths had passed there, which looks at nothing else (unsigned)", () => {
    const paths = { name: "tooling", refs: ["refs/heads/**"], paths: ["ci/**"], commits: { signedBy: ["devs"] } };
    return withServer(policyOf([mainRule, wip, paths]), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const parked = server.commit(null, { parents: [root] });
      expect(server.push([`${parked}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(tightened);
      expect(server.push([`${parked}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.push([`${parked}:refs/heads/other`]).text).toContain("unsigned");
    });
  });

  it("a rule that looked at some paths, and now at all, vouches for none of what it passed then (unsigned)", () => {
    const paths = { name: "branches", refs: ["refs/heads/**"], paths: ["ci/**"], commits: { signedBy: ["devs"] } };
    return withServer(policyOf([mainRule, wip, paths]), (server) => {
      const root = server.commit(alice);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const parked = server.commit(null, { parents: [root] });
      expect(server.push([`${parked}:refs/heads/wip`]).status).toBe(0);
      server.setPolicy(tightened);
      expect(server.push([`${parked}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.push([`${root}:refs/heads/other`]).status).toBe(0);
    });
  });
});
