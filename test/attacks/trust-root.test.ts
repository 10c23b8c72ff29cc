/**
 * Attack: a history, a target or a trust root that proves nothing is taken for one that does: the root itself, what lies
 * beside it or before it (Guix until 2022, sequoia-git `--trust-root HEAD HEAD`), a root that is not there (Bitcoin Core
 * exits with 0), an orphan branch merged in, a maintainer who was removed and goes on in a fork.
 * Stopped by: a commit that does not descend from the root is no part of the chain (policy/chain.ts, check/verify-chain.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, carol, eve, NOW, policyText, POLICY, principal, withHistory } from "../support/authenticated.ts";

const all = policyText({ people: [alice, bob, eve] });
const withoutEve = policyText({ people: [alice, bob] });

describe("what a trust root proves nothing about", () => {
  it("the trust root itself (policy-missing)", () =>
    withHistory(async (history) => {
      const root = history.root();
      expect(await history.verify(root, [root])).toMatchObject({ allowed: false, codes: ["policy-missing"] });
      const next = history.commit(bob, [root]);
      expect(await history.verify(root, [next])).toMatchObject({ allowed: true });
    }));

  it("a sibling of the root, an ancestor of it, an orphan branch (policy-missing)", () =>
    withHistory(async (history) => {
      const before = history.root();
      const root = history.commit(alice, [before]);
      const sibling = history.commit(alice, [before]);
      const orphan = history.root();
      for (const target of [sibling, before, orphan]) {
        expect(await history.verify(root, [target])).toMatchObject({ allowed: false, codes: ["policy-missing"] });
        expect((await history.verify(before, [sibling])).allowed).toBe(true);
      }
    }));

  it("a trust root that is not in the repository (missing-object), or outside a shallow clone (shallow-history)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const next = history.commit(alice, [root]);
      expect(await history.verify("1".repeat(40), [next])).toMatchObject({ allowed: false, codes: ["missing-object"] });
      history.repo.updateRef("refs/heads/main", history.commit(alice, [next]));
      history.repo.git(["clone", "-q", "--depth=1", `file://${history.repo.dir}`, "shallow"]);
      const shallow = { cwd: `${history.repo.dir}/shallow` };
      expect(await history.verify(root, ["HEAD"], shallow)).toMatchObject({
        allowed: false,
        codes: ["shallow-history"],
      });
      history.repo.git(["clone", "-q", history.repo.dir, "full"]);
      expect((await history.verify(root, ["HEAD"], { cwd: `${history.repo.dir}/full` })).allowed).toBe(true);
    }));

  it("a history cut off between the target and the root (shallow-history)", () =>
    withHistory(async (history) => {
      const root = history.root();
      let tip = root;
      for (let n = 0; n < 5; n += 1) tip = history.commit(alice, [tip]);
      history.repo.updateRef("refs/heads/main", tip);
      history.repo.updateRef("refs/heads/old", root);
      history.repo.git(["clone", "-q", "--depth=2", "--no-single-branch", `file://${history.repo.dir}`, "cut"]);
      const verdict = await history.verify(root, ["HEAD"], { cwd: `${history.repo.dir}/cut` });
      expect(verdict).toMatchObject({ allowed: false, codes: ["shallow-history"] });
      expect(verdict.decisions[0]?.findings[0]?.hint).toContain("git fetch --unshallow");
    }));

  it.each(["blob:none", "tree:0"])("a partial clone, %s: what was not fetched cannot be judged (exit 3)", (filter) =>
    withHistory(async (history) => {
      const root = history.root();
      const change = history.change(alice, [root], all);
      history.repo.updateRef("refs/heads/main", history.commit(alice, [change], { a: "1" }));
      history.repo.git(["config", "uploadpack.allowFilter", "true"]);
      history.repo.git(["clone", "-q", `--filter=${filter}`, `file://${history.repo.dir}`, "partial"]);
      const partial = { cwd: `${history.repo.dir}/partial` };
      await expect(history.verify(root, ["HEAD"], partial)).rejects.toMatchObject({ code: "ERR_PARTIAL_CLONE" });
      history.repo.git(["-C", "partial", "fetch", "-q", "--refetch", "--no-filter"]);
      expect((await history.verify(root, ["HEAD"], partial)).allowed).toBe(true);
    }),
  );

  it.each([["main"], ["HEAD"], ["refs/heads/main"], ["v1"], ["1234567"], [""], [" "]])(
    "a trust root that is a name or a short id: %s (usage)",
    (name) =>
      withHistory(async (history) => {
        history.repo.updateRef("refs/heads/main", history.root());
        const error: unknown = await history.verify(name, ["HEAD"]).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "ERR_USAGE" });
      }),
  );

  it("a trust root that is a tag or a tree (bad-input)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const next = history.commit(alice, [root]);
      for (const odd of [history.tag(alice, "v1", root), history.repo.emptyTree()]) {
        expect(await history.verify(odd, [next])).toMatchObject({ allowed: false, codes: ["bad-input"] });
      }
    }));

  it("a trust root without a policy, or with one that cannot be used (policy-missing)", () =>
    withHistory(async (history) => {
      for (const files of [{ a: "b" }, { [POLICY]: "{" }] as Record<string, string>[]) {
        const root = history.commit(alice, [], files);
        const next = history.commit(alice, [root], { [POLICY]: policyText() });
        expect(await history.verify(root, [next])).toMatchObject({ allowed: false, codes: ["policy-missing"] });
      }
    }));

  it("a trust root that the repository names for itself, in a file or in global configuration", () =>
    withHistory(async (history) => {
      const root = history.root();
      const next = history.commit(alice, [root]);
      history.repo.config("signpolicy.trustRoot", root);
      const local = await history.verify(undefined, [next]);
      expect(local).toMatchObject({ allowed: true });
      expect(local.head.notes.join()).toContain(`trust root ${root}`);
      history.repo.git(["config", "--unset", "signpolicy.trustRoot"]);
      const env = {
        ...history.repo.env,
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "signpolicy.trustRoot",
        GIT_CONFIG_VALUE_0: root,
      };
      const caller = await history.verify(undefined, [next], { environment: env });
      expect(caller.head.notes.join()).not.toContain("trust root");
    }));
});

describe("a path that must lead through a commit", () => {
  it("is refused where it does not, merged or not (policy-missing)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const one = history.commit(alice, [root]);
      const other = history.commit(alice, [root]);
      const merge = history.commit(bob, [one, other]);
      expect((await history.verify(root, [merge], { via: other })).allowed).toBe(true);
      expect(await history.verify(root, [one], { via: other })).toMatchObject({ codes: ["policy-missing"] });
      expect((await history.verify(root, [`${other}..${merge}`])).allowed).toBe(true);
      expect(await history.verify(root, [`${other}..${one}`])).toMatchObject({ codes: ["policy-missing"] });
    }));

  it("is no path at all without a trust root (usage)", () =>
    withHistory(async (history) => {
      const next = history.commit(alice, [history.root()]);
      const error: unknown = await history.verify(undefined, [next], { via: next }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "ERR_USAGE" });
    }));
});

describe("a policy that asks nothing on the ref", () => {
  it("authenticates nothing there, whatever `unmatched` allows (ref-unmatched)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: { unmatched: "allow" } }));
      const next = history.commit(null, [root]);
      expect((await history.verify(root, [next], { as: "refs/other/x" })).codes).toEqual(["ref-unmatched"]);
      expect((await history.verify(root, [next])).codes).toEqual(["unsigned"]);
    }));
});

describe("a history that comes in from beside", () => {
  it("an orphan branch merged in is denied with the merge, unless merges are vouched for (policy-missing)", () =>
    withHistory(async (history) => {
      for (const [merges, allowed] of [
        ["every", false],
        ["vouched", true],
        ["first-parent", true],
      ] as const) {
        const policy = policyText({ more: { trust: { merges } } });
        const root = history.root(policy);
        const orphan = history.commit(null, [], { o: merges });
        const merge = history.withTree(bob, [history.commit(alice, [root]), orphan], root, { o: merges });
        const verdict = await history.verify(root, [merge]);
        expect(verdict.allowed).toBe(allowed);
        expect(verdict.head.notes.join()).toContain(`trust.merges: ${merges}`);
        if (!allowed) expect(verdict.codes).toEqual(["policy-missing"]);
        const backwards = history.withTree(bob, [orphan, root], root, { o: merges });
        expect((await history.verify(root, [backwards])).allowed).toBe(merges === "vouched");
      }
    }));

  it("a forge's merge vouches for no side of it (policy-missing)", () =>
    withHistory(async (history) => {
      for (const merges of ["vouched", "first-parent"]) {
        const forge = { [carol.name]: { ...principal(carol), role: "forge" } };
        const branches = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["alice", "carol"] } };
        const root = history.root(policyText({ principals: forge, more: { trust: { merges }, rules: [branches] } }));
        const main = history.commit(alice, [root], { m: merges });
        const side = history.commit(null, [root], { s: merges });
        const tree = { m: merges, s: merges };
        expect((await history.verify(root, [history.withTree(alice, [main, side], root, tree)])).allowed).toBe(true);
        const byForge = await history.verify(root, [history.withTree(carol, [main, side], root, tree)]);
        expect(byForge.codes).toEqual(["unsigned", "policy-missing"]);
        expect(byForge.messages.join()).toContain("a forge signed vouches for no side");
        const good = history.commit(alice, [root], { s: merges });
        expect((await history.verify(root, [history.withTree(carol, [main, good], root, tree)])).allowed).toBe(true);
      }
    }));

  it("an orphan brings no policy of its own: its signer stays unknown (unknown-key)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: { trust: { merges: "vouched" } } }));
      const own = history.commit(eve, [], { [POLICY]: policyText({ people: [eve] }) });
      const merge = history.withTree(eve, [root, own], own);
      const verdict = await history.verify(root, [merge]);
      expect(verdict.allowed).toBe(false);
      expect(verdict.codes).toContain("unknown-key");
      const findings = verdict.decisions.find(({ subject }) => subject.oid === merge)?.findings.map(({ code }) => code);
      expect(findings).toContain("policy-change");
    }));

  it("a removed maintainer who forks before his removal and merges main into his fork is denied, with the reason", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      const fork = history.commit(eve, [root], { e: "1" });
      const removal = history.commit(alice, [root], { [POLICY]: withoutEve });
      const merged = history.withTree(eve, [fork, removal], removal, { e: "1" });
      const verdict = await history.verify(root, [merged]);
      expect(verdict).toMatchObject({ allowed: false, codes: ["unknown-key"] });
      expect(verdict.messages[0]).toContain("belongs to nobody in the policy");
      const kept = history.withTree(eve, [fork, removal], fork);
      const dropped = (await history.verify(root, [kept])).decisions.find(({ subject }) => subject.oid === kept);
      expect(dropped?.findings.map(({ code }) => code)).toEqual(["unknown-key", "policy-change"]);
      // What he made before is his, and a maintainer may take it in.
      const taken = history.withTree(bob, [removal, fork], removal, { e: "1" });
      expect((await history.verify(root, [taken])).allowed).toBe(true);
    }));
});

describe("a policy change in the chain", () => {
  it("judges what comes after it, never itself (unknown-key)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const own = history.commit(carol, [root], { [POLICY]: policyText({ people: [alice, bob, carol] }) });
      expect((await history.verify(root, [own])).codes).toEqual(["unknown-key"]);
      const added = history.commit(alice, [root], { [POLICY]: policyText({ people: [alice, bob, carol] }) });
      const hers = history.commit(carol, [added]);
      expect((await history.verify(root, [hers])).allowed).toBe(true);
    }));

  it.each([
    ["an unknown top-level key", policyText({ more: { anything: true } })],
    ["a future version", policyText({ more: { version: 7 } })],
    ["a malformed file", "{"],
    ["a skipped serial", policyText({ more: { serial: 9 } })],
  ])("refuses %s in the commit that makes it, and all after (policy-change)", (_, next) =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: { serial: 3 } }));
      const bad = history.commit(alice, [root], { [POLICY]: next });
      const mended = history.commit(alice, [bad], { [POLICY]: policyText({ more: { serial: 4 } }) });
      expect((await history.verify(root, [bad])).codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [mended])).codes).toEqual(["policy-change", "policy-missing"]);
    }),
  );

  it("refuses a policy that is deleted, linked away, turned into a folder or hidden by a second one (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const blob = history.repo.write("blob", Buffer.from("elsewhere"));
      const tree = (line: string): string => history.repo.git(["mktree"], { input: line });
      const trees = [
        tree(""),
        tree(`120000 blob ${blob}\t${POLICY}\n`),
        tree(`040000 tree ${history.repo.emptyTree()}\t${POLICY}\n`),
      ];
      for (const odd of trees) {
        const changed = history.withTree(alice, [root], odd);
        expect((await history.verify(root, [changed])).codes).toEqual(["policy-change"]);
      }
      const hidden = history.commit(alice, [root], { ".signpolicy.yaml": policyText() });
      expect((await history.verify(root, [hidden])).codes).toEqual(["policy-change"]);
    }));

  it("a bad commit in the middle denies everything that is built on it", () =>
    withHistory(async (history) => {
      const root = history.root();
      const bad = history.commit(eve, [root]);
      const after = history.commit(alice, [bad]);
      const verdict = await history.verify(root, [after]);
      expect(verdict.codes).toEqual(["unknown-key", "policy-missing"]);
      expect(verdict.messages[1]).toContain("a parent is not authenticated");
      expect(verdict.decisions[0]?.subject.oid).toBe(bad);
    }));

  it("what is exempt hands on the policy of its parents, and never one of its own (policy-change)", () =>
    withHistory(async (history) => {
      const first = history.root();
      const slip = history.commit(null, [first], { a: "1" });
      const exempt = policyText({ more: { trust: { exempt: [{ reachableFrom: slip, reason: "release script" }] } } });
      const ready = history.commit(alice, [first], { [POLICY]: exempt });
      const merged = history.withTree(bob, [ready, slip], ready, { a: "1" });
      // The policy before it forgives nothing; that of the commit asked about does, whoever merged it.
      expect((await history.verify(first, [slip])).codes).toEqual(["unsigned"]);
      expect((await history.verify(first, [merged])).allowed).toBe(true);
      const vouching = history.commit(alice, [first], {
        [POLICY]: policyText({ more: { trust: { merges: "vouched" } } }),
      });
      const vouched = history.withTree(bob, [vouching, slip], vouching, { a: "1" });
      expect((await history.verify(first, [vouched])).allowed).toBe(true);
      const evil = history.commit(null, [first], { [POLICY]: policyText({ people: [alice, bob, eve] }) });
      const taken = history.withTree(bob, [vouching, evil], vouching);
      expect((await history.verify(first, [history.commit(eve, [taken])])).allowed).toBe(false);
    }));

  it("survives a key that lapsed since, judged at the time of its signature (key-retired)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const byBob = history.commit(bob, [root]);
      const mark = {
        bob: { emails: [bob.email], keys: [{ ssh: bob.key.line.trim(), retired: "2023-11-14T22:15:00Z" }] },
      };
      const retired = history.commit(alice, [byBob], { [POLICY]: policyText({ people: [alice], principals: mark }) });
      expect((await history.verify(root, [retired])).allowed).toBe(true);
      const late = history.commit(bob, [retired]);
      expect((await history.verify(root, [late], { now: NOW })).codes).toEqual(["key-retired"]);
    }));
});
