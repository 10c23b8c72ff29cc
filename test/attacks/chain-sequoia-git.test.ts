/**
 * The scenarios of sequoia-git's suite (its names), in our terms: `trust.merges: vouched` is its merge rule, `administration`
 * its rights, an exemption its goodlist. Where it fails open, or is stricter, the test says so.
 * Stopped by: the chain from the trust root (policy/chain.ts, check/chain.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import type { ObjectId } from "../../src/model.ts";
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
  principal,
  withHistory,
  type History,
} from "../support/authenticated.ts";
import { concatBytes } from "../../src/encoding/bytes.ts";
import {
  armor,
  binding,
  certification,
  CERTIFY,
  eddsaKey,
  keyFlags,
  publicKey,
  publicSubkey,
  revocation,
  signature,
  userId,
  type TestKey,
} from "../support/openpgp.ts";
import { withServer, type Person } from "../support/push-server.ts";

jest.setTimeout(60_000);

const MODES = ["every", "vouched"] as const;
const merging = (merges: (typeof MODES)[number], more: object = {}): string =>
  policyText({ more: { trust: { merges, ...more } } });

describe("sequoia-git: basics", () => {
  it("sign_commit: a commit by a key of the policy is authenticated, one by a stranger or by nobody is not", () =>
    withHistory(async (history) => {
      const root = history.root();
      expect((await history.verify(root, [history.same(bob, [root])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(carol, [root])])).codes).toEqual(["unknown-key"]);
      expect((await history.verify(root, [history.same(null, [root])])).codes).toEqual(["unsigned"]);
    }));

  it("verify: the whole way back to the root, whoever signed the last commit", () =>
    withHistory(async (history) => {
      const root = history.root();
      let tip = root;
      for (let n = 0; n < 6; n += 1) tip = history.same(n === 2 ? eve : bob, [tip]);
      expect((await history.verify(root, [tip])).codes).toEqual(["unknown-key", "policy-missing"]);
    }));

  it("shadow_policy: an external policy judges every commit, the root as well, and the history's own has no say", () =>
    withHistory(async (history) => {
      const root = history.root();
      const tip = history.same(bob, [root]);
      const ref = "refs/heads/shadow";
      history.repo.updateRef(ref, history.commit(alice, [], { [POLICY]: policyText({ people: [bob] }) }));
      const verdict = await history.verify(undefined, [tip], { policyRef: ref });
      expect(verdict.decisions.map(({ allow }) => allow)).toEqual([false, true]);
      expect(verdict.codes).toEqual(["unknown-key"]);
    }));

  it("no_policy: a history without one authenticates nobody", () =>
    withHistory(async (history) => {
      const root = history.commit(alice, [], { a: "1" });
      expect((await history.verify(root, [history.same(alice, [root])])).codes).toEqual(["policy-missing"]);
    }));

  it(
    "merge matrix: before the fork 0, 1 or 2, feature 1 or 4 authorised or not, main 0, 1 or 4",
    () =>
      withHistory(async (history) => {
        const line = (who: typeof alice | null, count: number, from: ObjectId): ObjectId =>
          count === 0 ? from : line(who, count - 1, history.same(who, [from]));
        for (const merges of MODES) {
          const root = history.root(merging(merges));
          for (const before of [0, 1, 2]) {
            const fork = line(alice, before, root);
            for (const [signer, count] of [
              [bob, 1],
              [null, 1],
              [bob, 4],
              [null, 4],
            ] as const) {
              const feature = line(signer, count, fork);
              for (const main of [0, 1, 4]) {
                const merge = history.same(alice, [line(alice, main, fork), feature]);
                const { allowed } = await history.verify(root, [merge]);
                expect([merges, before, count, main, allowed]).toEqual([
                  merges,
                  before,
                  count,
                  main,
                  signer !== null || merges !== "every",
                ]);
              }
            }
          }
        }
      }),
    120_000,
  );

  it("via_commit: the authenticated path must lead through it", () =>
    withHistory(async (history) => {
      const root = history.root(merging("vouched"));
      const bad = history.same(null, [root]);
      const good = history.same(bob, [root]);
      const merge = history.same(alice, [good, bad]);
      expect((await history.verify(root, [merge], { via: good })).allowed).toBe(true);
      expect((await history.verify(root, [merge], { via: bad })).codes).toEqual(["policy-missing"]);
      expect((await history.verify(root, [`${bad}..${merge}`])).allowed).toBe(false);
      expect((await history.verify(root, [`${good}..${merge}`])).allowed).toBe(true);
    }));
});

/** alice holds every right, bob and carol sign. */
const ruled = (principals: object = {}, more: object = {}): string =>
  policyText({
    people: [alice, bob, carol],
    principals,
    more: {
      administration: {
        rules: ["alice"],
        principals: ["alice"],
        keys: ["self", "alice"],
        exempt: ["alice"],
        threshold: 1,
      },
      ...more,
    },
  });

