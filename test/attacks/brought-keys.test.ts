/**
 * Attack: whoever stole a key brings in another before the theft is known, and goes on with that once the first is marked.
 * Stopped by: check/brought-keys.ts, told from the chain (check/chain-hindsight.ts) or from the history of the policy in force
 * (check/fallen-keys.ts). Somebody who holds `keys` may confirm such a key, by a key that does not come from the stolen one.
 */
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import {
  alice,
  bob,
  carol,
  eve,
  keyed,
  person,
  POLICY,
  policyText,
  principal,
  withHistory,
} from "../support/authenticated.ts";
import { withServer, type Person, type PushServer } from "../support/push-server.ts";

jest.setTimeout(120_000);

const dave = person("dave");
const line = (who: Person): string => who.key.line.trim();
const fingerprint = (who: Person): string => parseSshPublicKey(line(who)).fingerprint;
const everybody = (...who: string[]): object => ({ rules: who, principals: who, keys: who, exempt: who, threshold: 1 });
const all = everybody("alice", "carol");
const confirmed = "2023-12-01T00:00:00Z";
const confirm = (...who: Person[]): object =>
  Object.assign({}, ...who.map((one) => keyed(one, { ssh: line(one), confirmed }))) as object;
const stolen = keyed(carol, { ssh: line(carol), compromised: true });
const rescue = (reachableFrom: string): object => ({
  exempt: [{ key: fingerprint(carol), reachableFrom, reason: "looked at" }],
});

/** A policy of all rights to alice and carol, with these others. */
const policy = (people: readonly Person[], principals: object = {}, more: object = {}): string =>
  policyText({ people: [alice, bob, carol, ...people], principals, more: { administration: all, ...more } });

