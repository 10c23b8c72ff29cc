/**
 * What a policy that travels with its history promises, sentence by sentence, for the honest and against the others.
 * Stopped by: policy/chain.ts, check/chain.ts, check/policy-edits.ts.
 */
import { describe, expect, it, jest } from "@jest/globals";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
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
import { revocation } from "../support/openpgp.ts";
import { withServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const rights = { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 };
const at = (serial: number, more: object = {}, principals: object = {}): string =>
  policyText({ people: [alice, bob, carol], principals, more: { serial, administration: rights, ...more } });

describe("everyday", () => {
  it("a feature branch that merges main needs no right", () =>
    withHistory(async (history) => {
      const root = history.root(at(1));
      const feature = history.commit(bob, [root], { f: "1" });
      const main = history.change(alice, [root], at(2, { unmatched: "allow" }));
      const merge = history.withTree(bob, [feature, main], main, { f: "1" });
      expect((await history.verify(root, [merge])).allowed).toBe(true);
      expect((await history.verify(root, [history.withTree(bob, [main, feature], main, { f: "1" })])).allowed).toBe(
        true,
      );
    }));

  it("two branches that both raised serial merge, by who holds the right, to the next serial", () =>
    withHistory(async (history) => {
      const root = history.root(at(1));
      const one = history.change(alice, [root], at(2, { unmatched: "allow" }));
      const two = history.change(alice, [root], at(2, { algorithms: { rsaBits: 3072 } }));
      const both = at(3, { unmatched: "allow", algorithms: { rsaBits: 3072 } });
      const merged = (who: typeof alice, policy: string): string => {
        const base = history.change(alice, [root], policy);
        return history.withTree(who, [one, two], base);
      };
      expect((await history.verify(root, [merged(alice, both)])).allowed).toBe(true);
      expect((await history.verify(root, [merged(bob, both)])).codes).toEqual(["policy-change"]);
      const skipped = at(4, { unmatched: "allow", algorithms: { rsaBits: 3072 } });
      const verdict = await history.verify(root, [
        history.withTree(alice, [one, two], history.commit(null, [root], { [POLICY]: skipped })),
      ]);
      expect(verdict.codes).toEqual(["policy-change"]);
    }));

  it("a key that was added signs from the next commit on, one that was removed no more", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ people: [alice, bob] }));
      const added = history.change(alice, [root], policyText({ people: [alice, bob, carol] }));
      const removed = history.change(alice, [history.same(carol, [added])], policyText({ people: [alice, carol] }));
      expect((await history.verify(root, [history.same(carol, [removed])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(bob, [removed])])).codes).toEqual(["unknown-key"]);
    }));

  it("long-lived branches with policies that go apart are judged each by its own, and together by both", () =>
    withHistory(async (history) => {
      const people = (...who: (typeof alice)[]): string => policyText({ people: [alice, ...who] });
      const root = history.root(people());
      const ours = history.change(alice, [root], people(bob));
      const theirs = history.change(alice, [root], people(carol));
      expect((await history.verify(root, [history.same(bob, [ours])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(carol, [theirs])])).allowed).toBe(true);
      // Neither policy is newer: to take one is to drop the other, and who merges must be good under each.
      expect((await history.verify(root, [history.withTree(bob, [ours, theirs], ours)])).codes).toEqual([
        "policy-change",
      ]);
      const all = history.change(alice, [root], people(bob, carol));
      expect((await history.verify(root, [history.withTree(alice, [ours, theirs], all)])).allowed).toBe(true);
    }));

  it("a policy in package.json or .config travels as well as one at the top", () =>
    withHistory(async (history) => {
      const policy = policyText();
      for (const files of [
        { "package.json": JSON.stringify({ name: "x", signpolicy: JSON.parse(policy) as object }) },
        { ".config/signpolicyrc": policy },
      ] as Record<string, string>[]) {
        const root = history.commit(alice, [], files);
        expect((await history.verify(root, [history.commit(bob, [root], { a: "1" })])).allowed).toBe(true);
        expect((await history.verify(root, [history.commit(eve, [root], { a: "1" })])).codes).toEqual(["unknown-key"]);
      }
    }));
});