describe("sequoia-git: rights", () => {
  const table: readonly (readonly [string, string])[] = [
    ["add_user: a principal", ruled(principalOf(eve))],
    ["add_user: a key of another", ruled(keyed(carol, sshKey(carol), sshKey(eve)))],
    ["retire_user: a principal", policyWithout()],
    ["retire_user: a key of another", ruled(keyed(carol, { ...sshKey(carol), retired: "2026-01-01T00:00:00Z" }))],
    ["audit: an exemption", ruled({}, { trust: { exempt: [{ commit: "1".repeat(40), reason: "x" }] } })],
    [
      "the rights themselves",
      ruled(
        {},
        { administration: { rules: ["bob"], principals: ["bob"], keys: ["bob"], exempt: ["bob"], threshold: 1 } },
      ),
    ],
  ];
  it.each(table)("%s: who holds the right may change it, a committer may not", (_, next) =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      expect((await history.verify(root, [history.change(alice, [root], next)])).allowed).toBe(true);
      expect((await history.verify(root, [history.change(bob, [root], next)])).codes).toEqual(["policy-change"]);
    }),
  );

  it("keyring_remove_packets, keyring_add_packets: anybody may renew or close his own certificate, and nobody another's", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 51);
      const own = (options: Parameters<typeof pat.certificate>[0] = {}): string =>
        ruled(keyed(pat, { openpgp: pat.certificate(options) }));
      const root = history.root(own());
      const longer = own({ life: 900_000_000, at: BEGUN + 60 });
      const revoked = own({ more: [revocation(pat.primary, BEGUN + 600, 3)] });
      for (const next of [longer, revoked]) {
        expect((await history.verify(root, [history.change(alice, [root], next)])).allowed).toBe(true);
        expect((await history.verify(root, [history.change(bob, [root], next)])).codes).toEqual(["policy-change"]);
      }
      expect((await history.verify(root, [history.change(pat, [root], revoked)])).allowed).toBe(true);
      const closed = history.change(alice, [root], revoked);
      expect((await history.verify(root, [history.change(pat, [closed], own())])).allowed).toBe(false);
    }));
});

function principalOf(who: typeof eve): object {
  return { [who.name]: principal(who) };
}
function sshKey(who: typeof eve): { ssh: string } {
  return { ssh: who.key.line.trim() };
}
function policyWithout(): string {
  const { principals, ...rest } = JSON.parse(ruled()) as { principals: Record<string, object> };
  return JSON.stringify({ ...rest, principals: { alice: principals["alice"], bob: principals["bob"] } });
}

