/**
 * Attack: what a stolen key signed is to be let stand as if it were its owner's: on top of or beside what an administrator
 * named, under the name of another key, before anybody knows of the theft, or with anything else wrong.
 * Stopped by: `trust.exempt` entries that name a key, full ids and nothing else (policy/rescue.ts), only of keys that are
 * marked (check/policy.ts), and evidence that is made anew without the compromise and with every other limit.
 */
import { describe, expect, it } from "@jest/globals";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { alice, bob, eve, mainRule, policyOf, principal, withServer, type PushServer } from "../support/push-server.ts";

const fingerprint = (who: typeof alice): string => parseSshPublicKey(who.key.line.trim()).fingerprint;
const ALICE = fingerprint(alice);
const reason = "looked at by bob";

const tagRule = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };
const stolen = (exempt: readonly object[], marks: object = { compromised: true }): object =>
  policyOf([mainRule, tagRule], {
    principals: {
      alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), ...marks }] }),
      bob: principal(bob),
    },
    trust: { exempt },
  });
const entry = (reachableFrom: string, more: object = {}): object => ({ key: ALICE, reachableFrom, reason, ...more });

function push(server: PushServer, oid: string, ref = "refs/heads/main"): string {
  const { status, text } = server.push([`+${oid}:${ref}`]);
  return status === 0 ? "landed" : text;
}

describe("what a compromised key signed", () => {
  it.each<[string, object]>([
    ["from the beginning", { compromised: true }],
    ["since a time", { compromised: "2020-01-01T00:00:00Z" }],
  ])(
    "stands where an exemption names the key and the commit, and not on top of or beside it (key-revoked; %s)",
    (_, marks) =>
      withServer(stolen([], marks), (server) => {
        const first = server.commit(alice);
        const last = server.commit(alice, { parents: [first] });
        expect(push(server, last)).toContain("key-revoked");
        server.setPolicy(stolen([entry(last)], marks));
        expect(push(server, server.commit(alice, { parents: [last] }))).toContain("key-revoked");
        expect(push(server, server.commit(alice, { parents: [first] }))).toContain("key-revoked");
        expect(push(server, server.commit(bob, { parents: [last] }))).toBe("landed");
        const [{ decisions }] = [JSON.parse(server.verify(["--format", "json", "main"]).text)] as [
          { decisions: { exempt: boolean; principal: string; findings: { code: string; message: string }[] }[] },
        ];
        expect(decisions[0]).toMatchObject({ exempt: true, principal: "alice", findings: [{ code: "key-revoked" }] });
        expect(decisions[0]?.findings[0]?.message).toContain(reason);
        expect(decisions[2]).toMatchObject({ exempt: false, principal: "bob", findings: [] });
      }),
  );

  it("is forgiven that alone: not a bad signature, another limit, or a signer who may not (bad-signature, key-expired)", () =>
    withServer(stolen([]), (server) => {
      const tampered = server.tamper(server.commit(alice));
      server.setPolicy(stolen([entry(tampered)]));
      expect(push(server, tampered)).toContain("bad-signature");
      const late = server.commit(alice);
      server.setPolicy(stolen([entry(late)], { compromised: true, until: "2020-01-01T00:00:00Z" }));
      expect(push(server, late)).toContain("key-expired");
      const unsigned = server.commit(null);
      server.setPolicy(stolen([entry(unsigned)]));
      expect(push(server, unsigned)).toContain("unsigned");
      const foreign = server.commit(alice, { email: bob.email });
      server.setPolicy(stolen([entry(foreign)]));
      expect(push(server, foreign)).toContain("identity-mismatch");
    }));

  it("is not forgiven by an exemption that names no key, or another one (key-revoked)", () =>
    withServer(stolen([]), (server) => {
      const commit = server.commit(alice);
      server.setPolicy(stolen([{ commit, reason }]));
      expect(push(server, commit)).toContain("key-revoked");
      const both = policyOf([mainRule], {
        principals: {
          alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), compromised: true }] }),
          bob: principal(bob, { keys: [{ ssh: bob.key.line.trim(), compromised: true }] }),
        },
        trust: { exempt: [{ key: fingerprint(bob), reachableFrom: commit, reason }] },
      });
      server.setPolicy(both);
      expect(push(server, commit)).toContain("key-revoked");
    }));

  it("may newly arrive until the exemption ends, and stands after (key-revoked)", () =>
    withServer(stolen([]), (server) => {
      const commit = server.commit(alice);
      server.setPolicy(stolen([entry(commit, { until: "2020-01-01T00:00:00Z" })]));
      expect(push(server, commit)).toContain("key-revoked");
      server.setPolicy(stolen([entry(commit, { until: "2120-01-01T00:00:00Z" })]));
      expect(push(server, commit)).toBe("landed");
      server.setPolicy(stolen([entry(commit, { until: "2020-01-01T00:00:00Z" })]));
      expect(server.verify(["main"]).status).toBe(0);
    }));

  it("stands as a tag that an exemption names (key-revoked)", () =>
    withServer(stolen([]), (server) => {
      const commit = server.commit(bob);
      expect(push(server, commit)).toBe("landed");
      const tag = server.tag(alice, "v1", commit);
      expect(push(server, tag, "refs/tags/v1")).toContain("key-revoked");
      server.setPolicy(stolen([{ key: ALICE, commit: tag, reason }]));
      expect(push(server, server.tag(alice, "v2", commit), "refs/tags/v2")).toContain("key-revoked");
      expect(push(server, tag, "refs/tags/v1")).toBe("landed");
    }));
});

describe("an exemption for a key", () => {
  it.each<[string, object]>([
    ["that nobody has marked, as a thief might leave behind", {}],
    ["that was retired only", { retired: "2020-01-01T00:00:00Z" }],
  ])("%s makes the policy unusable (policy-missing)", (_, marks) =>
    withServer(stolen([]), (server) => {
      const commit = server.commit(bob);
      server.setPolicy(stolen([entry(commit)], marks));
      const text = push(server, commit);
      expect(text).toContain("policy-missing");
      expect(text.replace(/\s*\nremote: error:\s*/g, " ")).toContain("neither marked as compromised nor revoked");
      server.setPolicy(stolen([entry(commit)]));
      expect(push(server, commit)).toBe("landed");
    }),
  );

  it("of a stranger makes the policy unusable (policy-missing)", () =>
    withServer(stolen([]), (server) => {
      const commit = server.commit(bob);
      server.setPolicy(stolen([{ key: fingerprint(eve), reachableFrom: commit, reason }]));
      expect(push(server, commit)).toContain("policy-missing");
    }));
});
