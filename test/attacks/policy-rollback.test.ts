/**
 * Attack: somebody who may sign ordinary commits gives the policy, or a key that it names, another content without ever
 * making a commit that seems to change it: by a merge that takes the older side (an evil or `-s ours` merge), by a key
 * file that only the policy of this very push names, by history that another ref's rule let in.
 * Stopped by: the three-way result of a merge (check/policy-changes.ts), and a second look at everything between the two
 * values of the policy's ref (check/next-policy.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, eve, mainRule, person, principal, withServer, type PushServer } from "../support/push-server.ts";

const POLICY = ".signpolicy.json";
const bot = person("bot");
const rule = { ...mainRule, commits: { signedBy: ["devs", "bot"] } };

const policyWith = (principals: object, more: object = {}): string =>
  JSON.stringify({
    version: 1,
    principals: { alice: principal(alice), bot: principal(bot, { role: "bot" }), ...principals },
    groups: { devs: ["alice", ...Object.keys(principals)] },
    rules: [rule],
    unmatched: "allow",
    ...more,
  });

const withBob = policyWith({ bob: principal(bob) });
const withoutBob = policyWith({});

function started(server: PushServer, policy: string, files: Record<string, string> = {}): string {
  server.hooks(false);
  const first = server.commit(alice, { files: { [POLICY]: policy, ...files } });
  expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return first;
}

const push = (server: PushServer, oid: string): string => server.push([`${oid}:refs/heads/main`]).text;

describe("a policy that comes back by a merge", () => {
  it("takes a merge of a branch from before the change that leaves the change alone", () =>
    withServer(null, (server) => {
      const old = started(server, withBob);
      const changed = server.commit(alice, { parents: [old], files: { [POLICY]: withoutBob } });
      const topic = server.commit(bot, { parents: [old], files: { a: "b" } });
      const merge = server.commit(bot, { parents: [changed, topic], files: { a: "b" } });
      expect(push(server, merge)).toContain("-> main");
    }));

  it("takes a merge that brings a human's change in, whichever parent comes first", () =>
    withServer(null, (server) => {
      const old = started(server, withBob);
      const changed = server.commit(alice, { parents: [old], files: { [POLICY]: withoutBob } });
      const ahead = server.commit(bot, { parents: [old], files: { a: "b" } });
      expect(push(server, ahead)).toContain("-> main");
      const merge = server.commit(bot, { parents: [ahead, changed], files: { [POLICY]: withoutBob } });
      expect(push(server, merge)).toContain("-> main");
    }));

  it.each([
    ["an ancestor, as second parent", (old: string, now: string) => [now, old]],
    ["an ancestor, as first parent", (old: string, now: string) => [old, now]],
    ["an ancestor twice", (old: string, now: string) => [now, old, old]],
  ])("refuses a bot's merge of %s, with the ancestor's policy (policy-change)", (_, parents) =>
    withServer(null, (server) => {
      const old = started(server, withBob);
      const changed = server.commit(alice, { parents: [old], files: { [POLICY]: withoutBob } });
      expect(push(server, changed)).toContain("-> main");
      const merge = server.commit(bot, { parents: parents(old, changed), files: { [POLICY]: withBob } });
      expect(push(server, merge)).toContain("policy-change");
    }),
  );

  it.each([
    ["the newest first", ([c0, c1, c2]: readonly [string, string, string]) => [c2, c1, c0]],
    ["the newest last", ([c0, c1, c2]: readonly [string, string, string]) => [c0, c1, c2]],
  ])("refuses an octopus of every state before, %s, with a policy that was withdrawn (policy-change)", (_, parents) =>
    withServer(null, (server) => {
      const c0 = started(server, withoutBob);
      const c1 = server.commit(alice, { parents: [c0], files: { [POLICY]: withBob } });
      const c2 = server.commit(alice, { parents: [c1], files: { [POLICY]: withoutBob } });
      expect(push(server, c2)).toContain("-> main");
      const octopus = (policy: string): string =>
        server.commit(bot, { parents: parents([c0, c1, c2]), tree: server.tree({ [POLICY]: policy, a: "b" }) });
      expect(push(server, octopus(withBob))).toContain("policy-change");
      expect(server.push([`+${octopus(withoutBob)}:refs/heads/main`]).text).toContain("-> main");
    }),
  );

  it("refuses it from a side branch, hidden behind a hundred commits (policy-change)", () =>
    withServer(null, (server) => {
      const old = started(server, withBob);
      const changed = server.commit(alice, { parents: [old], files: { [POLICY]: withoutBob } });
      expect(push(server, changed)).toContain("-> main");
      let side: string = old;
      const tree = server.tree({}, old);
      for (let n = 0; n < 100; n += 1) side = server.commit(bot, { parents: [side], tree });
      const merge = server.commit(bot, { parents: [side, changed], tree });
      const back = server.commit(bot, { parents: [changed, merge], tree });
      for (const tip of [merge, back]) expect(push(server, tip)).toContain("policy-change");
    }));

  it("refuses a bot's choice between two changes, which nobody made (policy-change)", () =>
    withServer(null, (server) => {
      const old = started(server, withBob);
      const one = server.commit(alice, { parents: [old], files: { [POLICY]: withoutBob } });
      const other = server.commit(alice, { parents: [old], files: { [POLICY]: `${withBob}\n` } });
      const merge = server.commit(bot, { parents: [one, other] });
      expect(push(server, merge)).toContain("policy-change");
      expect(push(server, server.commit(alice, { parents: [one, other] }))).toContain("-> main");
    }));
});

describe("a key file that the policy of the same push names", () => {
  const byFile = policyWith({ carol: { emails: ["carol@example.org"], keys: [{ ssh: "keys/carol.pub" }] } });
  const carol = person("carol");

  it("is a human's alone, from the commit that names it on (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, withoutBob);
      const names = server.commit(alice, {
        parents: [first],
        files: { [POLICY]: byFile, "keys/carol.pub": carol.key.line },
      });
      const swapped = server.commit(bot, { parents: [names], files: { "keys/carol.pub": bob.key.line } });
      expect(push(server, swapped)).toContain("policy-change");
      expect(push(server, names)).toContain("-> main");
      expect(push(server, swapped)).toContain("policy-change");
    }));
});

describe("a policy that another ref's rule let in", () => {
  it("needs a human of the policy's own branch, though `base` lets the rest count (policy-change)", () =>
    withServer(null, (server) => {
      const principals = { bob: principal(bob) };
      const rules = [
        { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"], base: ["refs/heads/dev"] } },
        { name: "dev", refs: ["refs/heads/dev"], commits: { signedBy: ["*"] } },
      ];
      const first = started(server, policyWith(principals, { rules }));
      const harmless = server.commit(bob, { parents: [first], files: { a: "b" } });
      expect(server.push([`${harmless}:refs/heads/dev`]).text).toContain("-> dev");
      expect(push(server, harmless)).toContain("-> main");
      const change = server.commit(bob, { parents: [harmless], files: { [POLICY]: withBob } });
      expect(server.push([`${change}:refs/heads/dev`]).text).toContain("-> dev");
      expect(push(server, change)).toContain("policy-change");
      expect(server.value("refs/heads/main")).toBe(harmless);
    }));

  it("is not taken over from what stood on a branch when a rule came to name both (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, withBob);
      const wip = server.commit(eve, { parents: [first], files: { [POLICY]: policyWith({ eve: principal(eve) }) } });
      expect(server.push([`${wip}:refs/heads/wip`]).text).toContain("-> wip");
      const both = { name: "both", refs: ["refs/heads/main", "refs/heads/wip"], commits: rule.commits };
      const change = server.commit(alice, {
        parents: [first],
        files: { [POLICY]: policyWith({ bob: principal(bob) }, { rules: [both] }) },
      });
      expect(push(server, change)).toContain("-> main");
      const tree = server.tree({}, wip);
      expect(push(server, server.commit(bot, { parents: [change, wip], tree }))).toContain("policy-change");
    }));
});

describe("a policy that would shut everybody out", () => {
  it.each([
    ["asks nothing of its own branch", [{ ...rule, refs: ["refs/heads/other"] }]],
    ["only warns there", [{ ...rule, commits: { ...rule.commits, level: "warn" } }]],
    ["leaves no human who may change it", [{ ...rule, commits: { signedBy: ["bot"] } }]],
  ])("is refused when it %s (policy-change)", (_, rules) =>
    withServer(null, (server) => {
      const first = started(server, withBob);
      const change = server.commit(alice, { parents: [first], files: { [POLICY]: policyWith({}, { rules }) } });
      expect(push(server, change)).toContain("policy-change");
    }),
  );
});
