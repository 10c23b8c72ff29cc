import { describe, expect, it } from "@jest/globals";
import { fromLatin1 } from "../../../../src/encoding/bytes.ts";
import { createAnchors } from "../../../../src/signature/anchors.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import { verifyOpenPgp } from "../../../../src/signature/openpgp/verify.ts";
import {
  ALGORITHMS,
  DAY,
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  TIMES,
  eddsaKey,
  issuerKeyId,
  judge,
  keyLifetime,
  lifetime,
  packet,
  armor,
  publicKey,
  revocation,
  rsaKey,
  signature,
  simpleCertificate,
  subpacket,
  withSubkey,
} from "../../../support/openpgp.ts";
import { concatBytes } from "../../../../src/encoding/bytes.ts";

const alice = eddsaKey({ seed: 1 });
const bob = eddsaKey({ seed: 2 });
const certificate = simpleCertificate(alice);

describe("verifyOpenPgp", () => {
  it("credits the key that signed, its certificate and the policy's principal", async () => {
    const sub = rsaKey(2048);
    expect(await judge(signature(sub), withSubkey(alice, sub))).toEqual({
      outcome: "verified",
      format: "openpgp",
      issuer: sub.fingerprint,
      signedAt: SIGNED,
      signer: {
        key: { fingerprint: sub.fingerprint, primary: alice.fingerprint, algorithm: "rsa", bits: 2048 },
        principal: "alice",
      },
      lapsed: null,
    });
  });
  it("carries what the signature claims, and no signer, where it is refuted (bad-signature)", async () => {
    const evidence = await judge(signature(alice), certificate, { payload: fromLatin1("other") });
    expect(evidence).toEqual({
      outcome: "refuted",
      format: "openpgp",
      code: "bad-signature",
      detail: "the signature does not match what it stands under",
      issuer: alice.fingerprint,
      signedAt: SIGNED,
      suspect: "alice",
    });
    expect(evidence).not.toHaveProperty("signer");
  });
  it("names the key that the policy lacks, by fingerprint or by id (unknown-key)", async () => {
    expect(await judge(signature(bob), certificate)).toEqual({
      outcome: "undecided",
      format: "openpgp",
      code: "unknown-key",
      detail: `the policy lists no key ${bob.fingerprint}`,
      issuer: bob.fingerprint,
      signedAt: SIGNED,
      suspect: null,
    });
    expect(await judge(signature(bob, PAYLOAD, { issuer: null }), certificate)).toMatchObject({ issuer: bob.keyId });
  });
  it("claims nothing of what it cannot read (malformed)", async () => {
    expect(await judge(fromLatin1("hello"), certificate)).toMatchObject({
      code: "malformed",
      issuer: null,
      signedAt: null,
    });
    const empty = armor("PGP SIGNATURE", packet(13, fromLatin1("x")));
    expect(await judge(empty, certificate)).toBeRefuted("malformed");
  });
  it("says that the signature expired only after whatever its key is guilty of (signature-expired)", async () => {
    const expired = signature(alice, PAYLOAD, { hashed: [lifetime(DAY)] });
    expect(await judge(expired, certificate)).toBeRefuted("signature-expired");
    const revoked = concatBytes(certificate, revocation(alice, SIGNED, 2));
    expect(await judge(expired, revoked)).toBeRefuted("key-revoked");
  });
  it("takes the policy's marks at their clocks", async () => {
    const window = { compromised: SIGNED + DAY };
    expect(await judge(signature(alice), certificate, { window })).toBeRefuted("key-revoked");
    const received = { receivedAt: SIGNED + 60 };
    expect(await judge(signature(alice), certificate, { window, times: received })).toMatchObject({
      outcome: "verified",
    });
  });
  it("judges one key by two policies, and at two times, without mixing them up", async () => {
    const read = readCertificate(simpleCertificate(alice, { hash: "sha256", hashed: [keyLifetime(NOW - MADE)] }));
    const entries = [{ kind: "openpgp", certificate: read, principal: "alice", window: {} }] as const;
    const [lax, strict] = [
      createAnchors(entries, ALGORITHMS),
      createAnchors(entries, { ...ALGORITHMS, hashes: ["sha512"] }),
    ];
    const armored = signature(alice);
    for (let round = 0; round < 2; round++) {
      expect(await verifyOpenPgp(armored, PAYLOAD, lax, { ...TIMES, now: NOW - 1 })).toMatchObject({ lapsed: null });
      expect(await verifyOpenPgp(armored, PAYLOAD, strict, TIMES)).toBeRefuted("weak-algorithm");
      expect(await verifyOpenPgp(armored, PAYLOAD, lax, TIMES)).toMatchObject({ lapsed: { code: "key-expired" } });
    }
  });
  it("answers whatever the bytes are: any byte of a signature changed to any other", async () => {
    const anchors = createAnchors(
      [{ kind: "openpgp", certificate: readCertificate(certificate), principal: "alice", window: {} }],
      ALGORITHMS,
    );
    const armored = signature(alice, PAYLOAD, { unhashed: [issuerKeyId(alice), subpacket(100, publicKey(bob))] });
    for (let index = 0; index < armored.length; index++) {
      for (const value of [0, 0x0a, 0x2d, 0x41, 0xff]) {
        const changed = Uint8Array.from(armored);
        if (changed[index] === value) continue;
        changed[index] = value;
        const { outcome } = await verifyOpenPgp(changed, PAYLOAD, anchors, TIMES);
        expect(["refuted", "undecided", "verified"]).toContain(outcome);
      }
    }
  });
});
