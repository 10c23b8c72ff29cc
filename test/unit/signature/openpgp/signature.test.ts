import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { readSignature } from "../../../../src/signature/openpgp/signature.ts";
import {
  PAYLOAD,
  SIGNED,
  bytes,
  ecdsaKey,
  ed25519Key,
  ed448Key,
  eddsaKey,
  rsaKey,
  signatureBody,
} from "../../../support/openpgp.ts";

describe("readSignature", () => {
  it("reads version 4", () => {
    const alice = eddsaKey();
    const body = signatureBody(alice, [PAYLOAD]);
    expect(readSignature(body)).toMatchObject({
      version: 4,
      type: 0,
      publicKeyAlgorithm: 22,
      hashAlgorithm: 10,
      salt: bytes(),
      facts: { created: SIGNED },
      issuers: { keyIds: [alice.keyId], fingerprints: [{ version: 4, fingerprint: alice.fingerprint }] },
      embedded: [],
    });
  });
  it("reads version 6, with its salt", () => {
    const body = signatureBody(ed25519Key({ version: 6 }), [PAYLOAD]);
    expect(readSignature(body)).toMatchObject({ version: 6, publicKeyAlgorithm: 27, salt: Buffer.alloc(32, 7) });
  });
  it.each([
    ["RSA", rsaKey(1024), [128]],
    ["ECDSA", ecdsaKey("p256"), [32, 32]],
    ["Ed25519", ed25519Key(), [64]],
    ["Ed448", ed448Key(), [114]],
  ])("reads the numbers of %s", (_, key, lengths) => {
    const read = readSignature(signatureBody(key, [PAYLOAD]));
    if ("unsupported" in read) throw new Error(read.unsupported);
    expect(read.numbers).toHaveLength(lengths.length);
    read.numbers.forEach((number, index) => expect(number.length).toBeLessThanOrEqual(lengths[index] ?? 0));
  });
  it("says what it does not read: other versions and algorithms", () => {
    expect(readSignature(bytes(3, 0))).toHaveProperty("unsupported");
    expect(readSignature(bytes(5, 0))).toHaveProperty("unsupported");
    expect(readSignature(signatureBody(eddsaKey(), [PAYLOAD], { algorithm: 30 }))).toHaveProperty("unsupported");
  });
  it("refuses every truncation, and a byte too many (ERR_PARSE)", () => {
    for (const key of [eddsaKey(), ed25519Key({ version: 6 })]) {
      const body = signatureBody(key, [PAYLOAD]);
      for (let length = 0; length < body.length; length++) {
        expect(() => readSignature(body.subarray(0, length))).toThrowCode("ERR_PARSE");
      }
      expect(() => readSignature(concatBytes(body, bytes(0)))).toThrowCode("ERR_PARSE");
    }
  });
});
