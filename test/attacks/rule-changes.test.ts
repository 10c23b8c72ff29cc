/**
 * Attack: the moment in which a policy changes. A rule is tightened, added, renamed or widened to a further ref, and what
 * was let in before, or stands on a ref that nobody judged, is to pass for judged.
 * Stopped by: judged tips, which the record keeps by the name of the rule that passed them (check/record-state.ts,
 * check/tips.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, eve, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const MAIN = "refs/heads/main";
const free = { name: "free", refs: ["refs/heads/wip/**"], updates: {} };

describe("a rule that was tightened", () => {
  it("judges what comes now, and leaves standing what it judged before (signer-not-permitted)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const old = server.commit(bob);
      expect(server.push([`${old}:${MAIN}`]).status).toBe(0);
      const ready = server.commit(bob, { parents: [old] });
      server.setPolicy(policyOf([{ ...mainRule, commits: { signedBy: ["alice"] } }]));
      expect(server.push([`${ready}:${MAIN}`]).text).toContain("signer-not-permitted");
      const next = server.commit(alice, { parents: [old] });
      expect(server.push([`${next}:${MAIN}`]).status).toBe(0);
      expect(server.push([`${server.commit(alice, { parents: [next, ready] })}:${MAIN}`]).text).toContain(
        "signer-not-permitted",
      );
    }));

  it("judges the whole of a ref that comes to be, but for what it judged elsewhere (signer-not-permitted)", () =>
    withServer(policyOf([{ ...mainRule, refs: ["refs/heads/*"] }]), (server) => {
      const old = server.commit(bob);
      expect(server.push([`${old}:${MAIN}`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...mainRule, refs: ["refs/heads/*"], commits: { signedBy: ["alice"] } }]));
      expect(server.push([`${old}:refs/heads/release`]).status).toBe(0);
      expect(server.push([`${server.commit(bob)}:refs/heads/other`]).text).toContain("signer-not-permitted");
    }));

  it("counts from now on where it only warned before: what a warning let in vouches for nothing else (unknown-key)", () =>
    withServer(
      policyOf([{ ...mainRule, refs: ["refs/heads/*"], commits: { signedBy: ["devs"], level: "warn" } }]),
      (server) => {
        const stranger = server.commit(eve);
        expect(server.push([`${stranger}:${MAIN}`]).status).toBe(0);
        server.setPolicy(policyOf([{ ...mainRule, refs: ["refs/heads/*"] }]));
        const next = server.commit(alice, { parents: [stranger] });
        expect(server.push([`${next}:refs/heads/other`]).text).toContain("unknown-key");
      },
    ));

  it("denies a rewind from now on, to old values too (ref-rollback)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const old = server.commit(alice);
      const next = server.commit(alice, { parents: [old] });
      expect(server.push([`${next}:${MAIN}`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...mainRule, updates: { force: "deny" } }]));
      expect(server.push([`+${old}:${MAIN}`]).text).toContain("ref-rollback");
    }));
});

describe("a rule that was widened to a further ref", () => {
  it("takes what stands there for that ref alone, and lets none of it into the others (unsigned)", () =>
    withServer(policyOf([mainRule, free]), (server) => {
      const first = server.commit(alice);
      const smuggled = server.commit(null, { parents: [first] });
      expect(server.push([`${first}:${MAIN}`, `${smuggled}:refs/heads/wip/a`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...mainRule, refs: [MAIN, "refs/heads/wip/**"] }]));
      const onIt = server.commit(alice, { parents: [smuggled] });
      expect(server.push([`${onIt}:${MAIN}`]).text).toContain("unsigned");
      expect(server.push([`${onIt}:refs/heads/wip/b`]).text).toContain("unsigned");
      expect(server.push([`${onIt}:refs/heads/wip/a`]).status).toBe(0);
      // Passed by the rule on its own ref, it still stands on what nobody judged.
      expect(server.push([`${server.commit(alice, { parents: [onIt] })}:${MAIN}`]).text).toContain("unsigned");
      expect(server.value(MAIN)).toBe(first);
    }));
});

describe("a rule's name that is given to other refs", () => {
  const bots = { name: "releases", refs: ["refs/heads/bot/*"], commits: { signedBy: ["bob"] } };
  const people = { name: "releases", refs: ["refs/heads/release/*"], commits: { signedBy: ["alice"] } };

  it("brings along what the rule judged under it, and of what its new refs held nothing for another (signer-not-permitted)", () =>
    withServer(policyOf([bots, { ...free, refs: ["refs/heads/release/*"] }]), (server) => {
      const byBot = server.commit(bob);
      const stray = server.commit(null);
      expect(server.push([`${byBot}:refs/heads/bot/a`, `${stray}:refs/heads/release/1`]).status).toBe(0);
      server.setPolicy(policyOf([people, { ...free, refs: ["refs/heads/bot/*"] }]));
      // The record knows a rule by its name: this one let it pass.
      expect(server.push([`${byBot}:refs/heads/release/2`]).status).toBe(0);
      expect(server.push([`${stray}:refs/heads/release/3`]).text).toContain("unsigned");
      expect(server.push([`${server.commit(alice, { parents: [stray] })}:refs/heads/release/1`]).status).toBe(0);
      // What came to its old refs since it has not seen.
      const later = server.commit(bob, { parents: [byBot] });
      expect(server.push([`${later}:refs/heads/bot/a`]).status).toBe(0);
      expect(server.push([`${later}:refs/heads/release/2`]).text).toContain("signer-not-permitted");
    }));

  it("brings along nothing under another name (signer-not-permitted)", () =>
    withServer(policyOf([bots]), (server) => {
      const byBot = server.commit(bob);
      expect(server.push([`${byBot}:refs/heads/bot/a`]).status).toBe(0);
      server.setPolicy(
        policyOf([
          { ...people, name: "others" },
          { ...free, refs: ["refs/heads/bot/*"] },
        ]),
      );
      expect(server.push([`${byBot}:refs/heads/release/2`]).text).toContain("signer-not-permitted");
      expect(server.push([`${server.commit(alice)}:refs/heads/release/2`]).status).toBe(0);
    }));
});

describe("a rule that was added", () => {
  it("takes what its refs held for judged, nothing that comes later, and nothing that other refs held (unsigned)", () =>
    withServer(policyOf([free, { ...free, name: "all", refs: ["refs/heads/*"] }]), (server) => {
      const standing = server.commit(null);
      const beside = server.commit(null);
      expect(server.push([`${standing}:${MAIN}`, `${beside}:refs/heads/wip/a`]).status).toBe(0);
      server.setPolicy(policyOf([free, { ...free, name: "all", refs: ["refs/heads/*"] }, mainRule]));
      expect(server.push([`+${beside}:${MAIN}`]).text).toContain("unsigned");
      const next = server.commit(alice, { parents: [standing] });
      expect(server.push([`${next}:${MAIN}`]).status).toBe(0);
      expect(server.push([`${server.commit(null, { parents: [next] })}:${MAIN}`]).text).toContain("unsigned");
    }));
});

describe("a rule that takes the place of others", () => {
  const bots = { name: "bots", refs: ["refs/heads/bot/**"], commits: { signedBy: ["bob"] } };
  const people = {
    ...mainRule,
    name: "people",
    refs: [MAIN, "refs/heads/release/**"],
    commits: { signedBy: ["alice"] },
  };
  const before = policyOf([people, bots]);
  const started = (server: PushServer): { first: string; byBot: string } => {
    const first = server.commit(alice);
    const byBot = server.commit(bob, { parents: [first] });
    expect(server.push([`${first}:${MAIN}`, `${byBot}:refs/heads/bot/a`]).text).toContain("signer-not-permitted");
    expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
    server.setPolicy(policyOf([people, bots, { ...free, refs: ["refs/heads/free/*"] }]));
    // The bot's own rule judges from the root: what people signed is nothing that it lets pass.
    const alone = server.commit(bob);
    expect(server.push([`${alone}:refs/heads/bot/a`]).status).toBe(0);
    return { first, byBot: alone };
  };

  it("vouches on the one's refs for nothing that only the other judged (signer-not-permitted)", () =>
    withServer(before, (server) => {
      const { first, byBot } = started(server);
      server.setPolicy(policyOf([{ ...people, name: "all", refs: ["refs/heads/**"] }]));
      const merge = server.commit(alice, { parents: [first, byBot] });
      expect(server.push([`${merge}:${MAIN}`]).text).toContain("signer-not-permitted");
      expect(server.push([`${byBot}:refs/heads/release/1`]).text).toContain("signer-not-permitted");
      expect(server.push([`${server.commit(alice, { parents: [byBot] })}:refs/heads/release/1`]).text).toContain(
        "signer-not-permitted",
      );
      // On its own ref it stands, and people go on from it there.
      expect(server.push([`${server.commit(alice, { parents: [byBot] })}:refs/heads/bot/a`]).status).toBe(0);
      expect(server.value(MAIN)).toBe(first);
    }));

  it("nor where the one's refs have still to come to be (signer-not-permitted)", () =>
    withServer(before, (server) => {
      const byBot = server.commit(bob);
      expect(server.push([`${byBot}:refs/heads/bot/a`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...people, name: "all", refs: ["refs/heads/**"] }]));
      expect(server.push([`${byBot}:${MAIN}`]).text).toContain("signer-not-permitted");
      expect(server.push([`${server.commit(alice, { parents: [byBot] })}:refs/heads/bot/a`]).status).toBe(0);
    }));

  it("nor one that was there and laxer, and asks for more from now on (signer-not-permitted)", () => {
    const branches = {
      ...mainRule,
      name: "branches",
      refs: ["refs/heads/**"],
      commits: { signedBy: ["alice", "bob"] },
    };
    return withServer(policyOf([people, branches]), (server) => {
      const first = server.commit(alice);
      const topic = server.commit(bob, { parents: [first] });
      expect(server.push([`${first}:${MAIN}`, `${topic}:refs/heads/topic`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...branches, commits: { signedBy: ["alice"] } }]));
      expect(server.push([`${topic}:${MAIN}`]).text).toContain("signer-not-permitted");
      expect(server.push([`${server.commit(alice, { parents: [topic] })}:refs/heads/topic`]).status).toBe(0);
      expect(server.push([`${topic}:${MAIN}`]).text).toContain("signer-not-permitted");
      // What people had signed begins branches as ever.
      expect(server.push([`${first}:refs/heads/other`]).status).toBe(0);
    });
  });

  it("nor a rule that another one leaves its refs to (signer-not-permitted)", () =>
    withServer(before, (server) => {
      const { byBot } = started(server);
      server.setPolicy(
        policyOf([
          { ...people, refs: ["refs/heads/release/**"] },
          { ...people, name: "trunk", refs: [MAIN, "refs/heads/bot/**"] },
        ]),
      );
      expect(server.push([`+${byBot}:${MAIN}`]).text).toContain("signer-not-permitted");
    }));

  it("vouches for what the only one had judged, as the same rule under another name", () =>
    withServer(policyOf([people]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...people, name: "renamed", commits: { signedBy: ["bob"] } }]));
      const next = server.commit(bob, { parents: [first] });
      expect(server.push([`${next}:refs/heads/release/1`]).status).toBe(0);
      expect(server.push([`${server.commit(alice, { parents: [first] })}:refs/heads/release/2`]).text).toContain(
        "signer-not-permitted",
      );
    }));

  it("is met once, and forgets what went before: a rule that comes later takes what stands as ever", () =>
    withServer(policyOf([people]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      server.setPolicy(policyOf([{ ...people, name: "renamed" }]));
      const next = server.commit(alice, { parents: [first] });
      expect(server.push([`${next}:${MAIN}`, `${first}:refs/heads/release/1`]).status).toBe(0);
      const strict = { ...people, name: "more", commits: { signedBy: ["bob"] } };
      server.setPolicy(policyOf([{ ...people, name: "renamed" }, strict]));
      expect(server.push([`${next}:refs/heads/release/2`]).status).toBe(0);
    }));
});
