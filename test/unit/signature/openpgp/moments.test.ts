import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import { momentsOf } from "../../../../src/signature/openpgp/moments.ts";
import {
  backSignature,
  DAY,
  eddsaKey,
  judge,
  keyLifetime,
  lifetime,
  MADE,
  NOW,
  PAYLOAD,
  revocation,
  SIGNED,
  signature,
  simpleCertificate,
  withSubkey,
} from "../../../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const sub = eddsaKey({ seed: 2 });
const momentsIn = (...parts: Uint8Array[]) => momentsOf(readCertificate(concatBytes(...parts)));

describe("momentsOf", () => {
  it("names when the key expires, by any self-signature", () => {
    expect(momentsIn(simpleCertificate(alice, { hashed: [keyLifetime(DAY)] }))).toContain(MADE + DAY);
    expect(momentsIn(simpleCertificate(alice))).not.toContain(MADE + DAY);
  });

  it("names when a self-signature, a binding or a back-signature expires or begins", () => {
    expect(momentsIn(simpleCertificate(alice, { hashed: [lifetime(DAY)] }))).toContain(MADE + DAY);
    expect(momentsIn(simpleCertificate(alice, { at: NOW + DAY }))).toContain(NOW + DAY);
    expect(momentsIn(withSubkey(alice, sub, { hashed: [keyLifetime(2 * DAY)] }))).toContain(MADE + 2 * DAY);
    const back = backSignature(alice, sub, { hashed: [lifetime(3 * DAY)] });
    expect(momentsIn(withSubkey(alice, sub, { back }))).toContain(MADE + 3 * DAY);
  });

  it("names when a revocation is dated", () => {
    expect(momentsIn(simpleCertificate(alice))).not.toContain(NOW);
    const [key, ...rest] = [simpleCertificate(alice), revocation(alice, NOW, 1)];
    expect(momentsIn(key, ...rest)).toContain(NOW);
  });
});

describe("verified evidence", () => {
  it("says when the signature itself expires, and nothing where it never does", async () => {
    const certificate = simpleCertificate(alice);
    const ending = signature(alice, PAYLOAD, { hashed: [lifetime(1000 * DAY)] });
    expect(await judge(ending, certificate)).toMatchObject({ outcome: "verified", ends: SIGNED + 1000 * DAY });
    expect(await judge(signature(alice), certificate)).not.toHaveProperty("ends");
  });
});