describe("from a trust root, a key that a compromised key brought in", () => {
  it("falls with it although its bringer is let stand, unless somebody else confirms it (key-revoked)", () =>
    withHistory(async (history) => {
      const root = history.root(policy([]));
      const added = history.change(carol, [root], policy([dave]));
      const trust = rescue(added);
      const mark = history.change(alice, [added], policy([dave], stolen, { trust }));
      expect((await history.verify(root, [history.same(bob, [mark])])).allowed).toBe(true);
      const byDave = await history.verify(root, [history.same(dave, [mark])]);
      expect(byDave.codes).toEqual(["key-revoked"]);
      expect(byDave.messages[0]).toContain(`signpolicy keys confirm ${fingerprint(dave)}`);
      // It was the thief's from the beginning: what it signed before falls, too.
      const early = history.same(dave, [added]);
      const later = history.change(alice, [early], policy([dave], stolen, { trust }));
      expect((await history.verify(root, [later])).codes).toEqual(["key-revoked", "policy-missing"]);
      const vouched = history.change(alice, [later], policy([dave], { ...stolen, ...confirm(dave) }, { trust }));
      expect((await history.verify(root, [history.same(dave, [vouched])])).allowed).toBe(true);
    }));

  it("signs no tag either, on whatever commit (key-revoked)", () =>
    withHistory(async (history) => {
      const rules = [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
      ];
      const root = history.root(policy([], {}, { rules }));
      const added = history.change(carol, [root], policy([dave], {}, { rules }));
      const mark = history.change(alice, [added], policy([dave], stolen, { rules, trust: rescue(added) }));
      history.tag(dave, "fallen", mark);
      history.tag(bob, "good", mark);
      expect((await history.verify(root, ["refs/tags/fallen"])).codes).toEqual(["key-revoked"]);
      expect((await history.verify(root, ["refs/tags/good"])).allowed).toBe(true);
    }));

  it("is confirmed by none that comes from the same key, nor by two that confirm each other (key-revoked)", () =>
    withHistory(async (history) => {
      const rights = { administration: everybody("alice", "carol", "dave", "eve") };
      const root = history.root(policy([]));
      const added = history.change(carol, [root], policy([dave]));
      const second = history.change(carol, [added], policy([dave, eve], {}, rights));
      const more = { ...rights, trust: rescue(second) };
      const mark = history.change(alice, [second], policy([dave, eve], stolen, more));
      expect((await history.verify(root, [history.same(bob, [mark])])).allowed).toBe(true);
      const byEve = history.change(eve, [mark], policy([dave, eve], { ...stolen, ...confirm(dave) }, more));
      const each = history.change(dave, [byEve], policy([dave, eve], { ...stolen, ...confirm(dave, eve) }, more));
      for (const tip of [byEve, each]) expect((await history.verify(root, [tip])).codes).toContain("key-revoked");
      const one = history.change(alice, [mark], policy([dave, eve], { ...stolen, ...confirm(dave) }, more));
      expect((await history.verify(root, [history.same(dave, [one])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(eve, [one])])).codes).toEqual(["key-revoked"]);
      const both = history.change(dave, [one], policy([dave, eve], { ...stolen, ...confirm(dave, eve) }, more));
      expect((await history.verify(root, [history.same(eve, [both])])).allowed).toBe(true);
    }));

  it("takes with it what it brought in itself (key-revoked)", () =>
    withHistory(async (history) => {
      const rights = { administration: everybody("alice", "carol", "dave") };
      const root = history.root(policy([]));
      const added = history.change(carol, [root], policy([dave], {}, rights));
      const byDave = history.change(dave, [added], policy([dave, eve], {}, rights));
      const more = { ...rights, trust: rescue(byDave) };
      const mark = history.change(alice, [byDave], policy([dave, eve], stolen, more));
      const verdict = await history.verify(root, [history.same(eve, [mark])]);
      expect(verdict.codes).toEqual(["key-revoked", "policy-missing"]);
      // Who is confirmed brought in others as himself.
      const one = history.change(alice, [mark], policy([dave, eve], { ...stolen, ...confirm(dave) }, more));
      expect((await history.verify(root, [history.same(eve, [one])])).allowed).toBe(true);
    }));

  it("falls as the next key of the same person, until somebody else confirms that it is hers (key-revoked)", () =>
    withHistory(async (history) => {
      const both = (...marks: object[]): object =>
        keyed(carol, { ssh: line(carol), ...marks[0] }, { ssh: line(dave), ...marks[1] });
      const next = { ...carol, key: dave.key };
      const root = history.root(policy([]));
      const rotated = history.change(carol, [root], policy([], both()));
      const marked = policy([], both({ compromised: true }), { trust: rescue(rotated) });
      const mark = history.change(alice, [history.same(next, [rotated])], marked);
      expect((await history.verify(root, [mark])).codes).toContain("key-revoked");
      const again = policy([], both({ compromised: true }, { confirmed }), { trust: rescue(rotated) });
      const vouched = history.change(alice, [mark], again);
      expect((await history.verify(root, [history.same(next, [vouched])])).allowed).toBe(true);
    }));

  it("stands where somebody else brought it in as well, or again (key-revoked)", () =>
    withHistory(async (history) => {
      const root = history.root(policy([]));
      const ours = history.change(alice, [root], policy([dave]));
      const theirs = history.change(carol, [root], policy([dave], {}, { unmatched: "allow" }));
      const merged = policy([dave], stolen, { unmatched: "allow", trust: rescue(theirs) });
      const merge = history.withTree(alice, [ours, theirs], history.change(null, [root], merged));
      expect((await history.verify(root, [history.same(dave, [merge])])).allowed).toBe(true);
      const added = history.change(carol, [root], policy([dave]));
      const removed = history.change(alice, [added], policy([]));
      const back = policy([dave], stolen, { trust: rescue(added) });
      expect((await history.verify(root, [history.same(dave, [history.change(alice, [removed], back)])])).allowed).toBe(
        true,
      );
      const twice = history.change(alice, [history.change(carol, [removed], policy([dave]))], back);
      expect((await history.verify(root, [twice])).codes).toContain("key-revoked");
    }));
});

