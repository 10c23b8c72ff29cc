/**
 * Attack: a push passes the policy in force and breaks the chain from the trust root that clones verify by, or the other
 * way round: a maintainer removed on main pushes a branch whose own history still names him.
 * Stopped by: where a trust root is configured both must allow, the chain (check/chain-push.ts) and the policy in force.
 */
import { describe, expect, it, jest } from "@jest/globals";
import { alice, bob, eve, person, policyText, POLICY } from "../support/authenticated.ts";
import { BIN, withServer, type PushServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const all = policyText({ people: [alice, bob, eve] });
const push = (server: PushServer, oid: string, ref = "refs/heads/main"): string => server.push([`${oid}:${ref}`]).text;

function rooted(server: PushServer): { root: string; first: string } {
  const root = server.commit(alice, { files: { [POLICY]: all } });
  server.server.config("signpolicy.trustRoot", root);
  const first = server.commit(bob, { parents: [root], files: { a: "1" } });
  expect(push(server, first)).toContain("-> main");
  return { root, first };
}

describe("a push where a trust root is configured", () => {
  it("passes where chain and policy in force allow, and is denied where the signer is unknown (unknown-key)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      expect(push(server, server.commit(eve, { parents: [first] }))).toContain("-> main");
      const stranger = server.commit(person("mallory"), { parents: [first] });
      expect(server.push([`+${stranger}:refs/heads/main`]).text).toContain("unknown-key");
    }));

  it("refuses a branch beside the root that the policy in force would take (policy-missing)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const orphan = server.commit(alice, { files: { o: "1" } });
      const text = push(server, orphan, "refs/heads/orphan");
      expect(text).toContain("policy-missing");
      expect(text.replace(/\s*\nremote:\s*/g, " ")).toContain("trust root");
      expect(push(server, server.commit(alice, { parents: [first] }), "refs/heads/topic")).toContain("-> topic");
    }));

  it("refuses a merge whose side the chain does not authenticate (policy-missing)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const orphan = server.commit(alice, { files: { o: "1" } });
      const tree = server.tree({ o: "1" }, first);
      expect(push(server, server.commit(alice, { parents: [first, orphan], tree }))).toContain("policy-missing");
      const side = server.commit(bob, { parents: [first], files: { o: "1" } });
      expect(push(server, server.commit(alice, { parents: [first, side], tree }))).toContain("-> main");
    }));

  it("refuses a removed maintainer's branch from before his removal: the policy in force binds every ref (unknown-key)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const old = server.commit(eve, { parents: [first], files: { e: "1" } });
      const removal = server.commit(alice, {
        parents: [first],
        files: { [POLICY]: policyText({ people: [alice, bob] }) },
      });
      expect(push(server, removal)).toContain("-> main");
      expect(push(server, old, "refs/heads/old")).toContain("unknown-key");
      expect(push(server, server.commit(bob, { parents: [first] }), "refs/heads/old")).toContain("-> old");
    }));

  it("refuses what a key signs behind the commit that retires it, in the same push (key-retired)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const before = server.commit(eve, { parents: [first], files: { e: "1" } });
      const policy = JSON.parse(all) as { principals: { eve: { keys: object[] } } };
      const at = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, "Z");
      policy.principals.eve.keys = policy.principals.eve.keys.map((key) => ({ ...key, retired: at }));
      const retire = (): string =>
        server.commit(alice, { parents: [before], files: { [POLICY]: JSON.stringify(policy) } });
      const behind = server.commit(eve, { parents: [retire()], files: { e: "2" } });
      expect(push(server, behind)).toContain("key-retired");
      expect(push(server, server.commit(alice, { parents: [behind], files: { a: "2" } }))).toContain("key-retired");
      expect(push(server, server.commit(bob, { parents: [retire()], files: { b: "2" } }))).toContain("-> main");
    }));

  it.each<[string, string, string | true]>([
    ["retired", "key-retired", "2026-01-01T00:00:00Z"],
    ["compromised", "key-revoked", true],
  ])(
    "a key that the policy in force calls %s brings nothing in by a branch whose own policy does not (%s)",
    (mark, code, at) =>
      withServer(null, (server) => {
        const { first } = rooted(server);
        const old = server.commit(eve, {
          parents: [first],
          files: { e: "1" },
          date: Math.floor(Date.now() / 1000) - 300,
        });
        const marked = { eve: { emails: [eve.email], keys: [{ ssh: eve.key.line.trim(), [mark]: at }] } };
        const files = { [POLICY]: policyText({ people: [alice, bob], principals: marked }) };
        expect(push(server, server.commit(alice, { parents: [first], files }))).toContain("-> main");
        expect(push(server, old, "refs/heads/old")).toContain(code);
        const by = server.commit(bob, { parents: [old] });
        expect(push(server, by, "refs/heads/old")).toContain(code);
        expect(push(server, server.commit(bob, { parents: [first] }), "refs/heads/old")).toContain("-> old");
      }),
  );

  it("lets stand what the record shows received before a key was stolen, and nothing else by it (key-revoked)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const byEve = server.commit(eve, { parents: [first], files: { e: "1" } });
      expect(push(server, byEve)).toContain("-> main");
      const stolenAt = (minutes: number): string => {
        const compromised = new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+/, "");
        const marked = { eve: { emails: [eve.email], keys: [{ ssh: eve.key.line.trim(), compromised }] } };
        const files = { [POLICY]: policyText({ people: [alice, bob], principals: marked }) };
        return server.commit(alice, { parents: [byEve], files });
      };
      // Before the record saw it: her commit falls, and the mark with it, since it was built on that.
      expect(push(server, stolenAt(-10))).toContain("key-revoked");
      const mark = stolenAt(1);
      expect(push(server, mark)).toContain("-> main");
      const backdated = server.commit(eve, {
        parents: [first],
        files: { e: "2" },
        date: Math.floor(Date.now() / 1000) - 60,
      });
      expect(push(server, backdated, "refs/heads/topic")).toContain("key-revoked");
      expect(push(server, server.commit(bob, { parents: [mark] }))).toContain("-> main");
    }));

  it("judges what the policy's branch held before by its own rules, on whatever ref it is pushed again", () =>
    withServer(null, (server) => {
      const only = (refs: string[]): string =>
        JSON.stringify({ ...(JSON.parse(all) as object), rules: [{ name: "r", refs, commits: { signedBy: ["*"] } }] });
      const root = server.commit(alice, { files: { [POLICY]: only(["refs/heads/main"]) } });
      server.server.config("signpolicy.trustRoot", root);
      const before = server.commit(bob, { parents: [root], files: { b: "1" } });
      const more = server.commit(alice, { parents: [before], files: { [POLICY]: only(["refs/heads/**"]) } });
      expect(push(server, more)).toContain("-> main");
      const topic = server.commit(bob, { parents: [more], files: { t: "1" } });
      expect(push(server, topic, "refs/heads/topic")).toContain("-> topic");
      // On its own the old policy says nothing of that branch, and so nobody could sign there.
      expect(push(server, server.commit(bob, { parents: [before] }), "refs/heads/old")).toContain("ref-unmatched");
    }));

  it("takes its trust root from the server's own repository, never from what the pusher has set", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const orphan = server.commit(alice, { files: { [POLICY]: all } });
      server.clone.config("signpolicy.trustRoot", orphan);
      const chosen = {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "signpolicy.trustRoot",
        GIT_CONFIG_VALUE_0: orphan,
        GIT_CONFIG_PARAMETERS: `'signpolicy.trustRoot=${orphan}'`,
      };
      const next = server.commit(bob, { parents: [orphan] });
      const result = server.push([`${next}:refs/heads/orphan`], chosen);
      expect(result.text).toContain("policy-missing");
      expect(server.push([`${server.commit(bob, { parents: [first] })}:refs/heads/main`], chosen).text).toContain(
        "-> main",
      );
    }));

  it("tells what changes of the policy, whether it takes the push or refuses it", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const change = (who: typeof alice, parents: string[]): string =>
        server.commit(who, { parents, files: { [POLICY]: policyText({ people: [alice, bob] }) } });
      const told = /the policy changes: principals\.eve[^(]*\(tightens\)/;
      const plain = (text: string): string => text.replace(/\s*\nremote:\s*(?:(?:warning|error|hint): )?/g, " ");
      const mallory = person("mallory");
      const unsigned = server.commit(mallory, { parents: [change(alice, [first])] });
      expect(plain(push(server, unsigned))).toMatch(told);
      expect(server.value("refs/heads/main")).toBe(first);
      const refused = push(server, change(mallory, [first]));
      expect(refused).toContain("policy-change");
      expect(plain(refused)).toMatch(told);
      const taken = push(server, change(alice, [first]));
      expect(plain(taken)).toMatch(told);
      expect(taken).toContain("-> main");
    }));

  it("refuses a path around the ref's present value, and takes one through it (policy-missing)", () =>
    withServer(null, (server) => {
      const vouched = policyText({ more: { trust: { merges: "first-parent" } } });
      const root = server.commit(alice, { files: { [POLICY]: vouched } });
      server.server.config("signpolicy.trustRoot", root);
      const main = server.commit(bob, { parents: [root], files: { m: "1" } });
      expect(push(server, main)).toContain("-> main");
      const beside = server.commit(bob, { parents: [root], files: { s: "1" } });
      const tree = server.tree({ s: "1" }, main);
      expect(push(server, server.commit(bob, { parents: [beside, main], tree }))).toContain("policy-missing");
      expect(push(server, server.commit(bob, { parents: [main, beside], tree }))).toContain("-> main");
    }));

  it("judges a push to a symbolic ref as one to the ref it names, whose rules alone may judge (policy-missing)", () =>
    withServer(null, (server) => {
      const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"] } }];
      const only = JSON.stringify({ ...(JSON.parse(all) as object), rules, unmatched: "allow" });
      const root = server.commit(alice, { files: { [POLICY]: only } });
      server.server.config("signpolicy.trustRoot", root);
      const first = server.commit(bob, { parents: [root], files: { a: "1" } });
      expect(push(server, first)).toContain("-> main");
      server.server.git(["symbolic-ref", "refs/heads/master", "refs/heads/main"]);
      const orphan = server.commit(alice, { files: { o: "1" } });
      const merge = server.commit(alice, { parents: [first, orphan], tree: server.tree({ o: "1" }, first) });
      const refused = push(server, merge, "refs/heads/master");
      expect(refused).toContain("policy-missing");
      expect(refused).toContain("rejected on refs/heads/master");
      expect(server.value("refs/heads/main")).toBe(first);
      const next = server.commit(bob, { parents: [first], files: { b: "1" } });
      expect(push(server, next, "refs/heads/master")).toContain("-> master");
      expect(server.value("refs/heads/main")).toBe(next);
      expect(push(server, server.commit(eve, { parents: [next] }))).toContain("-> main");
    }));

  it("takes a first policy through a symbolic ref only on a history that holds the root (policy-missing)", () =>
    withServer(null, (server) => {
      server.hooks(false);
      const old = server.commit(null);
      push(server, old);
      server.hooks(true);
      server.server.git(["symbolic-ref", "refs/heads/master", "refs/heads/main"]);
      const root = server.commit(alice, { parents: [old], files: { [POLICY]: all } });
      server.server.config("signpolicy.trustRoot", root);
      push(server, root, "refs/heads/parking");
      const beside = server.commit(alice, { parents: [old], files: { [POLICY]: all } });
      expect(push(server, beside, "refs/heads/master").replace(/\s*\nremote:\s*(?:error: )?/g, " ")).toContain(
        "does not hold the trust root",
      );
      expect(server.value("refs/heads/main")).toBe(old);
      expect(push(server, root, "refs/heads/master")).toContain("-> master");
      expect(server.value("refs/heads/main")).toBe(root);
    }));

  it("judges tags' commits by the chain of the policy's branch (policy-missing)", () =>
    withServer(null, (server) => {
      const { first } = rooted(server);
      const tags = JSON.parse(all) as { rules: object[] };
      const policy = JSON.stringify({
        ...tags,
        rules: [...tags.rules, { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"], target: "any" } }],
      });
      const change = server.commit(alice, { parents: [first], files: { [POLICY]: policy } });
      expect(push(server, change)).toContain("-> main");
      expect(push(server, server.tag(alice, "v1", change), "refs/tags/v1")).toContain("-> v1");
      const orphan = server.commit(alice, { files: { o: "2" } });
      expect(push(server, server.tag(alice, "v2", orphan), "refs/tags/v2")).toContain("policy-missing");
    }));
});

