/**
 * Attack: somebody who may sign on main, and change some of the policy, changes more of it than he may: takes a mark off a
 * key, gives himself a right, hides the change in a merge, leaves a policy that bricks or loosens the next push.
 * Stopped by: the typed differences of a commit from what stood before (check/policy-edits.ts) and the rights that each
 * takes (policy/authorise.ts), in the policy before and in the one in force.
 */
import { describe, expect, it } from "@jest/globals";
import { approval } from "../support/approvals.ts";
import { alice, bob, eve, mainRule, person, principal, withServer, type PushServer } from "../support/push-server.ts";

const POLICY = ".signpolicy.json";
const carol = person("carol");
const ROLES = { rules: ["alice"], principals: ["alice"], keys: ["self", "alice"], exempt: ["alice"] };

const keyed = (who: typeof alice, marks: object = {}): object =>
  principal(who, { keys: [{ ssh: who.key.line.trim(), ...marks }] });
const policyWith = (more: object = {}, principals: object = {}): string =>
  JSON.stringify({
    version: 1,
    serial: 5,
    principals: { alice: keyed(alice), bob: keyed(bob), carol: keyed(carol), ...principals },
    groups: { devs: ["alice", "bob", "carol"] },
    rules: [mainRule],
    unmatched: "allow",
    administration: ROLES,
    ...more,
  });

function started(server: PushServer, policy = policyWith()): string {
  server.hooks(false);
  const first = server.commit(alice, { files: { [POLICY]: policy } });
  expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return first;
}

const push = (server: PushServer, oid: string): string => server.push([`${oid}:refs/heads/main`]).text;
const change = (server: PushServer, who: typeof alice, parents: string[], policy: string): string =>
  server.commit(who, { parents, files: { [POLICY]: policy } });

describe("a change that stands before what it changes", () => {
  const ca = person("ca");
  const certified = (...names: string[]): object => ({ sshCa: ca.key.line.trim(), principals: names });
  const twoOf = { rules: ["alice", "bob"], principals: ["alice", "bob"], keys: ["alice", "bob"], threshold: 2 };
  const administration = { ...twoOf, exempt: ["alice", "bob", "carol"] };
  const withCa = (serial: number, ...keys: object[]): string =>
    policyWith(
      { serial, administration },
      { alice: principal(alice, { keys: [{ ssh: alice.key.line.trim() }, ...keys] }) },
    );

  it("is refused: another entry of a CA that is there, for other names (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, withCa(5, certified("alice@corp")));
      const next = withCa(6, certified("eve@corp"), certified("alice@corp"));
      const text = push(server, change(server, carol, [first], next));
      expect(text).toContain("policy-change");
      expect(text.replaceAll(/ *\nremote: \w+: +/g, " ")).toContain("the CA for eve@corp");
      const hers = change(server, alice, [first], next);
      expect(push(server, hers)).toContain("policy-change");
      const agreed = server.push([approval(server, bob, [hers]), `${hers}:refs/heads/main`]);
      expect(agreed.text).toContain("-> main");
      const reordered = withCa(7, certified("alice@corp"), certified("eve@corp"));
      expect(push(server, change(server, carol, [hers], reordered))).toContain("-> main");
    }));

  it("is refused: an exemption of all that a commit reaches, beside one of that commit (policy-change)", () =>
    withServer(null, (server) => {
      const commit = "1".repeat(40);
      const one = { commit, reason: "old", until: "2020-01-01T00:00:00Z" };
      const all = { reachableFrom: commit, reason: "old", codes: ["signer-not-permitted", "key-revoked", "unsigned"] };
      const exempting = (serial: number, ...exempt: object[]): string => policyWith({ serial, trust: { exempt } });
      const first = started(server, exempting(5, one));
      for (const exempt of [
        [all, one],
        [one, all],
      ]) {
        expect(push(server, change(server, bob, [first], exempting(6, ...exempt)))).toContain("policy-change");
      }
      const twice = exempting(6, one, { ...one, reason: "again" });
      expect(push(server, change(server, alice, [first], twice))).toMatch(/is about\W+(?:remote: error:\s+)?the same/);
      expect(push(server, change(server, alice, [first], exempting(6, all, one)))).toContain("-> main");
    }));
});

