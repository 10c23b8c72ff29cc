import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import type { Bytes } from "../../../../src/model.ts";
import { readKey } from "../../../../src/signature/openpgp/key.ts";
import {
  MADE,
  bytes,
  ecdsaKey,
  ed25519Key,
  ed448Key,
  eddsaKey,
  hex,
  mpi,
  number,
  rsaKey,
  x25519Key,
} from "../../../support/openpgp.ts";

const body = (algorithm: number, material: Bytes, version = 4): Bytes =>
  concatBytes(bytes(version), number(MADE, 4), bytes(algorithm), material);

describe("readKey", () => {
  it.each([
    ["rsa", 2048, rsaKey(2048)],
    ["ecdsa-p256", 256, ecdsaKey("p256")],
    ["ecdsa-p384", 384, ecdsaKey("p384")],
    ["ecdsa-p521", 521, ecdsaKey("p521")],
    ["ecdsa-secp256k1", 256, ecdsaKey("secp256k1")],
    ["ed25519", 256, eddsaKey()],
    ["ed25519", 256, ed25519Key()],
    ["ed448", 448, ed448Key()],
    ["ed25519", 256, ed25519Key({ version: 6 })],
    ["x25519", 0, x25519Key()],
  ])("reads %s of %s bits", (algorithm, bits, key) => {
    expect(readKey(key.body)).toMatchObject({
      version: key.version,
      created: MADE,
      algorithm,
      bits,
      fingerprint: key.fingerprint,
      keyId: key.keyId,
    });
  });
  it("names keys that it cannot verify with: DSA, ElGamal, unknown algorithms and curves", () => {
    const dsa = concatBytes(mpi(Buffer.alloc(256, 0xff)), mpi(bytes(3)), mpi(bytes(5)), mpi(bytes(7)));
    expect(readKey(body(17, dsa))).toMatchObject({ algorithm: "dsa", bits: 2048, material: { kind: "none" } });
    expect(readKey(body(16, bytes(1)))).toMatchObject({ algorithm: "elgamal", material: { kind: "none" } });
    expect(readKey(body(99, bytes(1)))).toMatchObject({ algorithm: "unknown-99", material: { kind: "none" } });
    const curve = concatBytes(bytes(2, 0x2a, 0x03), mpi(bytes(4)));
    expect(readKey(body(19, curve))).toMatchObject({ algorithm: "ecdsa-unknown", material: { kind: "none" } });
    expect(readKey(body(22, curve))).toMatchObject({ algorithm: "eddsa-unknown", material: { kind: "none" } });
  });
  it("passes over versions that it does not know", () => {
    expect(readKey(bytes(3, 1, 2))).toBeNull();
    expect(readKey(bytes(5, 1, 2))).toBeNull();
  });
  const ed25519 = hex("092b06010401da470f01");
  const p256 = hex("082a8648ce3d030107");
  it.each<[string, Bytes]>([
    ["an even RSA modulus", body(1, concatBytes(mpi(Buffer.alloc(256, 0xfe)), mpi(bytes(1, 0, 1))))],
    ["an RSA exponent of 1", body(1, concatBytes(mpi(Buffer.alloc(256, 0xff)), mpi(bytes(1))))],
    ["an even RSA exponent", body(1, concatBytes(mpi(Buffer.alloc(256, 0xff)), mpi(bytes(4))))],
    ["a huge RSA exponent", body(1, concatBytes(mpi(Buffer.alloc(256, 0xff)), mpi(Buffer.alloc(9, 0xff))))],
    ["an RSA modulus that takes minutes", body(1, concatBytes(mpi(Buffer.alloc(2049, 0xff)), mpi(bytes(3))))],
    ["a compressed point", body(19, concatBytes(p256, mpi(concatBytes(bytes(2), Buffer.alloc(32, 1)))))],
    ["a point of another length", body(19, concatBytes(p256, mpi(concatBytes(bytes(4), Buffer.alloc(63, 1)))))],
    ["an Edwards curve for ECDSA", body(19, concatBytes(ed25519, mpi(concatBytes(bytes(0x40), Buffer.alloc(32, 3)))))],
    ["a Weierstrass curve for EdDSA", body(22, concatBytes(p256, mpi(concatBytes(bytes(4), Buffer.alloc(64, 1)))))],
    ["an EdDSA point without its prefix", body(22, concatBytes(ed25519, mpi(Buffer.alloc(32, 3))))],
    ["an Ed25519 point of small order", body(27, concatBytes(bytes(1), Buffer.alloc(31)))],
    ["trailing bytes", concatBytes(eddsaKey().body, bytes(0))],
    ["a key that is cut off", eddsaKey().body.subarray(0, -1)],
    ["version 6 with a wrong length", concatBytes(ed25519Key({ version: 6 }).body, bytes(0))],
    ["a version 4 key above 64 KiB", body(99, Buffer.alloc(65_536))],
  ])("refuses %s (ERR_PARSE)", (_, malformed) => {
    expect(() => readKey(malformed)).toThrowCode("ERR_PARSE");
  });
});