describe("hostile", () => {
  it("a merge that drops main's mark is refused, though both parents were good (policy-change)", () =>
    withHistory(async (history) => {
      const marked = at(2, {}, keyed(carol, { ssh: carol.key.line.trim(), retired: "2023-01-01T00:00:00Z" }));
      const root = history.root(at(1));
      const feature = history.commit(bob, [root], { f: "1" });
      const main = history.change(alice, [root], marked);
      const dropped = history.withTree(bob, [main, feature], feature);
      expect((await history.verify(root, [dropped])).codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [history.withTree(bob, [main, feature], main, { f: "1" })])).allowed).toBe(
        true,
      );
    }));

  it("an older policy that comes back by a merge of what it was replaced on is a change (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(at(1));
      const newer = history.change(alice, [root], at(2, { unmatched: "deny", algorithms: { rsaBits: 4096 } }));
      const later = history.same(bob, [newer]);
      const back = history.withTree(bob, [later, root], root);
      expect((await history.verify(root, [back])).codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [history.withTree(alice, [later, root], root)])).codes).toEqual([
        "policy-change",
      ]);
    }));

  it("a parent that is not authenticated gives no policy, whatever it holds (policy-missing)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: { trust: { merges: "vouched" } } }));
      const own = history.change(eve, [root], policyText({ people: [eve], more: { trust: { merges: "vouched" } } }));
      const side = history.same(eve, [own]);
      expect((await history.verify(root, [side])).codes).toEqual(["unknown-key", "policy-missing"]);
      const vouched = history.withTree(alice, [root, side], root);
      expect((await history.verify(root, [vouched])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(eve, [vouched])])).codes).toContain("unknown-key");
    }));

  it("nobody bricks the next change: a policy that leaves too few who could change it is refused (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(at(1));
      const two = at(2, { administration: { ...rights, threshold: 2 } });
      const verdict = await history.verify(root, [history.change(alice, [root], two)]);
      expect(verdict.allowed).toBe(false);
      const closed = at(2, {}, keyed(alice, { ssh: alice.key.line.trim(), compromised: true }));
      expect((await history.verify(root, [history.change(alice, [root], closed)])).allowed).toBe(false);
    }));

  it("nobody bricks the next change: a first serial beyond which there is none is refused (policy-change)", () =>
    withHistory(async (history) => {
      const unnumbered = policyText({ more: { administration: rights } });
      const numbered = (serial: number): string => policyText({ more: { administration: rights, serial } });
      const root = history.root(unnumbered);
      for (const serial of [Number.MAX_SAFE_INTEGER, 2 ** 31 + 1]) {
        expect((await history.verify(root, [history.change(alice, [root], numbered(serial))])).codes).toEqual([
          "policy-change",
        ]);
      }
      const first = history.change(alice, [root], numbered(2 ** 31));
      const next = history.change(alice, [first], numbered(2 ** 31 + 1));
      expect((await history.verify(root, [next])).allowed).toBe(true);
    }));

  it("who breaks the policy is named, and not what the broken one had forgiven (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(at(1));
      const slip = history.same(null, [root]);
      const forgiven = at(2, { trust: { exempt: [{ commit: slip, reason: "looked at" }] } });
      const good = history.same(bob, [history.change(alice, [slip], forgiven)]);
      expect((await history.verify(root, [good])).allowed).toBe(true);
      for (const text of ["{", at(9), at(3, { version: 7 })]) {
        const broken = history.same(bob, [history.change(alice, [good], text)]);
        const { codes } = await history.verify(root, [broken]);
        // A policy that can be read speaks for itself, though it may not stand.
        expect(codes[0]).toBe(text === at(9) ? "unsigned" : "policy-change");
        expect(codes).toContain("policy-missing");
      }
      const gone = history.withTree(alice, [good], history.repo.emptyTree());
      expect((await history.verify(root, [gone])).codes).toEqual(["policy-change"]);
    }));

  it("a rule that only warns lets a stranger's commit through with a warning, and no change of the policy (policy-change)", () =>
    withHistory(async (history) => {
      const warned = at(1, {
        rules: [{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"], level: "warn" } }],
      });
      const root = history.root(warned);
      const bare = history.same(null, [history.same(eve, [root])]);
      const verdict = await history.verify(root, [bare]);
      expect(verdict.allowed).toBe(true);
      expect(verdict.decisions.map(({ findings }) => findings[0])).toMatchObject([
        { code: "unknown-key", severity: "warning" },
        { code: "unsigned", severity: "warning" },
      ]);
      for (const who of [null, eve, bob]) {
        const grabbed = history.change(who, [bare], at(2));
        expect((await history.verify(root, [grabbed])).codes).toEqual(["policy-change"]);
      }
      // From the commit that says so on, what only was warned about is denied.
      const strict = history.change(alice, [bare], at(2));
      expect((await history.verify(root, [history.same(bob, [strict])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(eve, [strict])])).codes).toEqual(["unknown-key"]);
    }));

  it("a threshold binds the chain, and without approvals fetched nobody can say that it is unmet (exit 3)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ signers: ["alice", "bob"], commits: { threshold: 2 } }));
      await expect(history.verify(root, [history.same(alice, [root])])).rejects.toMatchObject({
        code: "ERR_APPROVALS_MISSING",
      });
    }));

  it("a mark by somebody without the right marks nobody, and a mark by who holds it cannot be unsaid by the key", () =>
    withHistory(async (history) => {
      const marked = at(2, {}, keyed(carol, { ssh: carol.key.line.trim(), compromised: true }));
      const root = history.root(at(1));
      const byCarol = history.same(carol, [root]);
      expect((await history.verify(root, [history.change(bob, [byCarol], marked)])).codes).toEqual(["policy-change"]);
      const mark = history.change(alice, [root], marked);
      expect((await history.verify(root, [history.change(carol, [mark], at(3))])).codes).toContain("key-revoked");
    }));

  it("who holds his rights from a stolen key neither rescues what it did nor takes its mark back (key-revoked)", () =>
    withHistory(async (history) => {
      const line = alice.key.line.trim();
      const marked = keyed(alice, { ssh: line, compromised: true });
      const root = history.root(policyText({ people: [alice, bob] }));
      const stolen = history.change(alice, [root], policyText({ people: [alice, bob, eve] }));
      const mark = history.change(bob, [stolen], policyText({ people: [bob, eve], principals: marked }));
      const exempt = [{ key: parseSshPublicKey(line).fingerprint, reachableFrom: mark, reason: "x" }];
      for (const own of [
        policyText({ people: [bob, eve], principals: marked, more: { trust: { exempt } } }),
        policyText({ people: [alice, bob, eve] }),
        policyText({
          people: [bob, eve],
          principals: keyed(alice, { ssh: line, compromised: "2033-01-01T00:00:00Z" }),
        }),
      ]) {
        const verdict = await history.verify(root, [history.change(eve, [mark], own)]);
        expect(verdict.allowed).toBe(false);
        expect(verdict.codes).toContain("key-revoked");
      }
    }));

  it("what a stolen key signed apart from the policy is rescued by who holds the right without it", () =>
    withHistory(async (history) => {
      const line = carol.key.line.trim();
      const marked = keyed(carol, { ssh: line, compromised: true });
      const root = history.root(at(1));
      const hers = history.commit(carol, [root], { h: "1" });
      const exempt = [{ key: parseSshPublicKey(line).fingerprint, reachableFrom: hers, reason: "looked at" }];
      const rescue = history.change(alice, [hers], at(2, { trust: { exempt } }, marked));
      expect((await history.verify(root, [rescue])).allowed).toBe(true);
    }));

  it("`retired` beside a revocation without a reason says from then on that it was no theft, and not of before (key-revoked)", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 57);
      const retired = "2026-01-01T00:00:00Z";
      const gone = pat.certificate({ more: [revocation(pat.primary, BEGUN + 200, 0)] });
      const root = history.root(at(1, {}, keyed(pat, { openpgp: pat.certificate() })));
      const byPat = history.same(pat, [root]);
      const revoked = history.change(alice, [byPat], at(2, {}, keyed(pat, { openpgp: gone })));
      const late = history.change(alice, [revoked], at(3, {}, keyed(pat, { openpgp: gone, retired })));
      expect((await history.verify(root, [late])).codes).toContain("key-revoked");
      const once = history.change(alice, [byPat], at(2, {}, keyed(pat, { openpgp: gone, retired })));
      expect((await history.verify(root, [once])).allowed).toBe(true);
    }));

  it("an unborn branch takes its first policy only from the trust root's history (policy-missing)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      expect(server.push([`${root}:refs/heads/main`]).text).toContain("policy-missing");
      server.server.config("signpolicy.trustRoot", root);
      const foreign = server.commit(eve, { files: { [POLICY]: policyText({ people: [eve] }) } });
      expect(server.push([`${foreign}:refs/heads/main`]).status).not.toBe(0);
      expect(server.push([`${root}:refs/heads/main`]).text).toContain("-> main");
      expect(server.push([":refs/heads/main"]).status).not.toBe(0);
      expect(server.value("refs/heads/main")).toBe(root);
    }));
});
