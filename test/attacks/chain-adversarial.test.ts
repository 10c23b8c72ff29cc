/**
 * Attacks on histories that authenticate themselves which no other tool's suite plays: found by probing them. Each stands here
 * by its name; what has a file of its own is named there.
 * Stopped by: the chain from the trust root, and the policy in force beside it (check/chain.ts, check/chain-push.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSession } from "../../src/check/session.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId } from "../../src/model.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import {
  alice,
  BEGUN,
  bob,
  carol,
  eve,
  keyed,
  POLICY,
  policyText,
  withHistory,
  type History,
} from "../support/authenticated.ts";
import { withServer, type PushServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const rights = { rules: ["alice"], principals: ["alice"], keys: ["self", "alice"], exempt: ["alice"], threshold: 1 };
const ruled = (more: object = {}, principals: object = {}): string =>
  policyText({ people: [alice, bob, carol], principals, more: { administration: rights, ...more } });

describe("targets and roots", () => {
  it("target = trust root; trust root absent; orphan branch; sibling of the root", () =>
    withHistory(async (history) => {
      const first = history.root();
      const root = history.same(alice, [first]);
      const targets = [root, history.same(alice, [first]), history.root()];
      for (const target of targets) {
        expect((await history.verify(root, [target])).codes).toEqual(["policy-missing"]);
      }
      expect((await history.verify("2".repeat(40), [root])).codes).toEqual(["missing-object"]);
      expect((await history.verify(root, [history.same(bob, [root])])).allowed).toBe(true);
    }));

  it("ref given as tag, short hash, or moving name: a trust root is a full id and a commit", () =>
    withHistory(async (history) => {
      const root = history.root();
      history.repo.updateRef("refs/heads/main", history.same(bob, [root]));
      history.tag(alice, "v1", root);
      for (const name of [
        "v1",
        "refs/tags/v1",
        root.slice(0, 12),
        "main",
        "origin/main",
        "@{upstream}",
        root.toUpperCase(),
      ]) {
        await expect(history.verify(name, ["main"])).rejects.toMatchObject({ code: "ERR_USAGE" });
      }
      expect((await history.verify(history.repo.git(["rev-parse", "v1"]), ["main"])).codes).toEqual(["bad-input"]);
      expect((await history.verify(root, ["main"])).allowed).toBe(true);
    }));

  it("a target of nothing: a history of no commits is authenticated as nothing", () =>
    withHistory(async (history) => {
      const root = history.root();
      const verdict = await history.verify(root, [`${root}..${root}`]);
      expect(verdict.allowed).toBe(false);
    }));
});

describe("policy edits by a plain committer", () => {
  const edits: readonly (readonly [string, (history: History, root: string) => string])[] = [
    ["unknown top-level key", (history, root) => history.change(bob, [root], ruled({ anything: 1 }))],
    ["future version", (history, root) => history.change(bob, [root], ruled({ version: 7 }))],
    ["malformed file", (history, root) => history.change(bob, [root], "version: [")],
    ["file deleted", (history, root) => history.withTree(bob, [root], history.repo.emptyTree())],
    ["file turned into a symlink", (history, root) => history.withTree(bob, [root], odd(history, "120000 blob"))],
    ["file turned into a directory", (history, root) => history.withTree(bob, [root], odd(history, "040000 tree"))],
    ["a second policy beside it", (history, root) => history.commit(bob, [root], { ".signpolicy.yaml": ruled() })],
    ["only white space", (history, root) => history.change(bob, [root], `${ruled()}\n`)],
  ];
  const odd = (history: History, kind: string): string => {
    const oid = kind.endsWith("tree") ? history.repo.emptyTree() : history.repo.write("blob", Buffer.from("x"));
    return history.repo.git(["mktree"], { input: `${kind} ${oid}\t${POLICY}\n` });
  };
  it.each(edits)("%s (policy-change)", (_, edit) =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      const verdict = await history.verify(root, [history.same(alice, [edit(history, root)])]);
      expect(verdict.codes).toEqual(["policy-change", "policy-missing"]);
      expect((await history.verify(root, [history.change(alice, [root], ruled({ unmatched: "allow" }))])).allowed).toBe(
        true,
      );
    }),
  );
});

describe("hook", () => {
  const tagged = policyText({
    more: {
      rules: [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] }, updates: { force: "deny" } },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
      ],
    },
  });
  function begin(server: PushServer): { first: string; root: string } {
    const root = server.commit(alice, { files: { [POLICY]: tagged } });
    server.server.config("signpolicy.trustRoot", root);
    const first = server.commit(bob, { parents: [root] });
    expect(server.push([`${first}:refs/heads/main`]).text).toContain("-> main");
    return { first, root };
  }

  it("create, fast-forward, force-push, rollback to an old signed tip, delete", () =>
    withServer(null, (server) => {
      const { first } = begin(server);
      const next = server.commit(alice, { parents: [first] });
      expect(server.push([`${next}:refs/heads/main`, `${first}:refs/heads/topic`]).status).toBe(0);
      const forced = server.commit(alice, { parents: [first] });
      for (const spec of [`+${forced}:refs/heads/main`, `+${first}:refs/heads/main`]) {
        expect(server.push([spec]).text).toContain("ref-rollback");
      }
      expect(server.push([":refs/heads/topic"]).text).toContain("ref-deletion");
      expect(server.value("refs/heads/main")).toBe(next);
    }));

  it("delete where the rule lets it, which is no reason to walk anything (sequoia-git refuses every deletion)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.server.config("signpolicy.trustRoot", root);
      const first = server.commit(bob, { parents: [root] });
      expect(server.push([`${first}:refs/heads/main`, `${first}:refs/heads/topic`]).status).toBe(0);
      expect(server.push([":refs/heads/topic"]).status).toBe(0);
      expect(server.value("refs/heads/topic")).toBe(null);
      // The policy's own branch never is.
      expect(server.push([":refs/heads/main"]).text).toContain("ref-deletion");
    }));

  it("annotated, unsigned and lightweight tag; several refs in one push with one bad", () =>
    withServer(null, (server) => {
      const { first } = begin(server);
      expect(server.push([`${server.tag(alice, "v1", first)}:refs/tags/v1`]).text).toContain("-> v1");
      expect(server.push([`${server.tag(null, "v2", first)}:refs/tags/v2`]).text).toContain("unsigned-tag");
      expect(server.push([`${first}:refs/tags/v3`]).text).toContain("lightweight-tag");
      const next = server.commit(alice, { parents: [first] });
      const bad = server.commit(eve, { parents: [first] });
      const mixed = server.push([`${next}:refs/heads/main`, `${bad}:refs/heads/topic`]);
      expect(mixed.text).toContain("unknown-key");
      expect(server.value("refs/heads/main")).toBe(first);
    }));
});

describe("SSH", () => {
  const window = (more: object): string => ruled({}, keyed(carol, { ssh: carol.key.line.trim(), ...more }));
  it("unknown key; committer identity differs from principal", () =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      expect((await history.verify(root, [history.same(eve, [root])])).codes).toEqual(["unknown-key"]);
      const posing = history.same({ ...alice, email: bob.email }, [root]);
      expect((await history.verify(root, [posing])).codes).toEqual(["identity-mismatch"]);
    }));

  it("lapsed key with backdated commit (key-retired)", () =>
    withHistory(async (history) => {
      const root = history.root(window({ retired: "2023-11-14T22:20:00Z" }));
      let tip = root;
      for (let n = 0; n < 12; n += 1) tip = history.same(bob, [tip]);
      expect((await history.verify(root, [history.same(carol, [tip])])).codes).toEqual(["key-retired"]);
      const dated = history.same(carol, [tip], { date: BEGUN + 90 });
      expect((await history.verify(root, [dated])).codes).toEqual(["key-retired"]);
      expect((await history.verify(root, [history.same(carol, [root], { date: BEGUN + 90 })])).allowed).toBe(true);
    }));

  it("revoked key in a commit and in a tag (key-revoked)", () =>
    withHistory(async (history) => {
      const root = history.root(
        JSON.stringify({
          ...(JSON.parse(window({ compromised: true })) as object),
          rules: [
            { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
            { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
          ],
        }),
      );
      expect((await history.verify(root, [history.same(carol, [root])])).codes).toEqual(["key-revoked"]);
      const tip = history.same(bob, [root]);
      history.tag(carol, "revoked", tip);
      history.tag(bob, "good", tip);
      expect((await history.verify(root, ["refs/tags/revoked"])).codes).toEqual(["key-revoked"]);
      expect((await history.verify(root, ["refs/tags/good"])).allowed).toBe(true);
    }));

  it("revocation file missing: a policy whose key file is gone is none, and never one with fewer keys (policy-change)", () =>
    withHistory(async (history) => {
      const files = { "keys/carol.pub": carol.key.line };
      const policy = policyText({ people: [alice, bob] });
      const withFile = JSON.stringify({
        ...(JSON.parse(policy) as object),
        principals: {
          ...(JSON.parse(policy) as { principals: object }).principals,
          pat: { emails: ["pat@example.org"], keys: [{ openpgp: "keys/pat.asc" }] },
        },
      });
      const root = history.root(policy);
      expect(
        (await history.verify(root, [history.commit(alice, [root], { [POLICY]: withFile, ...files })])).codes,
      ).toEqual(["policy-change"]);
    }));
});

describe("cache", () => {
  const memory = (server: PushServer): string => join(server.server.gitDir, "signpolicy", "chain-checked");
  it.each<[string, (file: string) => void]>([
    [
      "poisoned",
      (file) => writeFileSync(file, readFileSync(file, "latin1").replaceAll(/[0-9a-f]{40}/g, "1".repeat(40))),
    ],
    ["wrong mode", (file) => chmodSync(file, 0o666)],
    ["missing", (file) => rmSync(file)],
    ["a directory in its place", (file) => mkdirSync(file)],
  ])("%s: pushes are judged as without it (unknown-key)", (what, spoil) =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: ruled() } });
      server.server.config("signpolicy.trustRoot", root);
      const first = server.commit(bob, { parents: [root] });
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const file = memory(server);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      if (what.startsWith("a directory")) rmSync(file);
      spoil(file);
      const [good, bad] = [bob, eve].map((who) => server.commit(who, { parents: [first] }));
      expect(server.push([`${bad}:refs/heads/main`]).text).toContain("unknown-key");
      expect(server.push([`${good}:refs/heads/main`]).status).toBe(0);
    }),
  );

  it("hit after a later hard revocation: what was authenticated before falls in the push that says so (key-revoked)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: ruled() } });
      server.server.config("signpolicy.trustRoot", root);
      const byCarol = server.commit(carol, { parents: [root] });
      expect(server.push([`${byCarol}:refs/heads/main`]).status).toBe(0);
      expect(existsSync(memory(server))).toBe(true);
      const mark = (exempt: readonly object[]): string => {
        const marked = keyed(carol, { ssh: carol.key.line.trim(), compromised: true });
        const files = { [POLICY]: ruled({ trust: { exempt } }, marked) };
        return server.commit(alice, { parents: [byCarol], files });
      };
      expect(server.push([`${mark([])}:refs/heads/main`]).text).toContain("key-revoked");
      const { fingerprint } = parseSshPublicKey(carol.key.line);
      const looked = mark([{ key: fingerprint, reachableFrom: byCarol, reason: "looked at" }]);
      expect(server.push([`${looked}:refs/heads/main`]).text).toContain("-> main");
    }));

  it("signers are told on every run, and a later hard revocation is seen: verify keeps no verdicts", () =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      const byCarol = history.same(carol, [root]);
      for (let run = 0; run < 2; run += 1) {
        const { decisions } = await history.verify(root, [byCarol]);
        expect(decisions.map(({ principal }) => principal)).toEqual(["carol"]);
      }
      const marked = ruled({}, keyed(carol, { ssh: carol.key.line.trim(), compromised: true }));
      expect((await history.verify(root, [history.change(alice, [byCarol], marked)])).codes).toContain("key-revoked");
    }));
});

describe("scale and formats", () => {
  it("a ladder of criss-cross merges: each commit is looked at once, though the ways to the root double with each rung", () =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      let [left, right] = [history.same(alice, [root]), history.same(bob, [root])];
      for (let rung = 0; rung < 30; rung += 1) {
        [left, right] = [history.same(alice, [left, right]), history.same(bob, [right, left])];
      }
      const tip = history.same(carol, [left, right]);
      const { allowed, decisions } = await history.verify(root, [tip]);
      expect([allowed, decisions.length]).toEqual([true, 63]);
      expect(new Set(decisions.map(({ subject }) => subject.oid)).size).toBe(63);
    }));

  it("one policy that many commits carry is parsed once, and again only where its file or a key file is another", () =>
    withHistory(async (history) => {
      const root = history.root(ruled());
      const session = await openSession(await findRepository(history.repo.dir, history.repo.env));
      const loaded = async (oid: string): Promise<unknown> => {
        const commit = await session.outlines.outline(oid as ObjectId);
        return commit === null ? null : (await session.states.at(commit)).loaded;
      };
      try {
        const first = await loaded(root);
        expect(first).not.toBe(null);
        expect(await loaded(history.commit(bob, [root], { a: "1" }))).toBe(first);
        expect(await loaded(history.commit(bob, [root], { b: "2" }))).toBe(first);
        expect(await loaded(history.change(alice, [root], ruled({ unmatched: "allow" })))).not.toBe(first);
      } finally {
        session.close();
      }
    }));

  it("a SHA-256 repository: line, merge, change, mark and tag as in one of SHA-1 (unknown-key, key-revoked)", () =>
    withHistory(async (history) => {
      const tags = [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
      ];
      const root = history.root(ruled({ rules: tags }));
      expect(root).toHaveLength(64);
      const merge = history.same(alice, [history.same(bob, [root]), history.same(carol, [root])]);
      expect((await history.verify(root, [merge])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(eve, [merge])])).codes).toEqual(["unknown-key"]);
      const marked = ruled({ rules: tags }, keyed(carol, { ssh: carol.key.line.trim(), compromised: true }));
      expect((await history.verify(root, [history.change(bob, [merge], marked)])).codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [history.change(alice, [merge], marked)])).codes).toContain("key-revoked");
      history.tag(bob, "v1", merge);
      history.tag(eve, "v2", merge);
      expect((await history.verify(root, ["refs/tags/v1"])).allowed).toBe(true);
      expect((await history.verify(root, ["refs/tags/v2"])).codes).toEqual(["unknown-key"]);
      await expect(history.verify(root.slice(0, 40), [merge])).resolves.toMatchObject({ allowed: false });
    }, "sha256"));
});