describe("pre-push in a clone with a trust root", () => {
  const prePush = (server: PushServer, oid: string, old: string, ref = "refs/heads/main"): string => {
    const argv = [BIN, "hook", "pre-push", "origin", server.server.dir];
    const result = server.clone.run(process.execPath, argv, { input: `HEAD ${oid} ${ref} ${old}\n` });
    return `${String(result.status)} ${result.stderr.replace(/\n(?:(?:warning|error|hint): )?/g, " ")}`;
  };

  it("refuses what the chain refuses, before it is sent, and tells what changes of the policy (policy-missing)", () =>
    withServer(null, (server) => {
      const { root, first } = rooted(server);
      server.clone.updateRef("refs/remotes/origin/main", first);
      server.clone.config("signpolicy.trustRoot", root);
      const orphan = server.commit(alice, { files: { o: "1" } });
      const none = "0".repeat(40);
      expect(prePush(server, orphan, none, "refs/heads/orphan")).toMatch(/^1 .*policy-missing.*trust root/s);
      expect(prePush(server, server.commit(bob, { parents: [first] }), none, "refs/heads/topic")).toMatch(/^0 /);
      const change = server.commit(alice, {
        parents: [first],
        files: { [POLICY]: policyText({ people: [alice, bob] }) },
      });
      expect(prePush(server, change, first)).toMatch(/^0 .*the policy changes: principals\.eve/s);
      server.clone.git(["config", "--unset", "signpolicy.trustRoot"]);
      expect(prePush(server, orphan, none, "refs/heads/orphan")).toMatch(/^0 /);
    }));
});

