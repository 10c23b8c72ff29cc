/**
 * Attack: with `administration.keys: [self, …]` somebody makes more of the right over his own keys than it is: gives another
 * a key, claims a key that is not his, opens a key again that was closed, or takes what was said against one away.
 * Stopped by: the typed differences of keys (policy/diff-keys.ts), each his own or not, and the new key's own signature over
 * whose it is (check/key-proof.ts). An entry with a mark that reaches back goes by nobody's hand (check/policy-edits.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { keyClaimPayload } from "../../src/subject/key-proof.ts";
import {
  armor,
  binding,
  certification,
  DAY,
  eddsaKey,
  issuerKeyId,
  keyLifetime,
  MADE,
  publicKey,
  publicSubkey,
  revocation,
  simpleCertificate,
  userId,
  ALICE,
  SIGNED,
} from "../support/openpgp.ts";
import { alice, bob, eve, mainRule, person, principal, withServer, type PushServer } from "../support/push-server.ts";
import { ed25519Key, sshSig, type TestKey } from "../support/ssh.ts";

const POLICY = ".signpolicy.json";
const laptop = ed25519Key(Buffer.alloc(32, "laptop"));
const robot = person("robot");
const line = (key: TestKey): string => key.line.trim();
type Key = Readonly<Record<string, unknown>>;

const policyWith = (serial: number, keys: Readonly<Record<string, readonly Key[]>> = {}, more: object = {}): string =>
  JSON.stringify({
    version: 1,
    serial,
    principals: {
      alice: principal(alice, { keys: [{ ssh: line(alice.key) }, ...(keys["alice"] ?? [])] }),
      bob: principal(bob, { keys: [{ ssh: line(bob.key) }, ...(keys["bob"] ?? [])] }),
      robot: principal(robot, { role: "bot", keys: [{ ssh: line(robot.key) }, ...(keys["robot"] ?? [])] }),
    },
    groups: { devs: ["alice", "bob", "robot"] },
    rules: [mainRule],
    unmatched: "allow",
    administration: { rules: ["alice"], principals: ["alice"], keys: ["self", "alice"], exempt: ["alice"] },
    ...more,
  });

interface Claimed {
  readonly by?: TestKey;
  readonly principal?: string;
  readonly emails?: readonly string[];
  readonly namespace?: string;
}
/** A key entry with a proof: bob's laptop, unless a part of it is another. */
function proven(key: TestKey, { by = key, namespace = "git", ...claim }: Claimed = {}, more: Key = {}): Key {
  const payload = keyClaimPayload({
    principal: "bob",
    emails: ["bob@example.org"],
    fingerprint: parseSshPublicKey(line(key)).fingerprint,
    ...claim,
  });
  return { ssh: line(key), proof: Buffer.from(sshSig(by, payload, { namespace })).toString("latin1"), ...more };
}

function started(server: PushServer, policy: string): string {
  server.hooks(false);
  const first = server.commit(alice, { files: { [POLICY]: policy } });
  expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return first;
}
function push(server: PushServer, oid: string): string {
  const { status, text } = server.push([`${oid}:refs/heads/main`]);
  return status === 0 ? "landed" : text;
}
const change = (server: PushServer, who: typeof alice, parent: string, policy: string): string =>
  server.commit(who, { parents: [parent], files: { [POLICY]: policy } });

describe("a key that somebody adds for himself", () => {
  it("is his once it signed that it is, and signs from the next commit on (policy-change without)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1));
      const bare = change(server, bob, first, policyWith(2, { bob: [{ ssh: line(laptop) }] }));
      expect(push(server, bare)).toContain("policy-change");
      const added = change(server, bob, first, policyWith(2, { bob: [proven(laptop)] }));
      expect(push(server, added)).toBe("landed");
      expect(push(server, server.commit({ ...bob, key: laptop }, { parents: [added] }))).toBe("landed");
    }));

  it("cannot sign the commit that brings it in (unknown-key)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1));
      const next = change(server, { ...bob, key: laptop }, first, policyWith(2, { bob: [proven(laptop)] }));
      expect(push(server, next)).toContain("unknown-key");
    }));

  it.each<[string, Key]>([
    ["is another's whom he names as himself", proven(eve.key, { by: bob.key })],
    ["says that it is somebody else's", proven(laptop, { principal: "alice", emails: ["alice@example.org"] })],
    ["says so in another repository, of another bob", proven(laptop, { emails: ["bob@example.com"] })],
    ["signed it for another purpose", proven(laptop, { namespace: "file" })],
    ["signed it for another key", { ...proven(laptop), ssh: line(eve.key) }],
    ["is a CA's, which speaks for others", { sshCa: line(laptop), proof: proven(laptop)["proof"] }],
  ])("is refused when it %s (policy-change)", (_, key) =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1));
      const next = policyWith(2, { bob: [key] });
      expect(push(server, change(server, bob, first, next))).toContain("policy-change");
      expect(push(server, change(server, alice, first, next))).toBe("landed");
    }),
  );

  it("is refused at another principal, whatever it proves (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1));
      const claim = { principal: "alice", emails: ["alice@example.org"] };
      const next = policyWith(2, { alice: [proven(laptop, claim)] });
      expect(push(server, change(server, bob, first, next))).toContain("policy-change");
    }));

  it("is refused for a bot, which others look after (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1));
      const claim = { principal: "robot", emails: ["robot@example.org"] };
      const next = policyWith(2, { robot: [proven(laptop, claim)] });
      expect(push(server, change(server, robot, first, next))).toContain("policy-change");
      expect(push(server, change(server, alice, first, next))).toBe("landed");
    }));

  it("is refused where `self` holds no right (policy-change)", () =>
    withServer(null, (server) => {
      const only = { administration: { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"] } };
      const first = started(server, policyWith(1, {}, only));
      const next = policyWith(2, { bob: [proven(laptop)] }, only);
      expect(push(server, change(server, bob, first, next))).toContain("policy-change");
    }));
});