describe("a change beyond one's right", () => {
  it.each([
    [
      "a rule",
      { unmatched: "deny", serial: 6, rules: [{ ...mainRule, commits: { signedBy: ["devs"], identity: "none" } }] },
      {},
    ],
    ["a principal", { serial: 6 }, { eve: keyed(eve) }],
    ["another's key", { serial: 6 }, { carol: keyed(carol, { retired: "2026-01-01T00:00:00Z" }) }],
    ["a right for himself", { serial: 6, administration: { ...ROLES, rules: ["alice", "bob"] } }, {}],
    ["a group", { serial: 6, groups: { devs: ["alice", "bob"] } }, {}],
    ["an exemption", { serial: 6, trust: { exempt: [{ commit: "1".repeat(40), reason: "x" }] } }, {}],
  ])("is refused: %s, by someone who only may change his own keys (policy-change)", (_, more, principals) =>
    withServer(null, (server) => {
      const first = started(server);
      const next = policyWith(more, principals);
      const text = push(server, change(server, bob, [first], next));
      expect(text).toContain("policy-change");
      expect(text).toContain("alice");
      const allowed = push(server, change(server, alice, [first], next));
      expect(allowed).toContain("-> main");
      expect(allowed).toContain("the policy changes: ");
    }),
  );

  it("leaves everybody his own key to retire, in the commit that it signs, and not to take the mark back (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const retired = policyWith({ serial: 6 }, { bob: keyed(bob, { until: "2099-01-01T00:00:00Z" }) });
      const tightened = change(server, bob, [first], retired);
      expect(push(server, tightened)).toContain("-> main");
      expect(push(server, change(server, bob, [tightened], policyWith({ serial: 7 })))).toContain("policy-change");
      expect(push(server, change(server, alice, [tightened], policyWith({ serial: 7 })))).toContain("-> main");
    }));

  it("needs the threshold for what loosens and one for what tightens (threshold-unmet)", () =>
    withServer(null, (server) => {
      const both = ["alice", "bob"];
      const administration = { rules: both, principals: both, keys: both, exempt: both, threshold: 2 };
      const first = started(server, policyWith({ administration }));
      const looser = policyWith({ administration, serial: 6, rules: [{ ...mainRule, commits: { signedBy: ["*"] } }] });
      const text = push(server, change(server, alice, [first], looser));
      expect(text).toContain("threshold-unmet");
      expect(text.replace(/\s*\nremote:\s*(?:hint:|error:)?\s*/g, " ")).toContain("bob");
      const tighter = policyWith({ administration, serial: 6, unmatched: "deny" });
      expect(push(server, change(server, alice, [first], tighter))).toContain("-> main");
    }));

  it("is judged by the policy in force even where the one before it in its own history is kinder (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith({ administration: { ...ROLES, exempt: ["alice", "bob"] } }));
      const narrowed = change(server, alice, [first], policyWith({ serial: 6 }));
      expect(push(server, narrowed)).toContain("-> main");
      const old = policyWith({
        serial: 6,
        administration: { ...ROLES, exempt: ["alice", "bob"] },
        trust: { exempt: [{ commit: "1".repeat(40), reason: "x" }] },
      });
      const side = change(server, bob, [first], old);
      const merge = change(server, alice, [narrowed, side], policyWith({ serial: 7 }));
      expect(push(server, merge)).toContain("policy-change");
    }));
});

describe("a serial", () => {
  it.each([
    ["is skipped", 7, 7],
    ["stays", 5, 5],
    ["is lowered", 4, 4],
  ])("that %s is refused in the commit that does it (policy-change)", (_, serial) =>
    withServer(null, (server) => {
      const first = started(server);
      expect(push(server, change(server, alice, [first], policyWith({ serial, unmatched: "deny" })))).toContain(
        "policy-change",
      );
    }),
  );

  it("may rise twice in one push, a step a commit", () =>
    withServer(null, (server) => {
      const first = started(server);
      const second = change(server, alice, [first], policyWith({ serial: 6, unmatched: "deny" }));
      const third = change(server, alice, [second], policyWith({ serial: 7 }));
      expect(push(server, third)).toContain("-> main");
    }));

  it("is refused in a commit that breaks it for a moment, though the next one mends it (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const gone = server.commit(alice, { parents: [first], tree: server.tree({ a: "b" }) });
      const back = change(server, alice, [gone], policyWith({ serial: 6 }));
      expect(push(server, back)).toContain("policy-change");
    }));
});