describe("a tag where a trust root is configured", () => {
  const tags = (signedBy: readonly string[], more: object = {}): string =>
    policyText({
      people: [alice, bob, eve],
      more: {
        rules: [
          { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
          { name: "tags", refs: ["refs/tags/**"], tags: { signedBy, ...more } },
        ],
      },
    });

  /** On main a commit under a policy by which alice alone tags, then one that lets bob tag as he likes. */
  function twoPolicies(server: PushServer): { root: string; old: string; tip: string } {
    const root = server.commit(alice, { files: { [POLICY]: tags(["alice"]) } });
    server.server.config("signpolicy.trustRoot", root);
    const old = server.commit(bob, { parents: [root], files: { a: "1" } });
    expect(push(server, old)).toContain("-> main");
    const looser = { [POLICY]: tags(["alice", "bob"], { lightweight: "allow" }) };
    const tip = server.commit(alice, { parents: [old], files: looser });
    expect(push(server, tip)).toContain("-> main");
    return { root, old, tip };
  }

  it("is judged by the policy that the tagged commit hands on, as verify judges it (signer-not-permitted)", () =>
    withServer(null, (server) => {
      const { root, old, tip } = twoPolicies(server);
      for (const [name, target] of [
        ["v1", old],
        ["v0", root],
      ] as const) {
        const refused = push(server, server.tag(bob, name, target), `refs/tags/${name}`);
        expect(refused).toContain("signer-not-permitted");
        expect(refused).toContain("from the trust root");
        expect(push(server, server.tag(alice, name, target), `refs/tags/${name}`)).toContain(`-> ${name}`);
      }
      expect(push(server, server.tag(bob, "v2", tip), "refs/tags/v2")).toContain("-> v2");
      const verified = (name: string): number => server.verify(["--trust-root", root, `refs/tags/${name}`]).status;
      expect([verified("v1"), verified("v2")]).toEqual([0, 0]);
      server.hooks(false);
      expect(push(server, server.tag(bob, "v3", old), "refs/tags/v3")).toContain("-> v3");
      expect(verified("v3")).toBe(1);
    }));

  it("needs a tag object where that policy asks for one, and each nested one signed by whom it names (lightweight-tag, signer-not-permitted)", () =>
    withServer(null, (server) => {
      const { old, tip } = twoPolicies(server);
      expect(push(server, old, "refs/tags/light")).toContain("lightweight-tag");
      expect(push(server, tip, "refs/tags/light")).toContain("-> light");
      const inner = server.tag(bob, "inner", old);
      expect(push(server, server.tag(alice, "outer", inner, "tag"), "refs/tags/outer")).toContain(
        "signer-not-permitted",
      );
      const good = server.tag(alice, "inner", old);
      expect(push(server, server.tag(alice, "outer", good, "tag"), "refs/tags/outer")).toContain("-> outer");
    }));
});
