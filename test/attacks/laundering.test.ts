/**
 * Attack: commits that nobody trusted signed reach a protected branch by way of a ref that no rule protects, because the
 * hook asks git for what is new to the repository (`--not --all`) instead of what is new to the rule.
 * Stopped by: ranges taken per rule, from tips that this rule judged (check/tips.ts, the receive record).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, eve, mainRule, policyOf, withServer } from "../support/push-server.ts";

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
    return withServer(rules({}), (server) => {
      const byBob = server.commit(bob);
      expect(server.push([`${byBob}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`${byBob}:refs/heads/release/1`]).text).toContain("signer-not-permitted");
      server.setPolicy(rules({ base: ["refs/heads/main"] }));
      expect(server.push([`${byBob}:refs/heads/release/1`]).status).toBe(0);
    });
  });

  it("`base` takes over what comes in the same push, if that ref's own rules pass it, and remembers the branch as judged", () => {
    const refs = ["refs/heads/release/**"];
    const release = { name: "release", refs, commits: { signedBy: ["alice"], base: ["refs/heads/main"] } };
    const tags = { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["alice"] } };
    return withServer(policyOf([mainRule, release, tags]), (server) => {
      const byBob = server.commit(bob);
      const cut = server.commit(alice, { parents: [byBob] });
      const unsigned = server.commit(null, { parents: [byBob] });
      const upon = server.commit(alice, { parents: [unsigned] });
      for (const bad of [
        [`${upon}:refs/heads/release/1`, `${unsigned}:refs/heads/main`],
        [`${unsigned}:refs/heads/main`, `${upon}:refs/heads/release/1`],
      ]) {
        const { status, text } = server.push(bad);
        expect(status).not.toBe(0);
        expect(text).toContain("unsigned");
        expect(text).toContain("signer-not-permitted");
      }
      const many = Array.from({ length: 9 }, (_, n) => `${cut}:refs/heads/release/many-${String(n)}`);
      expect(server.push([`${cut}:refs/heads/release/1`, `${byBob}:refs/heads/main`, ...many]).status).toBe(0);
      expect(server.push([`${server.tag(alice, "v1", cut)}:refs/tags/v1`]).status).toBe(0);
      const next = server.commit(bob, { parents: [byBob] });
      const later = server.commit(alice, { parents: [next] });
      expect(server.push([`${next}:refs/heads/main`, `${later}:refs/heads/release/1`, "--force"]).status).toBe(0);
      const byBobThere = server.commit(bob, { parents: [later] });
      const third = server.commit(bob, { parents: [next] });
      const { text } = server.push([`${third}:refs/heads/main`, `${byBobThere}:refs/heads/release/1`]);
      expect(text).toContain("signer-not-permitted");
      expect(server.value("refs/heads/main")).toBe(next);
    });
  });

  it("nothing is lent in one push by a rule that only warns, or by two that borrow of one another", () => {
    const release = { name: "release", refs: ["refs/heads/release/**"] };
    const warning = { ...mainRule, commits: { ...mainRule.commits, level: "warn" } };
    const rules = (main: object, base: readonly string[]): object =>
      policyOf([main, { ...release, commits: { signedBy: ["alice"], base } }], { unmatched: "allow" });
    return withServer(rules(warning, ["refs/heads/main"]), (server) => {
      const byBob = server.commit(bob);
      const cut = server.commit(alice, { parents: [byBob] });
      const both = [`${byBob}:refs/heads/main`, `${cut}:refs/heads/release/1`];
      expect(server.push(both).text).toContain("signer-not-permitted");
      server.setPolicy(rules(mainRule, ["refs/heads/wip"]));
      expect(server.push([...both, `${byBob}:refs/heads/wip`]).text).toContain("signer-not-permitted");
      const onlyAlice = { signedBy: ["alice"], base: ["refs/heads/release/**"] };
      server.setPolicy(rules({ ...mainRule, commits: onlyAlice }, ["refs/heads/main"]));
      expect(server.push(both).text).toContain("signer-not-permitted");
      server.setPolicy(rules(mainRule, ["refs/heads/main"]));
      expect(server.push(both).status).toBe(0);
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
