import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import { examineCertificate } from "../../../../src/signature/openpgp/examine.ts";
import {
  ALICE,
  DAY,
  MADE,
  SIGNED,
  certification,
  directKey,
  eddsaKey,
  issuerKeyId,
  publicKey,
  revocation,
  revocationKey,
  simpleCertificate,
  subpacket,
  userId,
  withSubkey,
} from "../../../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const bob = eddsaKey({ seed: 2 });
const sub = eddsaKey({ seed: 3 });

describe("examineCertificate", () => {
  it("proves a certificate once, however often it is asked", () => {
    const certificate = readCertificate(simpleCertificate(alice));
    expect(examineCertificate(certificate)).toBe(examineCertificate(certificate));
  });
  it("keeps what is real", async () => {
    const certificate = readCertificate(
      concatBytes(
        withSubkey(alice, sub),
        directKey(alice),
        revocation(alice, SIGNED, 3),
        revocation(alice, SIGNED, 1, { subkey: sub }),
      ),
    );
    const [, subkey] = certificate.keys;
    const examined = await examineCertificate(certificate);
    expect(examined.direct).toHaveLength(1);
    expect(examined.users[0]?.certifications).toHaveLength(1);
    expect(examined.revocations).toEqual([{ created: SIGNED, reason: 3 }]);
    expect(examined.revokedByOther).toBe(false);
    const ofSubkey = subkey === undefined ? undefined : examined.subkeys.get(subkey);
    expect(ofSubkey?.revocations).toEqual([{ created: SIGNED, reason: 1 }]);
    expect(ofSubkey?.bindings[0]?.backSignatures).toHaveLength(1);
  });
  it("drops what is forged, dateless, older than the key, or critical in a way we do not understand", async () => {
    const forged = { maker: bob, issuer: alice, unhashed: [issuerKeyId(alice)] };
    const parts = [
      certification(alice, ALICE, forged),
      certification(alice, ALICE, { at: null }),
      certification(alice, ALICE, { at: MADE - 1 }),
      certification(alice, ALICE, { hashed: [subpacket(100, Buffer.alloc(1), true)] }),
    ];
    const bare = concatBytes(publicKey(alice), userId(ALICE));
    for (const part of parts) {
      const examined = await examineCertificate(readCertificate(concatBytes(bare, part)));
      expect(examined.users[0]?.certifications).toHaveLength(0);
    }
  });
  it("keeps a revocation of the owner's however odd it is", async () => {
    for (const options of [
      { hashed: [subpacket(100, Buffer.alloc(1), true)] },
      { hash: "md5" },
      { issuer: null, unhashed: [] },
    ]) {
      const file = concatBytes(simpleCertificate(alice), revocation(alice, MADE - DAY, 2, options));
      expect((await examineCertificate(readCertificate(file))).revocations).toEqual([
        { created: MADE - DAY, reason: 2 },
      ]);
    }
  });
  it("sees a designated revoker's revocation, by fingerprint and by id", async () => {
    const naming = concatBytes(publicKey(alice), directKey(alice, { hashed: [revocationKey(bob)] }));
    for (const options of [{ unhashed: [] }, { issuer: null }]) {
      const file = concatBytes(naming, revocation(alice, SIGNED, 1, { maker: bob, ...options }));
      expect((await examineCertificate(readCertificate(file))).revokedByOther).toBe(true);
    }
    const strangers = concatBytes(naming, revocation(alice, SIGNED, 1, { maker: sub }));
    expect((await examineCertificate(readCertificate(strangers))).revokedByOther).toBe(false);
  });
});