describe.each(["unsigned", "key-revoked"] as const)("sequoia-git: goodlist of a commit that is %s", (code) => {
  const pat = pgpPerson("pat", 56);
  const revoked = keyed(pat, { openpgp: pat.certificate({ more: [revocation(pat.primary, BEGUN + 30, 2)] }) });
  const begun = (more: object = {}): string => ruled(keyed(pat, { openpgp: pat.certificate() }), more);
  /** With the revocation, where that is what makes the commit bad. */
  const later = (trust: object = {}): string => (code === "unsigned" ? begun({ trust }) : ruled(revoked, { trust }));
  const rescuing = (oids: readonly string[], trust: object = {}): string =>
    later({ ...trust, exempt: oids.map((commit) => ({ commit, codes: [code], reason: "looked at" })) });
  const bad = (history: History, from: string): ObjectId => history.same(code === "unsigned" ? null : pat, [from]);

  it("goodlist_1: it is rescued after the revocation, by a later commit of who may", () =>
    withHistory(async (history) => {
      const root = history.root(begun());
      const first = bad(history, root);
      // Where a key was revoked, what it signed fell with that; unsigned it never was anything.
      const fallen = code === "unsigned" ? first : history.change(alice, [first], later());
      expect((await history.verify(root, [fallen])).codes).toContain(code);
      const rescue = history.change(alice, [fallen], rescuing([first]));
      expect((await history.verify(root, [rescue])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(bob, [rescue])])).allowed).toBe(true);
      expect((await history.verify(root, [fallen])).codes).toContain(code);
      const other = history.change(alice, [fallen], rescuing([root]));
      expect((await history.verify(root, [other])).codes).toContain(code);
    }));

  it("goodlist_2: of two paths the longer one, which carries the rescue, counts", () =>
    withHistory(async (history) => {
      for (const merges of MODES) {
        const root = history.root(begun({ trust: { merges } }));
        const first = bad(history, root);
        const parting = code === "unsigned" ? first : history.change(alice, [first], later({ merges }));
        const short = history.same(bob, [parting]);
        const longer = history.same(bob, [history.change(alice, [parting], rescuing([first], { merges }))]);
        expect((await history.verify(root, [short])).allowed).toBe(false);
        expect((await history.verify(root, [longer])).allowed).toBe(true);
        for (const parents of [
          [short, longer],
          [longer, short],
        ] as const) {
          const merge = (tree: string): string => history.withTree(bob, parents, tree);
          expect([merges, (await history.verify(root, [merge(longer)])).allowed]).toEqual([merges, true]);
          expect([merges, (await history.verify(root, [merge(short)])).allowed]).toEqual([merges, false]);
        }
      }
    }));

  it("goodlist_4: two halves joined at a merge rescue both, and each alone only its own", () =>
    withHistory(async (history) => {
      const root = history.root(begun());
      const [one, two] = [bad(history, root), bad(history, root)];
      const half = history.change(alice, [one], rescuing([one]));
      const other = history.change(alice, [two], rescuing([two]));
      const whole = history.change(alice, [root], rescuing([one, two]));
      expect((await history.verify(root, [half])).allowed).toBe(true);
      expect((await history.verify(root, [other])).allowed).toBe(true);
      expect((await history.verify(root, [history.withTree(alice, [half, other], half)])).allowed).toBe(false);
      expect((await history.verify(root, [history.withTree(alice, [half, other], whole)])).allowed).toBe(true);
      expect((await history.verify(root, [history.withTree(bob, [half, other], whole)])).allowed).toBe(false);
    }));

  it("goodlist_5: by somebody without the right it is ignored, and so is one that was taken back", () =>
    withHistory(async (history) => {
      const root = history.root(begun());
      const first = bad(history, root);
      const fallen = code === "unsigned" ? first : history.change(alice, [first], later());
      const verdict = await history.verify(root, [history.change(bob, [fallen], rescuing([first]))]);
      expect(verdict.codes).toContain("policy-change");
      const rescue = history.change(alice, [fallen], rescuing([first]));
      expect((await history.verify(root, [history.change(alice, [rescue], later())])).codes).toContain(code);
    }));
});

