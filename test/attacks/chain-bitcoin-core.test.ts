/**
 * The scenarios of Bitcoin Core's `verify-commits` in our terms: `trust.merges: first-parent` is its walk, the trust root its
 * trusted-git-root, an exemption its allow lists, a forge's merge its clean merge. Where that script fails open ours denies.
 * Stopped by: the chain from the trust root (check/chain.ts), merges made anew by git (check/forge-merges.ts).
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
  policyText,
  principal,
  withHistory,
} from "../support/authenticated.ts";
import { revocation } from "../support/openpgp.ts";

jest.setTimeout(60_000);

const trust = (merges: string, more: object = {}): object => ({ trust: { merges, ...more } });
const firstParent = policyText({ more: trust("first-parent") });

describe("verify-commits", () => {
  it("octopus: every parent counts, and a side of three vouches no more than one of two", () =>
    withHistory(async (history) => {
      for (const merges of ["every", "vouched", "first-parent"]) {
        const root = history.root(policyText({ more: trust(merges) }));
        const [one, two, bad] = [history.same(alice, [root]), history.same(bob, [root]), history.same(null, [root])];
        expect((await history.verify(root, [history.same(alice, [one, two, root])])).allowed).toBe(true);
        expect((await history.verify(root, [history.same(alice, [one, two, bad])])).allowed).toBe(merges !== "every");
        expect((await history.verify(root, [history.same(eve, [one, two])])).codes).toContain("unknown-key");
      }
    }));

  it("dirty merge: one that a forge signed must hold what git makes of its parents, a maintainer's is his own work", () =>
    withHistory(async (history) => {
      const branches = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["alice", "carol"] } };
      const forge = { carol: { ...principal(carol), role: "forge" } };
      const root = history.root(policyText({ principals: forge, more: { rules: [branches] } }));
      const one = history.commit(alice, [root], { a: "1" });
      const two = history.commit(alice, [root], { b: "1" });
      const clean = { a: "1", b: "1" };
      expect((await history.verify(root, [history.withTree(carol, [one, two], root, clean)])).allowed).toBe(true);
      const evil = await history.verify(root, [history.withTree(carol, [one, two], root, { ...clean, evil: "1" })]);
      expect(evil.codes).toEqual(["signer-not-permitted"]);
      const own = await history.verify(root, [history.withTree(alice, [one, two], root, { ...clean, own: "1" })]);
      expect(own.allowed).toBe(true);
    }));

  it("clean-merge window, allowed unclean merge: the one commit by its full id, with a reason", () =>
    withHistory(async (history) => {
      const branches = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["alice", "carol"] } };
      const forge = { carol: { ...principal(carol), role: "forge" } };
      const policy = (exempt: readonly object[]): string =>
        policyText({ principals: forge, more: { rules: [branches], trust: { exempt } } });
      const root = history.root(policy([]));
      const sides = [history.commit(alice, [root], { a: "1" }), history.commit(alice, [root], { b: "1" })];
      const evil = history.withTree(carol, sides, root, { a: "1", b: "1", evil: "1" });
      const entry = { commit: evil, codes: ["signer-not-permitted"], reason: "resolved by hand" };
      expect((await history.verify(root, [history.change(alice, [evil], policy([entry]))])).allowed).toBe(true);
      const other = { ...entry, commit: sides[0] ?? "" };
      expect((await history.verify(root, [history.change(alice, [evil], policy([other]))])).allowed).toBe(false);
    }));

  it("tree-hash mismatch: bytes under another commit's name are nobody's; repositories with SHA-256 names need no trailer", () =>
    withHistory(async (history) => {
      const root = history.root();
      const tip = history.same(alice, [root]);
      const raw = Buffer.from(
        history.repo.raw("commit", tip).toString("latin1").replace("commit ", "commxt "),
        "latin1",
      );
      const forged = history.repo.write("commit", raw);
      expect((await history.verify(root, [forged])).codes).toEqual(["bad-signature"]);
      expect((await history.verify(root, [tip])).allowed).toBe(true);
      // Its exception list has no counterpart: what a signature does not cover no exemption forgives.
      const forgiven = (codes: readonly string[]): string =>
        policyText({ more: { trust: { exempt: [{ commit: forged, codes, reason: "x" }] } } });
      expect((await history.verify(root, [history.change(alice, [forged], forgiven(["unsigned"]))])).codes).toContain(
        "bad-signature",
      );
      const worded = history.change(alice, [root], forgiven(["bad-signature"]));
      expect((await history.verify(root, [worded])).codes).toEqual(["policy-change"]);
    }));

  it("revoked or expired signer, with and without an exception", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 71);
      const policy = (options: Parameters<typeof pat.certificate>[0], exempt: readonly object[] = []): string =>
        policyText({ principals: keyed(pat, { openpgp: pat.certificate(options) }), more: { trust: { exempt } } });
      const root = history.root(policy({ life: 90 }));
      const late = history.same(pat, [root]);
      expect((await history.verify(root, [late])).codes).toEqual(["key-expired"]);
      const codes = ["key-expired", "key-revoked"];
      const allowed = policy({ life: 90 }, [{ commit: late, codes, reason: "looked at" }]);
      expect((await history.verify(root, [history.change(alice, [late], allowed)])).allowed).toBe(true);
      const revoked = { more: [revocation(pat.primary, BEGUN + 30, 2)] };
      const second = history.root(policy({}));
      const byPat = history.same(pat, [second]);
      expect((await history.verify(second, [history.change(alice, [byPat], policy(revoked))])).codes).toContain(
        "key-revoked",
      );
      const rescued = policy(revoked, [{ commit: byPat, codes, reason: "his own" }]);
      expect((await history.verify(second, [history.change(alice, [byPat], rescued)])).allowed).toBe(true);
    }));

  it("untrusted signer on the first-parent line, and on a side branch", () =>
    withHistory(async (history) => {
      const root = history.root(firstParent);
      const [good, bad] = [history.same(alice, [root]), history.same(eve, [root])];
      const aside = await history.verify(root, [history.same(bob, [good, bad])]);
      expect(aside.allowed).toBe(true);
      const told = aside.decisions.find(({ subject }) => subject.oid === bad);
      expect(told?.findings[0]).toMatchObject({ code: "unknown-key", severity: "warning" });
      expect((await history.verify(root, [history.same(bob, [bad, good])])).codes).toEqual([
        "unknown-key",
        "policy-missing",
      ]);
      expect((await history.verify(root, [history.same(eve, [good, bad])])).codes).toContain("unknown-key");
    }));

  it("a commit before the root, an unrelated commit and a missing root fail", () =>
    withHistory(async (history) => {
      const old = history.root(firstParent);
      const root = history.same(alice, [old]);
      const tip = history.same(alice, [root]);
      expect((await history.verify(root, [old])).codes).toEqual(["policy-missing"]);
      expect((await history.verify(root, [history.root(firstParent)])).codes).toEqual(["policy-missing"]);
      expect((await history.verify("1".repeat(40), [tip])).codes).toEqual(["missing-object"]);
      expect((await history.verify(root, [tip])).allowed).toBe(true);
    }));

  it("abbreviated or symbolic commit argument: the target may be, an exemption is a full id or no policy", () =>
    withHistory(async (history) => {
      const root = history.root(firstParent);
      const bad = history.same(null, [root]);
      const entry = (commit: string): string =>
        policyText({ more: trust("first-parent", { exempt: [{ commit, reason: "x" }] }) });
      for (const name of [bad.slice(0, 12), "HEAD", "main"]) {
        expect((await history.verify(root, [history.change(alice, [root], entry(name))])).codes).toEqual([
          "policy-change",
        ]);
      }
      const tip = history.change(alice, [bad], entry(bad));
      history.repo.updateRef("refs/heads/main", tip);
      for (const target of [tip.slice(0, 12), "main", "HEAD"]) {
        expect((await history.verify(root, [target])).allowed).toBe(true);
      }
    }));
});