describe("from a trust root, what a compromised key changed of the policy", () => {
  it("is let stand by none who owes the right to that change, or got it back by one (key-revoked)", () =>
    withHistory(async (history) => {
      const rights = (...who: string[]): object => ({ administration: everybody(...who) });
      const root = history.root(policy([]));
      const gives = history.change(carol, [root], policy([], {}, rights("alice", "carol", "bob")));
      const by = (who: Person, from: string): string =>
        history.change(who, [from], policy([], stolen, { ...rights("alice", "carol", "bob"), trust: rescue(from) }));
      expect((await history.verify(root, [by(bob, gives)])).codes).toContain("key-revoked");
      expect((await history.verify(root, [by(alice, gives)])).allowed).toBe(true);

      const held = history.root(policy([], {}, rights("alice", "carol", "bob")));
      const first = history.change(
        carol,
        [held],
        policy([], {}, { ...rights("alice", "carol", "bob"), unmatched: "allow" }),
      );
      const lost = history.change(alice, [first], policy([]));
      const back = history.change(carol, [lost], policy([], {}, rights("alice", "carol", "bob")));
      expect((await history.verify(held, [by(bob, back)])).codes).toContain("key-revoked");
      expect((await history.verify(held, [by(alice, back)])).allowed).toBe(true);
      expect((await history.verify(held, [by(bob, first)])).allowed).toBe(true);
    }));

  it("is not let stand by a key that it gave to somebody who holds the right (key-revoked)", () =>
    withHistory(async (history) => {
      const second = { ...alice, key: dave.key };
      const two = keyed(alice, { ssh: line(alice) }, { ssh: line(dave) });
      const root = history.root(policy([]));
      const gives = history.change(carol, [root], policy([], two));
      const own = policy([], { ...stolen, ...two }, { trust: rescue(gives) });
      expect((await history.verify(root, [history.change(second, [gives], own)])).codes).toContain("key-revoked");
      expect((await history.verify(root, [history.change(alice, [gives], own)])).allowed).toBe(true);
    }));
});

const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"] } }];
const inTree = (people: readonly Person[], principals: object = {}, more: object = {}): string =>
  JSON.stringify({
    version: 1,
    principals: { ...Object.fromEntries(people.map((who) => [who.name, principal(who)])), ...principals },
    administration: everybody("alice", "carol"),
    rules,
    ...more,
  });

/** Pushes a commit onto main; gives what the server said, or that it landed. */
function onto(server: PushServer, who: Person, files: Readonly<Record<string, string>> = {}): string {
  const parent = server.value("refs/heads/main");
  const oid = server.commit(who, { parents: parent === null ? [] : [parent], files });
  const { status, text } = server.push([`${oid}:refs/heads/main`]);
  return status === 0 ? "landed" : text.replace(/\s*\nremote:(?: error:)?\s*/g, " ");
}

const begin = (server: PushServer, who: Person, text: string): void => {
  server.hooks(false);
  expect(onto(server, who, { [POLICY]: text })).toBe("landed");
  server.hooks(true);
};