describe("a merge", () => {
  const retired = { carol: keyed(carol, { retired: "2026-01-01T00:00:00Z" }) };

  it("of main into a feature branch needs no right, nor does the merge back", () =>
    withServer(null, (server) => {
      const first = started(server);
      const feature = server.commit(bob, { parents: [first], files: { a: "1" } });
      const marked = change(server, alice, [first], policyWith({ serial: 6 }, retired));
      expect(push(server, marked)).toContain("-> main");
      const tree = server.tree({ a: "1" }, marked);
      const synced = server.commit(bob, { parents: [feature, marked], tree });
      const merged = server.commit(bob, { parents: [marked, synced], tree });
      expect(push(server, merged)).toContain("-> main");
    }));

  it("that drops a mark is refused (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const marked = change(server, alice, [first], policyWith({ serial: 6 }, retired));
      expect(push(server, marked)).toContain("-> main");
      const feature = server.commit(bob, { parents: [first], files: { a: "1" } });
      const dropped = server.commit(bob, { parents: [marked, feature], tree: server.tree({ a: "1" }, first) });
      expect(push(server, dropped)).toContain("policy-change");
      const asNew = server.tree({ a: "1", [POLICY]: policyWith({ serial: 7 }) }, first);
      expect(push(server, server.commit(bob, { parents: [marked, feature], tree: asNew }))).toContain("policy-change");
      expect(push(server, server.commit(alice, { parents: [marked, feature], tree: asNew }))).toContain("-> main");
    }));

  it("of two branches that both raised the serial has the higher + 1 for a third policy (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const one = change(server, alice, [first], policyWith({ serial: 6, unmatched: "deny" }));
      const other = change(server, alice, [first], policyWith({ serial: 6 }, retired));
      const both = (serial: number): string => policyWith({ serial, unmatched: "deny" }, retired);
      expect(push(server, change(server, alice, [one, other], both(6)))).toContain("policy-change");
      expect(push(server, change(server, bob, [one, other], both(7)))).toContain("policy-change");
      expect(push(server, change(server, alice, [one, other], both(7)))).toContain("-> main");
    }));

  it("may take the higher parent's policy and number, by someone who may drop what the other changed", () =>
    withServer(null, (server) => {
      const first = started(server);
      const one = change(server, alice, [first], policyWith({ serial: 6, unmatched: "deny" }));
      const two = change(server, alice, [one], policyWith({ serial: 7, unmatched: "deny" }, retired));
      const other = change(server, alice, [first], policyWith({ serial: 6, trust: { merges: "vouched" } }));
      const tree = server.tree({}, two);
      expect(push(server, server.commit(bob, { parents: [other, two], tree }))).toContain("policy-change");
      expect(push(server, server.commit(alice, { parents: [other, two], tree }))).toContain("-> main");
    }));
});

describe("a threshold of two for what loosens", () => {
  const both = {
    rules: ["alice", "bob"],
    principals: ["alice", "bob"],
    keys: ["alice", "bob"],
    exempt: ["alice", "bob"],
  };
  const guarded = (more: object): string => policyWith({ administration: { ...both, threshold: 2 }, ...more });
  const begun = (server: PushServer): string =>
    started(server, guarded({ unmatched: "deny", rules: [mainRule, approvalsRule] }));
  const approvalsRule = { name: "approvals", refs: ["refs/signpolicy/approvals/*"], commits: { signedBy: ["devs"] } };
  const loosened = { serial: 6, unmatched: "allow", rules: [mainRule, approvalsRule] };

  it("is met by the signer and the approval of another holder, in the same push (threshold-unmet)", () =>
    withServer(null, (server) => {
      const next = change(server, alice, [begun(server)], guarded(loosened));
      expect(push(server, next)).toContain("threshold-unmet");
      const refs = [approval(server, bob, [next]), `${next}:refs/heads/main`];
      expect(server.push(refs)).toMatchObject({ status: 0 });
    }));

  it("is not met by the approval of one who holds no right, nor by the signer's own (policy-change)", () =>
    withServer(null, (server) => {
      const next = change(server, alice, [begun(server)], guarded(loosened));
      for (const who of [carol, alice]) {
        expect(server.push([approval(server, who, [next]), `${next}:refs/heads/main`]).text).toContain("policy-change");
      }
    }));

  it("is not met by an approval of another change (policy-change)", () =>
    withServer(null, (server) => {
      const first = begun(server);
      const next = change(server, alice, [first], guarded(loosened));
      const other = server.commit(alice, { parents: [first], files: { a: "1" } });
      expect(server.push([approval(server, bob, [other]), `${next}:refs/heads/main`]).text).toContain("policy-change");
    }));
});

describe("a policy that leaves too few", () => {
  it("is refused, retired keys not counted (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const shut = policyWith({ serial: 6 }, { alice: keyed(alice, { retired: "2020-01-01T00:00:00Z" }) });
      expect(push(server, change(server, alice, [first], shut))).toContain("policy-change");
      const two = { ...ROLES, keys: ["alice", "bob"], threshold: 2 };
      expect(push(server, change(server, alice, [first], policyWith({ serial: 6, administration: two })))).toContain(
        "policy-change",
      );
    }));
});
