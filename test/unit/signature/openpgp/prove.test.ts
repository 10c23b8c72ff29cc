import { describe, expect, it } from "@jest/globals";
import type { Bytes } from "../../../../src/model.ts";
import { nativeCheck } from "../../../../src/signature/openpgp/native.ts";
import { readKey } from "../../../../src/signature/openpgp/key.ts";
import type { OpenPgpKey } from "../../../../src/signature/openpgp/key.ts";
import { provesSignature } from "../../../../src/signature/openpgp/prove.ts";
import { readSignature } from "../../../../src/signature/openpgp/signature.ts";
import type { OpenPgpSignature } from "../../../../src/signature/openpgp/signature.ts";
import {
  PAYLOAD,
  bytes,
  ecdsaKey,
  ed25519Key,
  eddsaKey,
  rsaKey,
  signatureBody,
  x25519Key,
} from "../../../support/openpgp.ts";

function key(body: Bytes): OpenPgpKey {
  const read = readKey(body);
  if (read === null) throw new Error("no key");
  return read;
}
function signature(body: Bytes): OpenPgpSignature {
  const read = readSignature(body);
  if ("unsupported" in read) throw new Error(read.unsupported);
  return read;
}

describe("provesSignature", () => {
  const alice = eddsaKey();
  const read = signature(signatureBody(alice, [PAYLOAD]));
  it("is true for what the key signed, in one part or in several", async () => {
    expect(await provesSignature(key(alice.body), read, [PAYLOAD])).toBe(true);
    expect(await provesSignature(key(alice.body), read, [PAYLOAD.subarray(0, 5), PAYLOAD.subarray(5)])).toBe(true);
  });
  it("is false for other bytes, another key, another algorithm or version", async () => {
    expect(await provesSignature(key(alice.body), read, [PAYLOAD, bytes(0)])).toBe(false);
    for (const other of [eddsaKey({ seed: 2 }), ed25519Key(), eddsaKey({ version: 6 }), rsaKey(1024)]) {
      expect(await provesSignature(key(other.body), read, [PAYLOAD])).toBe(false);
    }
  });
  it("is false for hashes that nobody knows and keys that never sign", async () => {
    expect(await provesSignature(key(alice.body), { ...read, hashAlgorithm: 99 }, [PAYLOAD])).toBe(false);
    const none = key(x25519Key().body);
    expect(await provesSignature(none, { ...read, publicKeyAlgorithm: 25 }, [PAYLOAD])).toBe(false);
  });
  it("goes to the package where OpenSSL does not take the key, which then finds the point to be on no curve", async () => {
    const real = ecdsaKey("p256");
    const broken = Uint8Array.from(real.body);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect(nativeCheck(key(broken))).toBeNull();
    expect(nativeCheck(key(real.body))).not.toBeNull();
    const signed = signature(signatureBody(real, [PAYLOAD]));
    expect(await provesSignature(key(broken), signed, [PAYLOAD])).toBe(false);
    expect(await provesSignature(key(broken), { ...signed, numbers: [bytes(), bytes()] }, [PAYLOAD])).toBe(false);
    expect(await provesSignature(key(real.body), signed, [PAYLOAD])).toBe(true);
  });
});