describe("another's key", () => {
  it("is not his to mark as compromised, and the refusal says how to see what would fall (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { alice: [{ ssh: line(laptop) }] }));
      const next = policyWith(2, { alice: [{ ssh: line(laptop), compromised: true }] });
      const text = push(server, change(server, bob, first, next));
      expect(text).toContain("policy-change");
      const { fingerprint } = parseSshPublicKey(line(laptop));
      expect(text.replace(/\s*\nremote: hint:\s*/g, " ")).toContain(`signpolicy keys blast ${fingerprint}`);
      expect(push(server, change(server, alice, first, next))).toBe("landed");
    }));
});

describe("a key of one's own that was closed", () => {
  it.each<[string, Key]>([
    ["compromised", { compromised: true }],
    ["retired", { retired: "2026-01-01T00:00:00Z" }],
    ["past its end", { until: "2026-01-01T00:00:00Z" }],
    ["not begun", { from: "2099-01-01T00:00:00Z" }],
  ])("stays so when it is %s: neither the mark goes, nor the entry, to come back without (policy-change)", (_, mark) =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [{ ssh: line(laptop), ...mark }] }));
      const open = policyWith(2, { bob: [proven(laptop)] });
      expect(push(server, change(server, bob, first, open))).toContain("policy-change");
      expect(push(server, change(server, bob, first, policyWith(2)))).toContain("policy-change");
      expect(push(server, change(server, alice, first, open))).toBe("landed");
    }),
  );

  it.each<[string, Key]>([
    ["retired", { retired: "2026-01-01T00:00:00Z" }],
    ["past its end", { until: "2026-01-01T00:00:00Z" }],
    ["open", {}],
  ])("may be taken out by a holder of the right when it is %s", (_, mark) =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [{ ssh: line(laptop), ...mark }] }));
      expect(push(server, change(server, alice, first, policyWith(2)))).toBe("landed");
    }),
  );

  it.each<[string, true | string]>([
    ["from the beginning", true],
    ["since a time", "2026-01-01T00:00:00Z"],
  ])(
    "stays when it is compromised %s, and its principal with it, whoever signs: it would come back by its old proof (policy-change)",
    (_, compromised) =>
      withServer(null, (server) => {
        const first = started(server, policyWith(1, { bob: [proven(laptop)] }));
        const mark = change(server, alice, first, policyWith(2, { bob: [proven(laptop, {}, { compromised })] }));
        expect(push(server, mark)).toBe("landed");
        const gone = push(server, change(server, alice, mark, policyWith(3)));
        expect(gone).toContain("policy-change");
        expect(gone.replace(/\s*\nremote: [a-z]*:?\s*/g, " ")).toContain("leave its entry in place with the mark");
        const whole = JSON.parse(policyWith(3)) as { principals: Record<string, unknown>; groups: object };
        const others = { alice: whole.principals["alice"], robot: whole.principals["robot"] };
        const left = JSON.stringify({ ...whole, principals: others, groups: { devs: ["alice", "robot"] } });
        expect(push(server, change(server, alice, mark, left))).toContain("policy-change");
        const renamed = {
          ...others,
          robert: { emails: ["bob@example.org"], keys: [{ ssh: line(laptop), compromised }] },
        };
        const moved = JSON.stringify({ ...whole, principals: renamed, groups: { devs: ["alice", "robot", "robert"] } });
        expect(push(server, change(server, alice, mark, moved))).toBe("landed");
      }),
  );

  it("may be closed, and an open one taken out, by its owner", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [{ ssh: line(laptop) }] }));
      const removed = change(server, bob, first, policyWith(2));
      expect(push(server, removed)).toBe("landed");
      const back = change(server, bob, removed, policyWith(3, { bob: [proven(laptop)] }));
      expect(push(server, back)).toBe("landed");
      const retired = policyWith(4, { bob: [proven(laptop, {}, { retired: "2026-01-01T00:00:00Z" })] });
      expect(push(server, change(server, bob, back, retired))).toBe("landed");
    }));
});