describe("where the policy lives in the repository, a key that a compromised key brought in", () => {
  it("falls with it, in hooks and in verify, unless somebody else confirms it (key-revoked)", () =>
    withServer(null, (server) => {
      begin(server, alice, inTree([alice, bob, carol]));
      expect(onto(server, carol, { [POLICY]: inTree([alice, bob, carol, dave]) })).toBe("landed");
      expect(onto(server, dave)).toBe("landed");
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob, dave], stolen) })).toBe("landed");
      const refused = onto(server, dave);
      expect(refused).toContain("key-revoked");
      expect(refused).toContain(`signpolicy keys confirm ${fingerprint(dave)}`);
      expect(onto(server, bob)).toBe("landed");
      expect(server.verify(["refs/heads/main"]).text).toContain(`signpolicy keys confirm ${fingerprint(dave)}`);
      expect(onto(server, dave, { [POLICY]: inTree([alice, bob], { ...stolen, ...confirm(dave) }) })).toContain(
        "key-revoked",
      );
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob], { ...stolen, ...confirm(dave) }) })).toBe("landed");
      expect(onto(server, dave)).toBe("landed");
    }));

  it("stands from a trust root, too, where the record shows that it came in before (key-revoked)", () =>
    withServer(null, (server) => {
      const since = (minutes: number): object => {
        const compromised = new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z/, "Z");
        return keyed(carol, { ssh: line(carol), compromised });
      };
      begin(server, alice, inTree([alice, bob, carol]));
      server.server.config("signpolicy.trustRoot", server.value("refs/heads/main") ?? "");
      expect(onto(server, carol, { [POLICY]: inTree([alice, bob, carol, dave]) })).toBe("landed");
      const refused = onto(server, alice, { [POLICY]: inTree([alice, bob, dave], since(-60)) });
      expect(refused).toContain("from the trust root");
      expect(refused).toContain("key-revoked");
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob, dave], since(60)) })).toBe("landed");
      expect(onto(server, dave)).toBe("landed");
    }));

  it("falls again at the next push, by what was kept of the last one, which nobody else can write (key-revoked)", () =>
    withServer(null, (server) => {
      begin(server, alice, inTree([alice, bob, carol]));
      expect(onto(server, carol, { [POLICY]: inTree([alice, bob, carol, dave]) })).toBe("landed");
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob, dave], stolen) })).toBe("landed");
      expect(onto(server, bob)).toBe("landed");
      const kept = join(server.server.gitDir, "signpolicy", "keys-fallen");
      const text = readFileSync(kept, "utf8");
      expect(text).toContain(fingerprint(dave));
      expect(onto(server, dave)).toContain("key-revoked");
      expect(onto(server, bob)).toBe("landed");
      const [, question = "", answer = ""] = text.split("\n");
      const none = JSON.stringify([(JSON.parse(answer) as [string])[0], []]);
      const forged = [createHash("sha256").update(`${question}\n${none}`).digest("hex"), question, none].join("\n");
      writeFileSync(kept, forged, { mode: 0o600 });
      chmodSync(kept, 0o666);
      expect(onto(server, dave)).toContain("key-revoked");
      writeFileSync(kept, text.replace(fingerprint(dave), fingerprint(eve)), { mode: 0o600 });
      expect(onto(server, dave)).toContain("key-revoked");
    }));

  it("stands where the record shows that it came in before the key was stolen (key-revoked)", () =>
    withServer(null, (server) => {
      const since = (minutes: number): object => {
        const compromised = new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z/, "Z");
        return keyed(carol, { ssh: line(carol), compromised });
      };
      begin(server, alice, inTree([alice, bob, carol]));
      expect(onto(server, carol, { [POLICY]: inTree([alice, bob, carol, dave]) })).toBe("landed");
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob, dave], since(60)) })).toBe("landed");
      expect(onto(server, dave)).toBe("landed");
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob, dave], since(-60)) })).toBe("landed");
      expect(onto(server, dave)).toContain("key-revoked");
    }));

  it.each(["first", "last"])(
    "falls if it came by a merge of a history of its own, and nobody else's with it (key-revoked; main comes %s)",
    (place) =>
      withServer(null, (server) => {
        begin(server, alice, inTree([alice, bob, carol]));
        const main = server.value("refs/heads/main") ?? "";
        const rights = { administration: everybody("carol") };
        const own = server.commit(carol, { files: { [POLICY]: inTree([carol, eve], {}, rights) } });
        const parents = place === "first" ? [main, own] : [own, main];
        const merge = server.commit(carol, { parents, files: { [POLICY]: inTree([alice, bob, carol, eve]) } });
        const { status, text } = server.push([`${merge}:refs/heads/main`]);
        expect(status === 0 ? "landed" : text).toBe("landed");
        expect(onto(server, alice, { [POLICY]: inTree([alice, bob, eve], stolen) })).toBe("landed");
        expect(onto(server, eve)).toContain("key-revoked");
        expect(onto(server, bob)).toBe("landed");
      }),
  );

  it("shuts nobody out: a mark that would leave nobody to change the policy is refused, and says who fell (policy-change)", () =>
    withServer(null, (server) => {
      begin(server, carol, inTree([carol], {}, { administration: everybody("carol") }));
      expect(onto(server, carol, { [POLICY]: inTree([alice, bob, carol]) })).toBe("landed");
      const refused = onto(server, alice, { [POLICY]: inTree([alice, bob], stolen) });
      expect(refused).toContain("policy-change");
      expect(refused).toContain(fingerprint(alice));
      expect(refused).toContain("keys revoke");
      const later = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z/, "Z");
      const since = keyed(carol, { ssh: line(carol), compromised: later });
      expect(onto(server, alice, { [POLICY]: inTree([alice, bob], since) })).toBe("landed");
      expect(onto(server, bob)).toBe("landed");
    }));
});
