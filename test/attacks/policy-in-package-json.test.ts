/**
 * A policy that shares package.json with what everybody changes: a new dependency is no change of the policy, and nothing
 * that reads like the same policy to one JSON parser may be another to the next.
 * Stopped by: a policy is told by what package.json holds of it, after the strict reader took it (check/policy-states.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, carol, eve, keyed, pgpPerson, policyText, withHistory } from "../support/authenticated.ts";
import { withServer } from "../support/push-server.ts";

const rights = { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 };
const ruled = (more: object = {}): string =>
  policyText({ people: [alice, bob, carol], more: { administration: rights, serial: 1, ...more } });
const packed = (policy: string, more: object = {}): Record<string, string> => ({
  "package.json": JSON.stringify({ name: "app", ...more, signpolicy: JSON.parse(policy) as object }, null, 2),
});

describe("a policy in package.json", () => {
  it("leaves the rest of the file to everybody, and itself to who holds the right (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.commit(alice, [], packed(ruled()));
      const bumped = history.commit(bob, [root], packed(ruled(), { version: "2.0.0" }));
      expect((await history.verify(root, [bumped])).allowed).toBe(true);
      const loosened = packed(ruled({ serial: 2, unmatched: "allow" }), { version: "2.0.0" });
      expect((await history.verify(root, [history.commit(bob, [bumped], loosened)])).codes).toEqual(["policy-change"]);
      const changed = history.commit(alice, [bumped], loosened);
      expect((await history.verify(root, [history.same(bob, [changed])])).allowed).toBe(true);
    }));

  it("merges with a change of the file beside it as any policy does: who drops the newer one is refused (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.commit(alice, [], packed(ruled()));
      const newer = ruled({ serial: 2, unmatched: "allow" });
      const main = history.commit(alice, [root], packed(newer));
      const feature = history.commit(bob, [root], packed(ruled(), { version: "2" }));
      const taken = history.withTree(bob, [feature, main], main, packed(newer, { version: "2" }));
      expect((await history.verify(root, [taken])).allowed).toBe(true);
      const dropped = history.withTree(bob, [main, feature], feature);
      expect((await history.verify(root, [dropped])).codes).toEqual(["policy-change"]);
    }));

  it.each([
    ["twice in one file", (policy: string) => `{"signpolicy": ${policy}, "signpolicy": ${policy}}`],
    ["with a key twice in it", (policy: string) => `{"signpolicy": ${policy.replace("{", '{"version": 1, ')}}`],
    ["in a file cut off", (policy: string) => `{"signpolicy": ${policy}`],
    ["as a text", (policy: string) => JSON.stringify({ signpolicy: policy })],
    ["under an escaped name beside its own", (policy: string) => `{"signpolicy": ${policy}, "\\u0073ignpolicy": {}}`],
  ])("is none any more where it stands %s, though it says the same to some parser (policy-change)", (_, text) =>
    withHistory(async (history) => {
      const root = history.commit(alice, [], packed(ruled()));
      // What is the same to the last word was met before, so nothing but its own bytes can tell it.
      expect((await history.verify(root, [history.same(bob, [root])])).allowed).toBe(true);
      const odd = history.commit(bob, [root], { "package.json": text(ruled()) });
      expect((await history.verify(root, [odd])).codes).toEqual(["policy-change"]);
    }),
  );

  it("is moved to a place of its own, or back, by who holds a right alone (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.commit(alice, [], { ".signpolicy.json": ruled() });
      const moved = packed(ruled({ serial: 2 }));
      const tree = history.repo.emptyTree();
      expect((await history.verify(root, [history.withTree(bob, [root], tree, moved)])).codes).toEqual([
        "policy-change",
      ]);
      const there = history.withTree(alice, [root], tree, moved);
      const back = history.withTree(bob, [there], tree, { ".signpolicy.json": ruled({ serial: 3 }) });
      expect((await history.verify(root, [there])).allowed).toBe(true);
      expect((await history.verify(root, [back])).codes).toEqual(["policy-change"]);
      const both = history.commit(alice, [root], moved);
      expect((await history.verify(root, [both])).codes).toEqual(["policy-change"]);
    }));

  it("still counts its key files: another certificate under the same name is a change (policy-change)", () =>
    withHistory(async (history) => {
      const [pat, other] = [pgpPerson("pat", 91), pgpPerson("pat", 92)];
      const policy = policyText({
        people: [alice, bob],
        principals: keyed(pat, { openpgp: "keys/pat.asc" }),
        more: { administration: rights },
      });
      const root = history.commit(alice, [], { ...packed(policy), "keys/pat.asc": pat.certificate() });
      const bumped = history.commit(bob, [root], packed(policy, { version: "2" }));
      expect((await history.verify(root, [history.same(pat, [bumped])])).allowed).toBe(true);
      const swapped = history.commit(bob, [bumped], { "keys/pat.asc": other.certificate() });
      expect((await history.verify(root, [swapped])).codes).toEqual(["policy-change"]);
    }));

  it("is pushed with a new dependency by anybody, and not with a new signer (policy-change)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: packed(ruled()) });
      server.server.config("signpolicy.trustRoot", root);
      const first = server.commit(bob, { parents: [root], files: { a: "1" } });
      expect(server.push([`${first}:refs/heads/main`]).text).toContain("-> main");
      const bumped = server.commit(bob, { parents: [first], files: packed(ruled(), { version: "2" }) });
      expect(server.push([`${bumped}:refs/heads/main`]).text).toContain("-> main");
      const joined = packed(
        policyText({ people: [alice, bob, carol, eve], more: { administration: rights, serial: 2 } }),
      );
      const grabbed = server.commit(bob, { parents: [bumped], files: joined });
      expect(server.push([`${grabbed}:refs/heads/main`]).text).toContain("policy-change");
    }));
});