describe("sequoia-git: goodlist", () => {
  it("goodlist_3: a revocation on a side branch that is merged kills the path of the revoked key", () =>
    withHistory(async (history) => {
      const pat = pgpPerson("pat", 52);
      const policy = (more: readonly Uint8Array[] = []): string =>
        ruled(keyed(pat, { openpgp: pat.certificate({ more }) }));
      const root = history.root(policy());
      const byPat = history.same(pat, [root]);
      expect((await history.verify(root, [byPat])).allowed).toBe(true);
      const side = history.change(alice, [root], policy([revocation(pat.primary, BEGUN + 30, 2)]));
      const merge = history.withTree(alice, [byPat, side], side);
      expect((await history.verify(root, [merge])).codes).toEqual(["key-revoked", "policy-missing"]);
      expect(
        (await history.verify(root, [history.withTree(alice, [history.same(bob, [root]), side], side)])).allowed,
      ).toBe(true);
    }));
});

describe("sequoia-git: keys that end", () => {
  const pat = pgpPerson("pat", 53);
  const policy = (options: Parameters<typeof pat.certificate>[0] = {}, more: readonly object[] = []): string =>
    ruled(keyed(pat, { openpgp: pat.certificate(options) }, ...more));

  it("revoked_cert_soft: what was signed before stays, what comes after does not", () =>
    withHistory(async (history) => {
      const root = history.root(policy());
      const before = history.same(pat, [root]);
      const retired = history.change(alice, [before], policy({ more: [revocation(pat.primary, BEGUN + 150, 3)] }));
      expect((await history.verify(root, [history.same(bob, [retired])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(pat, [retired])])).codes).toEqual(["key-revoked"]);
    }));

  it("a key may close itself in a commit that it signs", () =>
    withHistory(async (history) => {
      const root = history.root(policy());
      const retired = history.change(pat, [root], policy({ more: [revocation(pat.primary, BEGUN + 90, 3)] }));
      expect((await history.verify(root, [retired])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(pat, [retired])])).allowed).toBe(false);
    }));

  it("expired_cert: one that is renewed in the same commit verifies that commit, and nothing else does", () =>
    withHistory(async (history) => {
      const root = history.root(policy({ life: 90 }));
      const late = history.same(pat, [root]);
      expect((await history.verify(root, [late])).codes).toEqual(["key-expired"]);
      const renewed = policy({ life: 900_000_000, at: BEGUN + 180 });
      const renewal = history.change(pat, [root], renewed);
      expect((await history.verify(root, [renewal])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(pat, [renewal])])).allowed).toBe(true);
      // One that has no end any more beside the one that had.
      const endless = history.change(pat, [root], policy({ life: 90, renewed: BEGUN + 150 }));
      expect((await history.verify(root, [endless])).allowed).toBe(true);
      // What the commit before signed was signed by a key that had ended then.
      expect((await history.verify(root, [history.change(alice, [late], renewed)])).codes).toContain("key-expired");
    }));

  it("a new key or principal in the same commit never verifies it (unknown-key)", () =>
    withHistory(async (history) => {
      const fresh = pgpPerson("pat", 54);
      const root = history.root(policy({ life: 90 }));
      const swapped = ruled(keyed(pat, { openpgp: fresh.certificate() }));
      expect((await history.verify(root, [history.change(fresh, [root], swapped)])).codes).toEqual(["unknown-key"]);
      const both = policy({ life: 90 }, [{ openpgp: fresh.certificate() }]);
      expect((await history.verify(root, [history.change(fresh, [root], both)])).codes).toEqual(["unknown-key"]);
      const added = history.change(alice, [root], both);
      expect((await history.verify(root, [history.same(fresh, [added])])).allowed).toBe(true);
    }));

  it("subkey_rotation: the new signing subkey of a known certificate counts from the commit after the one that brings it in", () =>
    withHistory(async (history) => {
      const [primary, first, next] = [58, 59, 60].map((seed) => eddsaKey({ seed })) as [TestKey, TestKey, TestKey];
      const rot = { ...pat, name: "rot", email: "rot@example.org" };
      const by = (key: TestKey): Person => ({ ...rot, sign: (payload, at) => signature(key, payload, { at }) });
      const certificate = (...subkeys: readonly TestKey[]): string => {
        const bound = subkeys.map((key) => concatBytes(publicSubkey(key), binding(primary, key)));
        const own = certification(primary, "rot <rot@example.org>", { hashed: [keyFlags(CERTIFY)] });
        const packets = concatBytes(publicKey(primary), userId("rot <rot@example.org>"), own, ...bound);
        return ruled(keyed(rot, { openpgp: Buffer.from(armor("PGP PUBLIC KEY BLOCK", packets)).toString("latin1") }));
      };
      const root = history.root(certificate(first));
      expect((await history.verify(root, [history.same(by(first), [root])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(by(primary), [root])])).codes).toEqual(["not-signing-capable"]);
      expect((await history.verify(root, [history.same(by(next), [root])])).codes).toEqual(["unknown-key"]);
      // Its owner rotates it himself, by the subkey that is known; the new one cannot bring itself in.
      const rotated = history.change(by(first), [root], certificate(first, next));
      expect((await history.verify(root, [history.change(by(next), [root], certificate(first, next))])).codes).toEqual([
        "unknown-key",
      ]);
      for (const key of [first, next]) {
        expect((await history.verify(root, [history.same(by(key), [rotated])])).allowed).toBe(true);
      }
      // Another committer brings no subkey into it.
      expect((await history.verify(root, [history.change(bob, [root], certificate(first, next))])).codes).toEqual([
        "policy-change",
      ]);
    }));

  it("a second certificate counts from the commit after the one that brings it in, by who holds the right", () =>
    withHistory(async (history) => {
      const next = pgpPerson("pat", 55);
      const root = history.root(policy());
      const rotated = history.change(pat, [root], policy({}, [{ openpgp: next.certificate() }]));
      const verdict = await history.verify(root, [rotated]);
      // alice holds the right, and pat for his own with a proof by the new key, which here is none.
      expect(verdict.codes).toEqual(["policy-change"]);
      const taken = history.change(alice, [root], policy({}, [{ openpgp: next.certificate() }]));
      expect((await history.verify(root, [history.same(next, [taken])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(pat, [taken])])).allowed).toBe(true);
    }));

  it("hard_revocation_bypass: an `ours` merge by the revoked key drops the revocation, and is denied all the same", () =>
    withHistory(async (history) => {
      const root = history.root(policy());
      const byPat = history.same(pat, [root]);
      const revoked = history.change(alice, [root], policy({ more: [revocation(pat.primary, BEGUN + 30, 2)] }));
      const ours = history.same(pat, [byPat, revoked]);
      const verdict = await history.verify(root, [ours]);
      expect(verdict.codes).toContain("key-revoked");
      const later = await history.verify(root, [history.same(pat, [ours])]);
      expect(later.allowed).toBe(false);
      // Nor is the key's entry tidied away later, whoever signs: it could come back without the revocation.
      const kept = history.withTree(alice, [history.same(bob, [root]), revoked], revoked);
      const tidied = history.change(alice, [kept], ruled());
      expect((await history.verify(root, [tidied])).codes).toEqual(["policy-change"]);
      const old = history.withTree(alice, [byPat, revoked], revoked);
      const hidden = history.change(alice, [old], ruled());
      expect((await history.verify(root, [hidden])).codes).toContain("key-revoked");
    }));

  it("compromised: the policy's own mark reaches back over everything, and only from who may make it", () =>
    withHistory(async (history) => {
      const marked = ruled(keyed(carol, { ...sshKey(carol), compromised: true }));
      const root = history.root(ruled());
      const byCarol = history.same(carol, [root]);
      const mark = history.change(alice, [byCarol], marked);
      expect((await history.verify(root, [byCarol])).allowed).toBe(true);
      expect((await history.verify(root, [mark])).codes).toEqual(["key-revoked", "policy-missing"]);
      // A merge may be what brings the mark.
      const merging = history.commit(alice, [history.same(bob, [root]), byCarol], { [POLICY]: marked });
      expect((await history.verify(root, [merging])).codes).toContain("key-revoked");
      expect((await history.verify(root, [history.same(bob, [merging])])).codes).toContain("key-revoked");
      // Or one that takes it from before the root, where nothing is walked.
      const late = history.change(alice, [history.root(marked)], ruled());
      const theirs = history.same(carol, [late]);
      const [before = ""] = history.repo.git(["rev-parse", `${late}^`]).split("\n");
      const taken = history.withTree(alice, [theirs, before], before);
      expect((await history.verify(late, [history.same(bob, [taken])])).codes).toContain("key-revoked");
      const slander = history.change(bob, [byCarol], marked);
      const verdict = await history.verify(root, [slander]);
      expect(verdict.codes).toEqual(["policy-change"]);
      // Nobody takes it back, not even who made it: in a chain his right could come from the very key.
      const elsewhere = history.change(alice, [root], marked);
      const withdrawn = history.change(alice, [elsewhere], ruled());
      expect((await history.verify(root, [withdrawn])).codes).toEqual(["policy-change"]);
      const merged = await history.verify(root, [history.withTree(alice, [byCarol, withdrawn], withdrawn)]);
      expect(merged.codes).toContain("key-revoked");
    }));
});

