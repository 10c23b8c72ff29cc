/** facts/attacks.md, section 3: what an attacker can do with keys and certificates. Each is stopped by `examine.ts` or `state.ts`. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import {
  ALICE,
  DAY,
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  armor,
  backSignature,
  binding,
  bytes,
  certification,
  directKey,
  eddsaKey,
  embedded,
  issuerKeyId,
  judge,
  keyFlags,
  keyLifetime,
  lifetime,
  number,
  packet,
  publicKey,
  publicSubkey,
  revocation,
  revocationKey,
  rsaKey,
  signature,
  signatureBody,
  simpleCertificate,
  subpacket,
  userId,
  withSubkey,
  x25519Key,
} from "../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const mallory = eddsaKey({ seed: 2 });
const subkey = eddsaKey({ seed: 3, created: MADE + DAY });
const signed = signature(alice);
const signedBySubkey = signature(subkey);
const verified = { outcome: "verified" };

describe("25: a stranger's signing subkey adopted (back-signature)", () => {
  const adopted = (back: Bytes | null, backArea: "hashed" | "unhashed" = "unhashed"): Bytes =>
    withSubkey(mallory, subkey, { back, backArea });
  const at = SIGNED;

  it("takes a subkey that signed back, in the hashed or the unhashed area", async () => {
    const certificate = withSubkey(alice, subkey, { back: backSignature(alice, subkey, { at }) });
    expect(await judge(signedBySubkey, certificate)).toMatchObject({
      outcome: "verified",
      signer: { key: { fingerprint: subkey.fingerprint, primary: alice.fingerprint } },
    });
    const hashed = withSubkey(alice, subkey, { back: backSignature(alice, subkey, { at }), backArea: "hashed" });
    expect(await judge(signedBySubkey, hashed)).toMatchObject(verified);
  });
  it("refutes one without a back-signature (key-invalid)", async () => {
    expect(await judge(signedBySubkey, adopted(null))).toBeRefuted("key-invalid");
  });
  it.each([0x00, 0x18, 0x1f, 0x28])("refutes one of type %s in place of 0x19 (key-invalid)", async (type) => {
    const back = backSignature(mallory, subkey, { type, at });
    expect(await judge(signedBySubkey, adopted(back))).toBeRefuted("key-invalid");
  });
  it("refutes one made over other keys: copied from the subkey's own certificate (key-invalid)", async () => {
    const back = backSignature(alice, subkey, { at });
    expect(await judge(signedBySubkey, adopted(back))).toBeRefuted("key-invalid");
  });
  it("refutes one made by the adopter (key-invalid)", async () => {
    const back = signatureBody(mallory, [mallory.framed, subkey.framed], { type: 0x19, at });
    expect(await judge(signedBySubkey, adopted(back))).toBeRefuted("key-invalid");
  });
  it("refutes one that has expired, or is older than the subkey (key-invalid)", async () => {
    const expired = backSignature(mallory, subkey, { at, hashed: [lifetime(DAY)] });
    expect(await judge(signedBySubkey, adopted(expired))).toBeRefuted("key-invalid");
    const early = backSignature(mallory, subkey, { at: MADE });
    expect(await judge(signedBySubkey, adopted(early))).toBeRefuted("key-invalid");
  });
  it("refutes it beside a back-signature on an older binding only (key-invalid)", async () => {
    const certificate = concatBytes(
      withSubkey(alice, subkey, { at: SIGNED, back: backSignature(alice, subkey, { at }) }),
      binding(alice, subkey, { at: SIGNED + 1, back: null }),
    );
    expect(await judge(signedBySubkey, certificate)).toBeRefuted("key-invalid");
  });
  it("credits the true owner where both certificates are known, whichever comes first", async () => {
    const owner = withSubkey(alice, subkey, { back: backSignature(alice, subkey, { at }) });
    expect(await judge(signedBySubkey, [adopted(null), owner])).toMatchObject({ signer: { principal: "bob" } });
    expect(await judge(signedBySubkey, [owner, adopted(null)])).toMatchObject({ signer: { principal: "alice" } });
  });
});

describe("26: bindings by strangers (every binding is proven)", () => {
  const back = backSignature(alice, subkey, { at: SIGNED });
  it("refutes a subkey bound by a stranger, under his own name and under the owner's (key-invalid)", async () => {
    const unhashed = [issuerKeyId(alice), embedded(back)];
    for (const options of [{ maker: mallory }, { maker: mallory, issuer: alice, unhashed }]) {
      const certificate = withSubkey(alice, subkey, { back, ...options });
      expect(await judge(signedBySubkey, certificate)).toBeRefuted("key-invalid");
    }
  });
  it("refutes a subkey that is not bound at all (key-invalid)", async () => {
    const certificate = concatBytes(simpleCertificate(alice), publicSubkey(subkey));
    expect(await judge(signedBySubkey, certificate)).toBeRefuted("key-invalid");
  });
  it("refutes a subkey with the binding of another subkey (key-invalid)", async () => {
    const other = eddsaKey({ seed: 4 });
    const certificate = concatBytes(simpleCertificate(alice), publicSubkey(subkey), binding(alice, other));
    expect(await judge(signedBySubkey, certificate)).toBeRefuted("key-invalid");
  });
  it("refutes a primary key without any self-signature, or with a stranger's (key-invalid)", async () => {
    const bare = concatBytes(publicKey(alice), userId(ALICE));
    expect(await judge(signed, bare)).toBeRefuted("key-invalid");
    const foreign = concatBytes(
      bare,
      certification(alice, ALICE, { maker: mallory, issuer: alice, unhashed: [issuerKeyId(alice)] }),
    );
    expect(await judge(signed, foreign)).toBeRefuted("key-invalid");
  });
  it("refutes a primary key whose certification is for another user ID (key-invalid)", async () => {
    const certificate = concatBytes(publicKey(alice), userId("Bob <bob@example.org>"), certification(alice, ALICE));
    expect(await judge(signed, certificate)).toBeRefuted("key-invalid");
  });
  it("takes a key with a direct-key signature and no user ID", async () => {
    expect(await judge(signed, concatBytes(publicKey(alice), directKey(alice)))).toMatchObject(verified);
  });
});

describe("27: key flags (newest valid hashed self-signature)", () => {
  const bound = (flags: number | null): Bytes =>
    withSubkey(alice, subkey, { flags, back: backSignature(alice, subkey, { at: SIGNED }) });
  it("refutes a certify-only primary key (not-signing-capable)", async () => {
    expect(await judge(signed, simpleCertificate(alice, { flags: 0x01 }))).toBeRefuted("not-signing-capable");
    expect(await judge(signed, simpleCertificate(alice, { flags: 0x03 }))).toMatchObject(verified);
  });
  it.each([0x00, 0x04, 0x0c, 0x20])(
    "refutes a subkey with flags %s: encryption, authentication (not-signing-capable)",
    async (flags) => {
      expect(await judge(signedBySubkey, bound(flags))).toBeRefuted("not-signing-capable");
    },
  );
  it("takes the flags of the newest self-signature, in either direction", async () => {
    const late = { at: SIGNED + DAY };
    const taken = concatBytes(simpleCertificate(alice), certification(alice, ALICE, { ...late, flags: 0x01 }));
    expect(await judge(signed, taken)).toBeRefuted("not-signing-capable");
    const given = concatBytes(simpleCertificate(alice, { flags: 0x01 }), certification(alice, ALICE, late));
    expect(await judge(signed, given)).toMatchObject(verified);
  });
  it("does not take flags from a forged newer self-signature (not-signing-capable)", async () => {
    const forged = certification(alice, ALICE, {
      maker: mallory,
      issuer: alice,
      unhashed: [issuerKeyId(alice)],
      at: SIGNED,
    });
    expect(await judge(signed, concatBytes(simpleCertificate(alice, { flags: 0x01 }), forged))).toBeRefuted(
      "not-signing-capable",
    );
  });
  it("goes by the algorithm where there are no flags, like gpg, for version 4", async () => {
    expect(await judge(signed, simpleCertificate(alice, { flags: null }))).toMatchObject(verified);
    expect(await judge(signedBySubkey, bound(null))).toMatchObject(verified);
  });
  it("does not for version 6 (not-signing-capable)", async () => {
    const modern = eddsaKey({ version: 6, seed: 9 });
    expect(await judge(signature(modern), simpleCertificate(modern, { flags: null }))).toBeRefuted(
      "not-signing-capable",
    );
  });
  it("refutes RSA keys of the encrypt-only kind, whatever their flags say (not-signing-capable)", async () => {
    const rsa = rsaKey(2048, { algorithm: 2 });
    expect(await judge(signature(rsa), simpleCertificate(rsa))).toBeRefuted("not-signing-capable");
  });
});

describe("28: expiry, from the newest valid self-signature", () => {
  const expiring = (after: number, at = MADE): Bytes =>
    certification(alice, ALICE, { at, hashed: [keyLifetime(after - MADE)] });
  const base = concatBytes(publicKey(alice), userId(ALICE));
  it("refutes what a key signed after it expired (key-expired)", async () => {
    expect(await judge(signed, concatBytes(base, expiring(SIGNED)))).toBeRefuted("key-expired");
    expect(await judge(signed, concatBytes(base, expiring(SIGNED + 1)))).toMatchObject({
      outcome: "verified",
      lapsed: { code: "key-expired" },
    });
    expect(await judge(signed, concatBytes(base, expiring(NOW)))).toMatchObject({ lapsed: { code: "key-expired" } });
    expect(await judge(signed, concatBytes(base, expiring(NOW + 1)))).toMatchObject({
      outcome: "verified",
      lapsed: null,
    });
  });
  it("keeps verifying old commits of a key whose expiry was extended, whatever the order in the file", async () => {
    const [old, extended] = [expiring(SIGNED - DAY), expiring(NOW + DAY, SIGNED + DAY)];
    for (const file of [
      concatBytes(base, old, extended),
      concatBytes(base, extended, old),
      concatBytes(base, extended),
    ]) {
      expect(await judge(signed, file)).toMatchObject({ outcome: "verified", lapsed: null });
    }
  });
  it("takes a shortened expiry, too (key-expired)", async () => {
    const shortened = concatBytes(base, expiring(NOW + DAY), expiring(SIGNED - DAY, SIGNED + DAY));
    expect(await judge(signed, shortened)).toBeRefuted("key-expired");
  });
  it("does not believe a forged newer self-signature (key-expired)", async () => {
    const forged = certification(alice, ALICE, {
      maker: mallory,
      issuer: alice,
      unhashed: [issuerKeyId(alice)],
      at: SIGNED,
    });
    expect(await judge(signed, concatBytes(base, expiring(SIGNED - DAY), forged))).toBeRefuted("key-expired");
  });
  it("does not believe an expiry, or its absence, in the unhashed area (key-expired)", async () => {
    const unhashed = [issuerKeyId(alice), keyLifetime(NOW)];
    const self = certification(alice, ALICE, { hashed: [keyLifetime(DAY)], unhashed });
    expect(await judge(signed, concatBytes(base, self))).toBeRefuted("key-expired");
  });
  it("lets a subkey fall with its primary key, and by its own expiry (key-expired)", async () => {
    const back = backSignature(alice, subkey, { at: SIGNED });
    const tail = concatBytes(publicSubkey(subkey), binding(alice, subkey, { back }));
    expect(await judge(signedBySubkey, concatBytes(base, expiring(SIGNED), tail))).toBeRefuted("key-expired");
    expect(await judge(signedBySubkey, concatBytes(base, expiring(NOW + 1), tail))).toMatchObject({
      outcome: "verified",
      lapsed: null,
    });
    const own = withSubkey(alice, subkey, { back, hashed: [keyLifetime(DAY)] });
    expect(await judge(signedBySubkey, own)).toBeRefuted("key-expired");
  });
  it("ends a key with its last self-signature, where those expire themselves (key-expired)", async () => {
    const ending = concatBytes(base, certification(alice, ALICE, { hashed: [lifetime(SIGNED - MADE)] }));
    expect(await judge(signed, ending)).toBeRefuted("key-expired");
    expect(await judge(signature(alice, PAYLOAD, { at: SIGNED - 1 }), ending)).toMatchObject({
      lapsed: { code: "key-expired" },
    });
    const renewed = concatBytes(ending, certification(alice, ALICE, { at: MADE - 1 + DAY }));
    expect(await judge(signed, renewed)).toMatchObject({ outcome: "verified", lapsed: null });
  });
});

describe("29: keys newer than the signature", () => {
  it("refutes a signature older than its key (key-not-yet-valid)", async () => {
    const certificate = simpleCertificate(alice);
    expect(await judge(signature(alice, PAYLOAD, { at: MADE - 1 }), certificate)).toBeRefuted("key-not-yet-valid");
    expect(await judge(signature(alice, PAYLOAD, { at: MADE }), certificate)).toMatchObject(verified);
  });
  it("refutes a signature older than its subkey (key-not-yet-valid)", async () => {
    const certificate = withSubkey(alice, subkey, { back: backSignature(alice, subkey, { at: SIGNED }) });
    expect(await judge(signature(subkey, PAYLOAD, { at: MADE + DAY - 1 }), certificate)).toBeRefuted(
      "key-not-yet-valid",
    );
  });
  it("refutes a key from the future, whose signatures are, too (signature-in-future)", async () => {
    const coming = eddsaKey({ created: NOW + DAY });
    const certificate = simpleCertificate(coming, { at: NOW + DAY });
    expect(await judge(signature(coming, PAYLOAD, { at: NOW + DAY }), certificate)).toBeRefuted("signature-in-future");
    expect(await judge(signature(coming), certificate)).toBeRefuted("key-not-yet-valid");
  });
});

describe("30: back-dating into a window that has passed", () => {
  it("says that the key is not good today, so that new objects are refused", async () => {
    const certificate = simpleCertificate(alice, { hashed: [keyLifetime(SIGNED + DAY - MADE)] });
    const backdated = await judge(signature(alice, PAYLOAD, { at: SIGNED }), certificate);
    expect(backdated).toMatchObject({ outcome: "verified", lapsed: { code: "key-expired" } });
    const window = { until: SIGNED + DAY };
    expect(await judge(signed, simpleCertificate(alice), { window })).toMatchObject({
      lapsed: { code: "key-expired" },
    });
  });
});

describe("31: revocation", () => {
  const revoked = (at: number, code: number | null): Bytes =>
    concatBytes(simpleCertificate(alice), revocation(alice, at, code));
  it.each([null, 0, 2, 100])("lets an exemption for the key rescue what a hard one (reason %s) voids", async (code) => {
    const rescued = new Set([alice.fingerprint]);
    const times = { times: { rescued } };
    const window = { compromised: true } as const;
    expect(await judge(signed, revoked(SIGNED + DAY, code), times)).toMatchObject({
      outcome: "verified",
      lapsed: null,
    });
    expect(await judge(signed, simpleCertificate(alice), { ...times, window })).toMatchObject({ outcome: "verified" });
    const other = { times: { rescued: new Set(["A".repeat(40)]) } };
    expect(await judge(signed, revoked(SIGNED + DAY, code), other)).toBeRefuted("key-revoked");
  });
  it.each([1, 3])("lets no exemption for the key lift a soft one (reason %s, key-revoked)", async (code) => {
    const times = { times: { rescued: new Set([alice.fingerprint]) } };
    expect(await judge(signed, revoked(SIGNED, code), times)).toBeRefuted("key-revoked");
  });
  it.each([null, 0, 2, 100])(
    "lets a hard one (reason %s) void everything, whatever its date (key-revoked)",
    async (code) => {
      expect(await judge(signed, revoked(SIGNED + DAY, code))).toBeRefuted("key-revoked");
      expect(await judge(signed, revoked(SIGNED - DAY, code))).toBeRefuted("key-revoked");
    },
  );
  it.each([1, 3])("lets a soft one (reason %s) void what is dated after it (key-revoked)", async (code) => {
    expect(await judge(signed, revoked(SIGNED, code))).toBeRefuted("key-revoked");
    expect(await judge(signed, revoked(SIGNED + 1, code))).toMatchObject({
      outcome: "verified",
      lapsed: { code: "key-revoked" },
    });
  });
  it("takes the reason from the hashed area alone (key-revoked)", async () => {
    const unhashed = [issuerKeyId(alice), subpacket(29, bytes(3))];
    const certificate = concatBytes(simpleCertificate(alice), revocation(alice, SIGNED + DAY, null, { unhashed }));
    expect(await judge(signed, certificate)).toBeRefuted("key-revoked");
  });
  it("lets the policy's `retired` soften one that gave no reason, not one for compromise (key-revoked)", async () => {
    const window = { retired: SIGNED + DAY };
    for (const code of [null, 0]) {
      expect(await judge(signed, revoked(SIGNED + DAY, code), { window })).toMatchObject({
        lapsed: { code: "key-revoked" },
      });
      expect(await judge(signed, revoked(SIGNED - DAY, code), { window })).toBeRefuted("key-revoked");
    }
    expect(await judge(signed, revoked(SIGNED + DAY, 2), { window })).toBeRefuted("key-revoked");
  });
  it("is not undone by a newer self-signature or binding (key-revoked)", async () => {
    const certificate = concatBytes(revoked(SIGNED, 1), certification(alice, ALICE, { at: SIGNED + DAY }));
    expect(await judge(signature(alice, PAYLOAD, { at: SIGNED + 2 * DAY }), certificate)).toBeRefuted("key-revoked");
    const back = backSignature(alice, subkey, { at: SIGNED });
    const rebound = concatBytes(
      withSubkey(alice, subkey, { back }),
      revocation(alice, SIGNED, 2, { subkey }),
      binding(alice, subkey, { back, at: SIGNED + DAY }),
    );
    expect(await judge(signedBySubkey, rebound)).toBeRefuted("key-revoked");
  });
  it("reaches the subkeys from the primary key, and one subkey alone from its own (key-revoked)", async () => {
    const back = backSignature(alice, subkey, { at: SIGNED });
    const certificate = concatBytes(simpleCertificate(alice), publicSubkey(subkey), binding(alice, subkey, { back }));
    expect(await judge(signedBySubkey, concatBytes(certificate, revocation(alice, NOW, 2)))).toBeRefuted("key-revoked");
    const one = concatBytes(certificate, revocation(alice, NOW, 2, { subkey }));
    expect(await judge(signedBySubkey, one)).toBeRefuted("key-revoked");
    expect(await judge(signed, one)).toMatchObject({ outcome: "verified", lapsed: null });
  });
  it("counts wherever it stands in the file: appended, or without naming its maker (key-revoked)", async () => {
    const certificate = withSubkey(alice, subkey);
    const appended = concatBytes(certificate, revocation(alice, SIGNED, null));
    const nameless = concatBytes(certificate, revocation(alice, SIGNED, null, { issuer: null, unhashed: [] }));
    for (const file of [appended, nameless]) {
      const flagged = concatBytes(
        publicKey(alice),
        userId(ALICE),
        certification(alice, ALICE),
        file.subarray(publicKey(alice).length),
      );
      expect(await judge(signed, flagged)).toBeRefuted("key-revoked");
    }
  });
  it("counts with a hash that no signature may have any more (key-revoked)", async () => {
    const certificate = concatBytes(simpleCertificate(alice), revocation(alice, SIGNED, null, { hash: "sha1" }));
    expect(await judge(signed, certificate)).toBeRefuted("key-revoked");
  });
  it("does not count when a stranger made it, or forged it", async () => {
    const forged = { maker: mallory, issuer: alice, unhashed: [issuerKeyId(alice)] };
    const strangers = concatBytes(
      simpleCertificate(alice),
      revocation(alice, SIGNED, 2, { maker: mallory }),
      revocation(alice, SIGNED, 2, forged),
    );
    expect(await judge(signed, strangers)).toMatchObject({ outcome: "verified", lapsed: null });
    const elsewhere = concatBytes(simpleCertificate(alice), revocation(mallory, SIGNED, 2));
    expect(await judge(signed, elsewhere)).toMatchObject({ outcome: "verified", lapsed: null });
  });
  it("says bad-signature, not key-revoked, of a forgery that names a revoked key", async () => {
    const forgery = signature(mallory, PAYLOAD, { issuer: alice, unhashed: [issuerKeyId(alice)] });
    expect(await judge(forgery, revoked(SIGNED, 2))).toBeRefuted("bad-signature");
  });
  it("revokes no key with the revocation of a user ID", async () => {
    const revokedUser = certification(alice, ALICE, { type: 0x30, at: SIGNED, flags: null });
    expect(await judge(signed, concatBytes(simpleCertificate(alice), revokedUser))).toMatchObject(verified);
  });
});

describe("32: designated revokers (policy: such keys are refused once a revocation is there)", () => {
  const naming = concatBytes(
    publicKey(alice),
    directKey(alice, { flags: null, hashed: [revocationKey(mallory)] }),
    userId(ALICE),
    certification(alice, ALICE),
  );
  it("takes a key that names one, as long as no revocation of his is present", async () => {
    expect(await judge(signed, naming)).toMatchObject({ outcome: "verified", lapsed: null });
  });
  it("refuses it when one is present, proven or not (key-revoked)", async () => {
    const byRevoker = revocation(alice, SIGNED + DAY, 1, { maker: mallory });
    expect(await judge(signed, concatBytes(naming, byRevoker))).toBeRefuted("key-revoked");
  });
  it("does not listen to a revoker whom a stranger named", async () => {
    const strangerNames = packet(
      2,
      signatureBody(mallory, [alice.framed], {
        type: 0x1f,
        at: MADE,
        issuer: alice,
        unhashed: [issuerKeyId(alice)],
        hashed: [revocationKey(mallory)],
      }),
    );
    const file = concatBytes(
      publicKey(alice),
      strangerNames,
      userId(ALICE),
      certification(alice, ALICE),
      revocation(alice, SIGNED, 2, { maker: mallory }),
    );
    expect(await judge(signed, file)).toMatchObject(verified);
  });
});

describe("33: self-signatures with broken hashes", () => {
  it.each(["sha1", "md5", "sha224"])("refutes a key that rests on %s (weak-algorithm)", async (hash) => {
    expect(await judge(signed, simpleCertificate(alice, { hash }))).toBeRefuted("weak-algorithm");
  });
  it("takes a key whose owner has certified it anew since", async () => {
    const renewed = concatBytes(
      simpleCertificate(alice, { hash: "sha1" }),
      certification(alice, ALICE, { at: MADE + DAY }),
    );
    expect(await judge(signed, renewed)).toMatchObject({ outcome: "verified", lapsed: null });
  });
  it("does not take an expiry or flags from a weak direct-key signature beside a strong one (weak-algorithm)", async () => {
    const weak = directKey(alice, { hash: "sha1", at: SIGNED, hashed: [keyLifetime(NOW)] });
    const file = concatBytes(
      publicKey(alice),
      weak,
      userId(ALICE),
      certification(alice, ALICE, { hashed: [keyLifetime(DAY)] }),
    );
    expect(await judge(signed, file)).toBeRefuted("weak-algorithm");
  });
  it("refutes a weak binding, and a weak back-signature (weak-algorithm)", async () => {
    const back = backSignature(alice, subkey, { at: SIGNED });
    expect(await judge(signedBySubkey, withSubkey(alice, subkey, { hash: "sha1", back }))).toBeRefuted(
      "weak-algorithm",
    );
    const weak = backSignature(alice, subkey, { at: SIGNED, hash: "sha1" });
    expect(await judge(signedBySubkey, withSubkey(alice, subkey, { back: weak }))).toBeRefuted("weak-algorithm");
  });
  it("holds the policy's own list against self-signatures, too (weak-algorithm)", async () => {
    const options = { algorithms: { hashes: ["sha512"] as const } };
    expect(await judge(signed, simpleCertificate(alice, { hash: "sha256" }), options)).toBeRefuted("weak-algorithm");
    expect(await judge(signed, simpleCertificate(alice), options)).toMatchObject(verified);
  });
});

describe("34: colliding key ids (every candidate is tried, full fingerprints count)", () => {
  it("tries every key with the id, wherever it stands, and credits the one that verified", async () => {
    const unhashed = [issuerKeyId(alice), issuerKeyId(mallory)];
    const both = signature(mallory, PAYLOAD, { issuer: null, unhashed });
    // Two ids select both keys, as one id would for two keys that collide; the wrong name is refused afterwards.
    expect(await judge(both, [simpleCertificate(alice), simpleCertificate(mallory)])).toBeRefuted("bad-signature");
    const twice = [simpleCertificate(alice), simpleCertificate(alice)];
    expect(await judge(signed, twice)).toMatchObject({ signer: { principal: "alice" } });
  });
  it("does not say forged where the fingerprint names a key that only shares its id (unknown-key)", async () => {
    const namesake = { version: 4, fingerprint: `${"AB".repeat(12)}${alice.keyId}` };
    const foreign = signature(mallory, PAYLOAD, { issuer: namesake, unhashed: [issuerKeyId(alice)] });
    expect(await judge(foreign, simpleCertificate(alice))).toBeRefuted("unknown-key");
  });
  it("never credits a key by an id of 32 bits, or by a prefix (malformed)", async () => {
    const short = signature(alice, PAYLOAD, {
      issuer: null,
      unhashed: [subpacket(16, Buffer.from(alice.keyId, "hex").subarray(4))],
    });
    expect(await judge(short, simpleCertificate(alice))).toBeRefuted("malformed");
  });
});

describe("35: user IDs are free text", () => {
  it("credits the principal of the policy, whatever address the key claims", async () => {
    const claims = "Bob <bob@example.org>";
    const certificate = concatBytes(publicKey(alice), userId(claims), certification(alice, claims));
    expect(await judge(signed, certificate)).toMatchObject({ signer: { principal: "alice" } });
    expect(JSON.stringify(await judge(signed, certificate))).not.toContain("bob");
  });
});

describe("36: flooded certificates (third parties are not proven, sizes are bounded)", () => {
  it("reads past thousands of strangers' certifications without proving one", async () => {
    const strangers = certification(alice, ALICE, { maker: mallory });
    const flooded = concatBytes(simpleCertificate(alice), ...Array.from({ length: 8_000 }, () => strangers));
    const start = performance.now();
    expect(await judge(signed, flooded)).toMatchObject(verified);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(readCertificate(flooded).users[0]?.signatures).toHaveLength(1);
  });
  it("refuses a key file above 2 MiB (ERR_KEY_TOO_LARGE)", () => {
    const file = concatBytes(simpleCertificate(alice), packet(60, Buffer.alloc(2 * 1024 * 1024)));
    expect(() => readCertificate(file)).toThrowCode("ERR_KEY_TOO_LARGE");
  });
  it("reads past old, new and garbled signatures of strangers, attributes and foreign subkeys", async () => {
    const odd = [
      packet(2, bytes(3, 5, 0x10)),
      packet(2, bytes(9)),
      packet(2, bytes()),
      packet(17, bytes(1, 2)),
      packet(14, concatBytes(bytes(5), number(MADE, 4), bytes(22))),
      packet(12, bytes(0)),
      packet(60, fromLatin1("private")),
    ];
    expect(await judge(signed, concatBytes(simpleCertificate(alice), ...odd))).toMatchObject(verified);
  });
});

describe("key files that are no certificate (ERR_KEY_INVALID)", () => {
  const certificate = simpleCertificate(alice);
  it("takes one certificate, armored or binary", () => {
    expect(readCertificate(certificate).fingerprint).toBe(alice.fingerprint);
    expect(readCertificate(armor("PGP PUBLIC KEY BLOCK", certificate)).fingerprint).toBe(alice.fingerprint);
  });
  it("refuses two certificates in one file, in one block or in two", () => {
    const two = concatBytes(certificate, simpleCertificate(mallory));
    expect(() => readCertificate(two)).toThrowCode("ERR_KEY_INVALID");
    expect(() => readCertificate(armor("PGP PUBLIC KEY BLOCK", two))).toThrowCode("ERR_KEY_INVALID");
    const blocks = concatBytes(armor("PGP PUBLIC KEY BLOCK", certificate), armor("PGP PUBLIC KEY BLOCK", certificate));
    expect(() => readCertificate(blocks)).toThrowCode("ERR_KEY_INVALID");
  });
  it.each([
    ["nothing", bytes()],
    ["text", fromLatin1("hello")],
    ["binary junk", bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)],
    ["a user ID alone", userId(ALICE)],
    ["a signature alone", packet(2, signatureBody(alice, [PAYLOAD]))],
    ["secret key material", packet(5, concatBytes(alice.body, bytes(0, 1, 2, 3)))],
    ["a secret subkey", concatBytes(certificate, packet(7, alice.body))],
    ["a version 3 key", packet(6, concatBytes(bytes(3), alice.body.subarray(1)))],
    ["a packet of another kind", concatBytes(certificate, packet(11, bytes(1)))],
    ["a certificate cut off", certificate.subarray(0, -1)],
    ["a certificate with a byte too many", concatBytes(certificate, bytes(0xc2))],
  ])("refuses %s", (_, file) => {
    expect(() => readCertificate(file)).toThrowCode("ERR_KEY_INVALID");
  });
  it("refuses partial and indeterminate lengths", () => {
    const partial = concatBytes(
      bytes(0xc6, 0xe1),
      alice.body.subarray(0, 2),
      bytes(alice.body.length - 2),
      alice.body.subarray(2),
    );
    expect(() => readCertificate(partial)).toThrowCode("ERR_KEY_INVALID");
    expect(() => readCertificate(concatBytes(bytes(0x80 | (6 << 2) | 3), alice.body))).toThrowCode("ERR_KEY_INVALID");
  });
  it("leaves encryption subkeys alone", async () => {
    const encryption = x25519Key();
    const file = concatBytes(
      certificate,
      publicSubkey(encryption),
      binding(alice, encryption, { flags: 0x0c, back: null }),
    );
    expect(await judge(signed, file)).toMatchObject(verified);
    expect(keyFlags(0x0c)).toHaveLength(7);
  });
});
