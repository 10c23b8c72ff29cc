/**
 * The scenarios of `guix git authenticate` (its suite's cases) in our terms: `trust.merges: every` is its merge rule, the trust root
 * its introduction, the policy its `.guix-authorizations`.
 * Stopped by: the chain from the trust root (policy/chain.ts, check/chain.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import {
  alice,
  BEGUN,
  bob,
  carol,
  eve,
  keyed,
  pgpPerson,
  POLICY,
  policyText,
  withHistory,
} from "../support/authenticated.ts";
import { signature } from "../support/openpgp.ts";
import { withServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const both = policyText();
const aliceAlone = policyText({ people: [alice] });
const withCarol = policyText({ people: [alice, bob, carol] });

describe("guix git authenticate", () => {
  it("unsigned commits", () =>
    withHistory(async (history) => {
      const root = history.root();
      const bad = history.same(null, [root]);
      expect((await history.verify(root, [bad])).codes).toEqual(["unsigned"]);
      expect((await history.verify(root, [history.same(bob, [bad])])).codes).toEqual(["unsigned", "policy-missing"]);
    }));

  it("signed commits, SHA1 signature: refused whatever the policy lists", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 61);
      const weak = {
        ...pat,
        sign: (payload: Buffer, at: number) => signature(pat.primary, payload, { at, hash: "sha1" }),
      };
      const root = history.root(policyText({ principals: keyed(pat, { openpgp: pat.certificate() }) }));
      expect((await history.verify(root, [history.same(pat, [root])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(weak, [root])])).codes).toEqual(["weak-algorithm"]);
    }));

  it("default authorizations: there are none; a history from before the policy is authenticated by nobody", () =>
    withHistory(async (history) => {
      const before = history.commit(alice, [], { a: "1" });
      const root = history.change(alice, [before], both);
      const tip = history.same(bob, [root]);
      expect((await history.verify(root, [tip])).allowed).toBe(true);
      expect((await history.verify(before, [tip])).codes).toEqual(["policy-missing"]);
    }));

  it("historical authorizations: a root that lies later, and an exemption for what lies before, serve instead", () =>
    withHistory(async (history) => {
      const before = history.same(null, [history.commit(null, [], { a: "1" })]);
      const exempt = { trust: { exempt: [{ reachableFrom: before, reason: "before signing" }] } };
      const root = history.change(alice, [before], policyText({ more: exempt }));
      const tip = history.same(bob, [root]);
      expect((await history.verify(root, [tip])).allowed).toBe(true);
      history.repo.updateRef("refs/heads/pinned", root);
      expect((await history.verify(undefined, [tip], { policyRef: "refs/heads/pinned" })).allowed).toBe(true);
    }));

  it("signed commits, one unauthorized: a key that was removed in N and signs N+1", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const byBob = history.same(bob, [root]);
      const removed = history.change(alice, [byBob], aliceAlone);
      expect((await history.verify(root, [history.same(alice, [removed])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(bob, [removed])])).codes).toEqual(["unknown-key"]);
    }));

  it("a key that removes itself has the last word about itself", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const removed = history.change(bob, [root], aliceAlone);
      expect((await history.verify(root, [removed])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(bob, [removed])])).allowed).toBe(false);
    }));

  it("signed commits, unauthorized merge: the merge is fine and an ancestor is not", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const side = history.same(bob, [history.same(eve, [root])]);
      const merge = history.same(alice, [history.same(alice, [root]), side]);
      const verdict = await history.verify(root, [merge]);
      expect(verdict.codes).toEqual(["unknown-key", "policy-missing"]);
      expect(verdict.decisions.find(({ subject }) => subject.oid === merge)?.allow).toBe(false);
    }));

  it("signed commits, authorized merge: a side branch adds a key, which counts there and from the merge on", () =>
    withHistory(async (history) => {
      const root = history.root(aliceAlone);
      const added = history.change(alice, [root], policyText({ people: [alice, carol] }));
      const side = history.same(carol, [added]);
      const main = history.same(alice, [root]);
      expect((await history.verify(root, [history.same(carol, [main])])).codes).toEqual(["unknown-key"]);
      const merge = history.withTree(alice, [main, side], side);
      expect((await history.verify(root, [merge])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(carol, [merge])])).allowed).toBe(true);
      // Guix asks for a key in all parents' lists: the newest list is ours, so the new key may sign the merge itself.
      expect((await history.verify(root, [history.withTree(carol, [main, side], side)])).allowed).toBe(true);
    }));

  it("signed commits, .guix-authorizations removed", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const gone = history.withTree(alice, [root], history.repo.emptyTree());
      expect((await history.verify(root, [gone])).codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [history.same(alice, [gone])])).codes).toEqual([
        "policy-change",
        "policy-missing",
      ]);
    }));

  it("target commit is not a descendant of the introduction (CVE-2022 class: a sibling passed)", () =>
    withHistory(async (history) => {
      const first = history.root(both);
      const root = history.same(alice, [first]);
      const sibling = history.same(alice, [first]);
      expect((await history.verify(root, [sibling])).codes).toEqual(["policy-missing"]);
      expect((await history.verify(root, [history.same(alice, [root])])).allowed).toBe(true);
    }));

  it("introductory commit, wrong signer: the root is named by its id, so it cannot be another's", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const forged = history.commit(eve, [], { [POLICY]: policyText({ people: [eve] }) });
      const tip = history.same(eve, [forged]);
      expect((await history.verify(root, [tip])).codes).toEqual(["policy-missing"]);
      expect((await history.verify(forged, [history.same(alice, [root])])).codes).toEqual(["policy-missing"]);
    }));

  it("end commit older than the introduction", () =>
    withHistory(async (history) => {
      const old = history.root(both);
      const root = history.same(alice, [history.same(alice, [old])]);
      const verdict = await history.verify(root, [old]);
      expect(verdict.codes).toEqual(["policy-missing"]);
      expect(verdict.messages[0]).toContain("before the trust root");
    }));

  it("authenticated channel dependency: each history answers to its own root", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const other = history.commit(carol, [], { [POLICY]: policyText({ people: [carol] }), other: "1" });
      const [tip, dependency] = [history.same(bob, [root]), history.same(carol, [other])];
      expect((await history.verify(root, [tip])).allowed).toBe(true);
      expect((await history.verify(other, [dependency])).allowed).toBe(true);
      expect((await history.verify(root, [dependency])).allowed).toBe(false);
    }));

  it("a fork kept up to date: who is in the fork's policy alone merges upstream where merges vouch", () =>
    withHistory(async (history) => {
      for (const [merges, allowed] of [
        ["every", true],
        ["vouched", true],
      ] as const) {
        const root = history.root(policyText({ more: { trust: { merges } } }));
        const forked = history.change(
          alice,
          [root],
          policyText({ people: [alice, bob, carol], more: { trust: { merges } } }),
        );
        const upstream = history.same(bob, [root]);
        const merge = history.withTree(carol, [history.same(carol, [forked]), upstream], forked);
        expect((await history.verify(root, [merge])).allowed).toBe(allowed);
      }
    }));

  it("a key authorised on master and not yet on staging: a merge brings it there, and nothing is rewritten (unknown-key)", () =>
    withHistory(async (history) => {
      const root = history.root(both);
      const staging = history.commit(bob, [root], { s: "1" });
      const master = history.change(alice, [root], withCarol);
      expect((await history.verify(root, [history.same(carol, [staging])])).codes).toEqual(["unknown-key"]);
      const merged = history.withTree(bob, [staging, master], master, { s: "1" });
      expect((await history.verify(root, [history.same(carol, [merged])])).allowed).toBe(true);
    }));

  it("OpenPGP: a key that ended since stays good for what it signed before, and its owner may be gone", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 62);
      const certificate = pat.certificate({ life: 200 });
      const root = history.root(policyText({ principals: keyed(pat, { openpgp: certificate }) }));
      const byPat = history.same(pat, [root]);
      const gone = history.change(alice, [byPat], withCarol);
      expect((await history.verify(root, [gone], { now: BEGUN + 900_000 })).allowed).toBe(true);
      const late = history.same(pat, [history.same(alice, [byPat])]);
      expect((await history.verify(root, [late], { now: BEGUN + 900_000 })).codes).toEqual(["key-expired"]);
    }));
});

describe("guix git authenticate, the script", () => {
  it("six runs of the program: introduction, again, wrong introduction, an end before it, a history that is older, configuration", () =>
    withServer(null, (server) => {
      const before = server.commit(null, { files: { a: "1" } });
      const exempt = { trust: { exempt: [{ reachableFrom: before, reason: "before signing" }] } };
      const policy = policyText({ more: exempt });
      const root = server.commit(alice, { parents: [before], files: { [POLICY]: policy } });
      const end = server.commit(bob, { parents: [root], files: { a: "2" } });
      const tip = server.commit(bob, { parents: [end], files: { a: "3" } });
      const foreign = server.commit(eve, { files: { [POLICY]: policyText({ people: [eve] }) } });
      server.clone.updateRef("refs/heads/main", tip);
      server.clone.updateRef("refs/heads/foreign", foreign);
      server.share();
      const runs: readonly (readonly [argv: readonly string[], status: number, told: string])[] = [
        [["--trust-root", root, end], 0, "1 commit checked on refs/heads/main, all allowed"],
        [["--trust-root", root, tip], 0, "2 commits checked on refs/heads/main, all allowed"],
        [["--trust-root", root, tip], 0, "2 commits checked on refs/heads/main, all allowed"],
        [["--trust-root", foreign, tip], 1, "does not descend from the trust root"],
        [["--trust-root", root, before], 1, "lies before the trust root"],
        [["--trust-root", before, tip], 1, "holds no policy that can be used"],
      ];
      for (const [argv, status, told] of runs) {
        const run = server.verify([...argv, "--as", "main"]);
        expect([argv, run.status, run.text.replaceAll(/\s+/g, " ")]).toEqual([
          argv,
          status,
          expect.stringContaining(told),
        ]);
      }
      server.server.config("signpolicy.trustRoot", root);
      expect(server.verify(["--as", "main", tip]).status).toBe(0);
      server.server.config("signpolicy.trustRoot", foreign);
      expect(server.verify(["--as", "main", tip]).status).toBe(1);
    }));
});