describe("sequoia-git: merges, refs and names", () => {
  it("unrelated repositories merged: vouched for by who signs the merge, denied where every commit is asked for", () =>
    withHistory(async (history) => {
      for (const [merges, allowed] of [
        ["every", false],
        ["vouched", true],
      ] as const) {
        const root = history.root(merging(merges));
        const foreign = history.commit(eve, [], { [POLICY]: policyText({ people: [eve] }) });
        const merge = history.withTree(bob, [root, history.same(eve, [foreign])], root);
        expect((await history.verify(root, [merge])).allowed).toBe(allowed);
        // Its policy is nothing that is handed on.
        expect((await history.verify(root, [history.same(eve, [merge])])).allowed).toBe(false);
      }
    }));

  it("refs, symbolic names: the target may be one, the trust root never (usage)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const tip = history.same(bob, [root]);
      history.repo.updateRef("refs/heads/main", tip);
      for (const target of ["main", "HEAD", "refs/heads/main", "HEAD~0", tip.slice(0, 10)]) {
        expect((await history.verify(root, [target])).allowed).toBe(true);
      }
      for (const name of ["main", "HEAD~1", root.slice(0, 10), "refs/heads/main"]) {
        await expect(history.verify(name, ["HEAD"])).rejects.toMatchObject({ code: "ERR_USAGE" });
      }
    }));

  it("external policy and trust root: only one of them can judge (usage)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.clone.updateRef("refs/heads/main", server.commit(bob, { parents: [root] }));
      server.share();
      const argv = ["--trust-root", root, "--policy", "/dev/null", "main"];
      expect(server.verify(argv).status).toBe(2);
      expect(server.verify(["--trust-root", root, "--no-walk", "main"]).status).toBe(2);
    }));
});