describe("a certificate of one's own", () => {
  const key = eddsaKey({ seed: 9 });
  const armored = (...parts: readonly Uint8Array[]): Key => ({
    openpgp: Buffer.from(armor("PGP PUBLIC KEY BLOCK", Buffer.concat(parts))).toString("latin1"),
  });
  const plain = simpleCertificate(key);
  const revoked = armored(plain, revocation(key, SIGNED, 2));
  const renewed = armored(publicKey(key), userId(ALICE), certification(key, ALICE, { at: MADE + 1000 }));

  it("may be renewed by its owner, and not go back to an older copy (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [armored(plain)] }));
      const next = change(server, bob, first, policyWith(2, { bob: [renewed] }));
      expect(push(server, next)).toBe("landed");
      const back = change(server, bob, next, policyWith(3, { bob: [armored(plain)] }));
      expect(push(server, back)).toContain("policy-change");
    }));

  it("keeps its end: no older word of it comes back, with or without a newer one beside it (policy-change)", () =>
    withServer(null, (server) => {
      const subkey = eddsaKey({ seed: 10 });
      const user = (options: Parameters<typeof certification>[2]): Uint8Array => certification(key, ALICE, options);
      const bound = (...bindings: readonly Uint8Array[]): Uint8Array =>
        Buffer.concat([publicSubkey(subkey), ...bindings]);
      const endless = binding(key, subkey, { at: MADE });
      const ending = binding(key, subkey, { at: MADE + 100, hashed: [keyLifetime(DAY)] });
      const head = [publicKey(key), userId(ALICE)];
      const ended = user({ at: MADE + 2000, hashed: [keyLifetime(DAY)] });
      const first = started(
        server,
        policyWith(1, { bob: [armored(...head, user({}), ended, bound(endless, ending))] }),
      );
      const maker = eddsaKey({ seed: 11 });
      const stranger = certification(key, ALICE, { maker, at: MADE + 3000 });
      const forged = certification(key, ALICE, { maker, issuer: key, unhashed: [issuerKeyId(key)], at: MADE + 3000 });
      for (const copy of [
        [...head, user({}), bound(endless, ending)],
        [...head, user({}), stranger, bound(endless, ending)],
        [...head, user({}), forged, bound(endless, ending)],
        [...head, user({}), ended, bound(endless)],
        [...head, user({ at: MADE + 4000 }), bound(endless)],
        [...head, user({}), ended],
        [
          ...head,
          user({}),
          ended,
          bound(endless, ending),
          userId("Other <o@example.org>"),
          certification(key, "Other <o@example.org>", {}),
        ],
      ]) {
        expect(push(server, change(server, bob, first, policyWith(2, { bob: [armored(...copy)] })))).toContain(
          "policy-change",
        );
      }
      expect(push(server, change(server, bob, first, policyWith(2)))).toContain("policy-change");
      const extended = binding(key, subkey, { at: MADE + 5000, hashed: [keyLifetime(9 * DAY)] });
      for (const [at, copy] of [
        [...head, ended, bound(ending)],
        [...head, user({ at: MADE + 4000 }), bound(ending)],
        [...head, user({ at: MADE + 4000 }), bound(extended)],
        [
          ...head,
          user({ at: MADE + 4000 }),
          bound(extended),
          userId("Other <o@example.org>"),
          certification(key, "Other <o@example.org>", { at: MADE + 6000 }),
        ],
      ].entries()) {
        const before = server.value("refs/heads/main") ?? "";
        const next = policyWith(at + 2, { bob: [armored(...copy)] });
        expect(push(server, change(server, bob, before, next))).toBe("landed");
      }
    }));

  it("keeps its revocation: the copy without it is not its owner's to put there, nor the entry to remove (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [revoked] }));
      expect(push(server, change(server, bob, first, policyWith(2, { bob: [armored(plain)] })))).toContain(
        "policy-change",
      );
      expect(push(server, change(server, bob, first, policyWith(2)))).toContain("policy-change");
    }));

  it("keeps its entry with a hard revocation by anybody's hand, and not with a soft one or one that was a retirement (policy-change)", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [revoked] }));
      expect(push(server, change(server, alice, first, policyWith(2)))).toContain("policy-change");
      for (const [reason, mark] of [
        [3, {}],
        [0, { retired: "2026-01-01T00:00:00Z" }],
      ] as const) {
        const before = server.value("refs/heads/main") ?? "";
        const serial = before === first ? 2 : 4;
        const other = eddsaKey({ seed: 12 + serial });
        const ended = armored(simpleCertificate(other), revocation(other, SIGNED, reason));
        const added = change(server, alice, before, policyWith(serial, { bob: [revoked, { ...ended, ...mark }] }));
        expect(push(server, added)).toBe("landed");
        const removed = change(server, alice, added, policyWith(serial + 1, { bob: [revoked] }));
        expect(push(server, removed)).toBe("landed");
      }
    }));

  it("may be revoked by its owner, in the copy that brings the revocation", () =>
    withServer(null, (server) => {
      const first = started(server, policyWith(1, { bob: [armored(plain)] }));
      expect(push(server, change(server, bob, first, policyWith(2, { bob: [revoked] })))).toBe("landed");
    }));
});
