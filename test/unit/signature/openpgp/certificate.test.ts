import { describe, expect, it } from "@jest/globals";
import { concatBytes, fromLatin1, latin1 } from "../../../../src/encoding/bytes.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import {
  ALICE,
  SIGNED,
  armor,
  backSignature,
  binding,
  certification,
  directKey,
  eddsaKey,
  publicKey,
  publicSubkey,
  revocation,
  simpleCertificate,
  userId,
  withSubkey,
} from "../../../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const bob = eddsaKey({ seed: 2 });
const sub = eddsaKey({ seed: 3 });

describe("readCertificate", () => {
  it("reads keys, user IDs and what binds them", () => {
    const read = readCertificate(withSubkey(alice, sub));
    expect(read).toMatchObject({ fingerprint: alice.fingerprint, algorithm: "ed25519", bits: 256, userIds: [ALICE] });
    expect(read.keys.map(({ fingerprint }) => fingerprint)).toEqual([alice.fingerprint, sub.fingerprint]);
    expect(read.subkeys[0]?.bindings).toHaveLength(1);
    expect(read.users[0]?.signatures).toHaveLength(1);
  });
  it("keeps user IDs byte for byte", () => {
    const odd = "Al\xefce \x00\x1b[31m <alice@example.org>";
    expect(readCertificate(concatBytes(publicKey(alice), userId(odd))).userIds).toEqual([odd]);
  });
  it("gathers revocations and direct-key signatures wherever they stand", () => {
    const file = concatBytes(
      withSubkey(alice, sub),
      revocation(alice, SIGNED, 2),
      revocation(alice, SIGNED, 2, { subkey: sub }),
      directKey(alice),
    );
    const read = readCertificate(file);
    expect(read.revocations.map(({ type }) => type)).toEqual([0x20, 0x28]);
    expect(read.direct).toHaveLength(1);
  });
  it("leaves out signatures of strangers and misplaced ones, but never a revocation", () => {
    const file = concatBytes(
      simpleCertificate(alice),
      certification(alice, ALICE, { maker: bob }),
      binding(alice, sub),
      publicSubkey(sub),
      certification(alice, ALICE),
      binding(alice, sub, { maker: bob, back: backSignature(alice, sub) }),
      revocation(alice, SIGNED, 2, { maker: bob }),
    );
    const read = readCertificate(file);
    expect(read.users[0]?.signatures).toHaveLength(1);
    expect(read.subkeys[0]?.bindings).toHaveLength(0);
    expect(read.revocations).toHaveLength(1);
  });
  it("takes armor, and blank lines around it, but no text (ERR_KEY_INVALID)", () => {
    const armored = latin1(armor("PGP PUBLIC KEY BLOCK", simpleCertificate(alice)));
    expect(readCertificate(fromLatin1(`\n\n${armored}\n`)).fingerprint).toBe(alice.fingerprint);
    expect(() => readCertificate(fromLatin1(`Alice's key\n${armored}`))).toThrowCode("ERR_KEY_INVALID");
    expect(() => readCertificate(fromLatin1(armored.replaceAll("PUBLIC KEY BLOCK", "SIGNATURE")))).toThrowCode(
      "ERR_KEY_INVALID",
    );
  });
});