describe("sequoia-git: tags", () => {
  const tagged = (tags: object): string =>
    policyText({
      people: [alice, bob],
      more: {
        rules: [
          { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
          { name: "tags", refs: ["refs/tags/**"], tags },
        ],
      },
    });
  const judge = async (history: History, root: ObjectId, name: string): Promise<readonly string[]> =>
    (await history.verify(root, [`refs/tags/${name}`], { as: undefined })).codes;
  const begin = (history: History): { root: ObjectId; tip: ObjectId } => {
    const root = history.root(tagged({ signedBy: ["alice"] }));
    const tip = history.same(bob, [root]);
    history.repo.updateRef("refs/heads/main", tip);
    return { root, tip };
  };

  it("verify_tag: good; no signature; a signer without the right; an unknown signer", () =>
    withHistory(async (history) => {
      const { root, tip } = begin(history);
      history.tag(alice, "good", tip);
      history.tag(null, "bare", tip);
      history.tag(bob, "unpermitted", tip);
      history.tag(eve, "stranger", tip);
      expect(await judge(history, root, "good")).toEqual([]);
      expect(await judge(history, root, "bare")).toEqual(["unsigned-tag"]);
      expect(await judge(history, root, "unpermitted")).toEqual(["signer-not-permitted"]);
      expect(await judge(history, root, "stranger")).toEqual(["unknown-key"]);
    }));

  it("a good tag over a bad commit; a lightweight tag; the policy of the tagged commit judges", () =>
    withHistory(async (history) => {
      const { root, tip } = begin(history);
      history.tag(alice, "bad", history.same(null, [tip]));
      expect(await judge(history, root, "bad")).toEqual(["unsigned", "tag-target"]);
      history.repo.updateRef("refs/tags/light", tip);
      expect(await judge(history, root, "light")).toEqual(["lightweight-tag"]);
      const open = history.change(alice, [tip], tagged({ signedBy: ["alice", "bob"] }));
      history.tag(bob, "later", open);
      expect(await judge(history, root, "later")).toEqual([]);
      history.tag(bob, "earlier", tip);
      expect(await judge(history, root, "earlier")).toEqual(["signer-not-permitted"]);
    }));

  it("a branch or a commit where a tag was meant is judged as what it is", () =>
    withHistory(async (history) => {
      const { root, tip } = begin(history);
      for (const target of ["refs/heads/main", tip]) {
        const { decisions } = await history.verify(root, [target], { as: undefined });
        expect(decisions.map(({ subject }) => subject.kind)).toEqual(["commit"]);
      }
    }));
});

describe("sequoia-git: hook and action", () => {
  const push = (server: Parameters<Parameters<typeof withServer>[1]>[0], oid: string): string =>
    server.push([`+${oid}:refs/heads/main`]).text;

  it(
    "update_hook: internal policy, external policy, and both",
    () =>
      withServer(null, (server) => {
        const root = server.commit(alice, { files: { [POLICY]: policyText() } });
        server.server.config("signpolicy.trustRoot", root);
        const first = server.commit(bob, { parents: [root] });
        expect(push(server, first)).toContain("-> main");
        expect(push(server, server.commit(eve, { parents: [first] }))).toContain("unknown-key");
        // An administrator's file on top: both must allow.
        server.setPolicy(policyText({ people: [bob] }));
        expect(push(server, server.commit(alice, { parents: [first] }))).toContain("unknown-key");
        server.setPolicy(policyText({ people: [bob, eve] }));
        expect(push(server, server.commit(eve, { parents: [first] }))).toContain("unknown-key");
        expect(push(server, server.commit(bob, { parents: [first] }))).toContain("-> main");
      }),
    60_000,
  );

  it(
    "rebased force push: taken where the rule lets it, and judged from the root",
    () =>
      withServer(null, (server) => {
        const root = server.commit(alice, { files: { [POLICY]: policyText({ more: {} }) } });
        server.server.config("signpolicy.trustRoot", root);
        const first = server.commit(bob, { parents: [root], files: { a: "1" } });
        expect(push(server, first)).toContain("-> main");
        const topic = server.commit(bob, { parents: [first], files: { b: "1" } });
        expect(server.push([`${topic}:refs/heads/topic`]).text).toContain("-> topic");
        const rebased = server.commit(bob, { parents: [first], files: { b: "2" } });
        expect(server.push([`+${rebased}:refs/heads/topic`]).text).toContain("-> topic");
        const bad = server.commit(null, { parents: [first], files: { b: "3" } });
        expect(server.push([`+${bad}:refs/heads/topic`]).text).toContain("unsigned");
      }),
    60_000,
  );

  it("action: unsigned, unauthorised, unauthorised then authorised, unauthorised merged by authorised", () =>
    withHistory(async (history) => {
      const root = history.root();
      const cases: readonly (readonly [ObjectId, readonly string[]])[] = [
        [history.same(null, [root]), ["unsigned"]],
        [history.same(eve, [root]), ["unknown-key"]],
        [history.same(alice, [history.same(eve, [root])]), ["unknown-key", "policy-missing"]],
        [
          history.same(alice, [history.same(bob, [root]), history.same(eve, [root])]),
          ["unknown-key", "policy-missing"],
        ],
      ];
      for (const [target, codes] of cases) expect((await history.verify(root, [target])).codes).toEqual(codes);
    }));
});
