import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import type { Bytes, Fingerprint, KeyWindow } from "../../../../src/model.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import { problemsToday, signingKeys } from "../../../../src/signature/openpgp/standing.ts";
import {
  ALGORITHMS,
  ALICE,
  DAY,
  MADE,
  NOW,
  SIGNED,
  binding,
  bytes,
  certification,
  directKey,
  eddsaKey,
  judge,
  keyLifetime,
  publicKey,
  publicSubkey,
  revocation,
  rsaKey,
  signature,
  simpleCertificate,
  userId,
  withSubkey,
  x25519Key,
} from "../../../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const sub = eddsaKey({ seed: 3 });
const encryption = x25519Key();

const problem = async (file: Bytes, window: KeyWindow = {}, fingerprint?: string): Promise<string | undefined> =>
  (await problemsToday(readCertificate(file), window, ALGORITHMS, NOW, fingerprint as Fingerprint | undefined))?.code;

describe("problemsToday", () => {
  it("finds none in a good certificate, whichever key of it signs", async () => {
    expect(await problem(simpleCertificate(alice))).toBeUndefined();
    expect(await problem(withSubkey(alice, sub))).toBeUndefined();
    expect(await problem(withSubkey(alice, sub), {}, sub.fingerprint)).toBeUndefined();
  });
  it("judges one key where asked (not-signing-capable, unknown-key)", async () => {
    expect(await problem(withSubkey(alice, sub), {}, alice.fingerprint)).toBe("not-signing-capable");
    expect(await problem(withSubkey(alice, sub), {}, "AB".repeat(20))).toBe("unknown-key");
  });
  it.each<[string, Bytes, KeyWindow]>([
    [
      "key-expired",
      concatBytes(publicKey(alice), userId(ALICE), certification(alice, ALICE, { hashed: [keyLifetime(DAY)] })),
      {},
    ],
    ["key-expired", simpleCertificate(alice), { until: NOW }],
    ["key-not-yet-valid", simpleCertificate(alice), { from: NOW + 1 }],
    ["key-retired", simpleCertificate(alice), { retired: SIGNED }],
    ["key-revoked", simpleCertificate(alice), { compromised: true }],
    ["key-revoked", simpleCertificate(alice), { compromised: SIGNED }],
    ["key-revoked", concatBytes(simpleCertificate(alice), revocation(alice, SIGNED, 1)), {}],
    ["key-revoked", concatBytes(simpleCertificate(alice), revocation(alice, NOW + DAY, 3)), {}],
    ["key-invalid", concatBytes(publicKey(alice), userId(ALICE)), {}],
    ["key-invalid", withSubkey(alice, sub, { back: null }), {}],
    ["weak-algorithm", simpleCertificate(alice, { hash: "sha1" }), {}],
    ["weak-algorithm", simpleCertificate(rsaKey(1024)), {}],
    ["unsupported", simpleCertificate({ ...alice, body: concatBytes(alice.body.subarray(0, 5), bytes(99)) }), {}],
    ["not-signing-capable", simpleCertificate(alice, { flags: 0x01 }), {}],
    ["not-signing-capable", withSubkey(alice, encryption, { flags: 0x0c, back: null }), {}],
  ])("says %s", async (code, file, window) => {
    expect(await problem(file, window)).toBe(code);
  });
});

describe("signingKeys", () => {
  const ids = (file: Bytes): readonly string[] => signingKeys(readCertificate(file)).map(({ keyId }) => keyId);
  it("lists the keys that claim to sign", () => {
    expect(ids(simpleCertificate(alice))).toEqual([alice.keyId]);
    expect(ids(withSubkey(alice, sub))).toEqual([sub.keyId]);
    const both = concatBytes(
      simpleCertificate(alice),
      publicSubkey(sub),
      binding(alice, sub),
      publicSubkey(encryption),
    );
    expect(ids(both)).toEqual([alice.keyId, sub.keyId]);
  });
  it("goes by the newest flags, of user IDs or of the key itself", () => {
    const newer = concatBytes(simpleCertificate(alice), directKey(alice, { flags: 0x01, at: MADE + 1 }));
    expect(ids(newer)).toEqual([]);
    expect(ids(withSubkey(alice, encryption, { flags: 0x0c, back: null }))).toEqual([]);
  });
});

describe("the order of reasons: what voids everything, what the key never could, then dates", () => {
  const window = { until: SIGNED };
  const expiring = { hashed: [keyLifetime(DAY)] };
  it.each<[string, Bytes, KeyWindow, number]>([
    [
      "key-invalid",
      concatBytes(publicKey(alice), userId(ALICE), revocation(alice, SIGNED, 2)),
      { compromised: true },
      SIGNED,
    ],
    [
      "key-revoked",
      concatBytes(simpleCertificate(alice, { ...expiring, hash: "sha1" }), revocation(alice, NOW, 2)),
      window,
      SIGNED,
    ],
    ["weak-algorithm", simpleCertificate(alice, { ...expiring, hash: "sha1", flags: 0x01 }), window, SIGNED],
    ["not-signing-capable", simpleCertificate(alice, { ...expiring, flags: 0x01 }), window, NOW + DAY],
    ["signature-in-future", simpleCertificate(alice, expiring), window, NOW + DAY],
    [
      "key-not-yet-valid",
      concatBytes(simpleCertificate(alice, expiring), revocation(alice, MADE - DAY, 1)),
      window,
      MADE - 1,
    ],
    [
      "key-revoked",
      concatBytes(simpleCertificate(alice, expiring), revocation(alice, MADE, 1)),
      { retired: MADE },
      SIGNED,
    ],
    ["key-expired", simpleCertificate(alice, expiring), { retired: MADE }, SIGNED],
    ["key-retired", simpleCertificate(alice), { retired: MADE }, SIGNED],
  ])("says %s first", async (code, file, marks, at) => {
    expect(await judge(signature(alice, undefined, { at }), file, { window: marks })).toBeRefuted(code);
  });
});
