/** facts/attacks.md, section 4: algorithms and numbers. Stopped by `state.ts` (algorithms), `native.ts` and `numbers.ts`. */
import { describe, expect, it } from "@jest/globals";
import { createHash, createPrivateKey, generateKeyPairSync, privateEncrypt, constants } from "node:crypto";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import {
  PAYLOAD,
  bytes,
  ecdsaKey,
  ed25519Key,
  ed448Key,
  eddsaKey,
  hex,
  judge,
  mpi,
  number,
  rsaKey,
  signature,
  simpleCertificate,
} from "../support/openpgp.ts";
import type { TestKey } from "../support/openpgp.ts";

const verified = { outcome: "verified", lapsed: null };
const toBigInt = (value: Bytes): bigint => BigInt(`0x${Buffer.from(value).toString("hex")}`);
const fromBigInt = (value: bigint, size: number): Bytes => hex(value.toString(16).padStart(size * 2, "0"));

describe("37: weak algorithms", () => {
  const alice = eddsaKey();
  it.each(["sha256", "sha384", "sha512"])("takes %s", async (hash) => {
    expect(await judge(signature(alice, PAYLOAD, { hash }), simpleCertificate(alice))).toMatchObject(verified);
  });
  it.each(["md5", "sha1", "sha224"])("refutes a signature with %s (weak-algorithm)", async (hash) => {
    expect(await judge(signature(alice, PAYLOAD, { hash }), simpleCertificate(alice))).toBeRefuted("weak-algorithm");
  });
  it("refutes RIPEMD-160 and hashes that nobody knows, by their number (weak-algorithm)", async () => {
    for (const id of [3, 4, 7, 99]) {
      const armored = signature(alice, PAYLOAD, { hash: "sha256" });
      const binary = Buffer.from(Buffer.from(armored).toString().split("\n").slice(2, -2).join(""), "base64");
      binary[9] = id;
      const relabelled = Buffer.from(
        `-----BEGIN PGP SIGNATURE-----\n\n${binary.toString("base64")}\n-----END PGP SIGNATURE-----\n`,
      );
      expect(await judge(relabelled, simpleCertificate(alice))).toBeRefuted("weak-algorithm");
    }
  });
  it("refutes RSA keys below the policy's size, primary or subkey (weak-algorithm)", async () => {
    const [small, large] = [rsaKey(1024), rsaKey(2048)];
    expect(await judge(signature(small), simpleCertificate(small))).toBeRefuted("weak-algorithm");
    expect(await judge(signature(large), simpleCertificate(large))).toMatchObject(verified);
    expect(await judge(signature(large), simpleCertificate(large), { algorithms: { rsaBits: 3072 } })).toBeRefuted(
      "weak-algorithm",
    );
  });
  it("refutes DSA signatures unread (weak-algorithm)", async () => {
    const dsa: TestKey = { ...alice, algorithm: 17 };
    expect(await judge(signature(dsa), simpleCertificate(alice))).toBeRefuted("weak-algorithm");
  });
  it("refutes a hash that is too short for the curve (weak-algorithm)", async () => {
    const key = ecdsaKey("p384");
    const certificate = simpleCertificate(key);
    expect(await judge(signature(key, PAYLOAD, { hash: "sha256" }), certificate)).toBeRefuted("weak-algorithm");
    expect(await judge(signature(key, PAYLOAD, { hash: "sha384" }), certificate)).toMatchObject(verified);
    const modern = ed448Key({ version: 6 });
    expect(await judge(signature(modern, PAYLOAD, { hash: "sha256" }), simpleCertificate(modern))).toBeRefuted(
      "weak-algorithm",
    );
    expect(await judge(signature(modern), simpleCertificate(modern))).toMatchObject(verified);
  });
});

describe("38: RSA paddings that lax parsers take (the platform's verifier compares the whole block)", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
  const jwk = privateKey.export({ format: "jwk" });
  const modulus = Buffer.from(jwk.n ?? "", "base64url");
  const info = hex("3051300d060960864801650304020305000440");
  const digestOf = (message: Bytes): Bytes => createHash("sha512").update(message).digest();
  const raw = (block: Bytes): Bytes =>
    privateEncrypt({ key: createPrivateKey({ key: jwk, format: "jwk" }), padding: constants.RSA_NO_PADDING }, block);
  const padded = (size: number, ...parts: readonly Bytes[]): Bytes => {
    const tail = concatBytes(bytes(0), ...parts);
    return concatBytes(bytes(0, 1), Buffer.alloc(size - 2 - tail.length, 0xff), tail);
  };
  /** A certificate made rightly; then `block` says what the signature's encrypted block holds. */
  const withBlock = (block: (message: Bytes) => Bytes): { key: TestKey; forged: TestKey } => {
    const key: TestKey = {
      ...rsaBody(modulus),
      sign: (_, message) => [raw(padded(256, info, digestOf(message)))],
    };
    return { key, forged: { ...key, sign: (_, message) => [raw(block(message))] } };
  };
  const rsaBody = (n: Bytes): TestKey => {
    const template = eddsaKey();
    const body = concatBytes(template.body.subarray(0, 5), bytes(1), mpi(n), mpi(bytes(3)));
    const framed = concatBytes(bytes(0x99), number(body.length, 2), body);
    const fingerprint = createHash("sha1").update(framed).digest("hex").toUpperCase();
    return { ...template, algorithm: 1, body, framed, fingerprint, keyId: fingerprint.slice(-16) };
  };
  const short = (message: Bytes, garbage: number, ...parts: readonly Bytes[]): Bytes =>
    concatBytes(
      bytes(0, 1, ...new Array<number>(8).fill(0xff), 0),
      ...parts,
      digestOf(message),
      Buffer.alloc(garbage, 0x11),
    );

  it("takes the one right block, by a key with exponent 3", async () => {
    const { key, forged } = withBlock((message) => padded(256, info, digestOf(message)));
    expect(await judge(signature(forged), simpleCertificate(key))).toMatchObject(verified);
  });
  it.each<[string, (message: Bytes) => Bytes]>([
    ["garbage behind the digest (Bleichenbacher 2006)", (m) => short(m, 256 - 11 - 19 - 64, info)],
    ["no DigestInfo", (m) => padded(256, digestOf(m))],
    ["DigestInfo of another hash", (m) => padded(256, hex("3051300d060960864801650304020105000440"), digestOf(m))],
    ["DigestInfo without NULL", (m) => padded(256, hex("304f300b0609608648016503040203" + "0440"), digestOf(m))],
    ["padding that is not FF", (m) => concatBytes(bytes(0, 1, 0xfe), padded(256, info, digestOf(m)).subarray(3))],
    ["block type 2", (m) => concatBytes(bytes(0, 2), padded(256, info, digestOf(m)).subarray(2))],
  ])("refutes %s (bad-signature)", async (_, block) => {
    const { key, forged } = withBlock(block);
    expect(await judge(signature(forged), simpleCertificate(key))).toBeRefuted("bad-signature");
  });
});

describe("39: numbers out of range (range checks)", () => {
  const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

  it("refutes ECDSA with r or s of 0, n, or above (bad-signature, CVE-2022-21449)", async () => {
    const key = ecdsaKey("p256");
    const certificate = simpleCertificate(key);
    const order = fromBigInt(P256_ORDER, 32);
    const zero = bytes();
    for (const numbers of [
      [zero, zero],
      [order, order],
      [zero, order],
      [bytes(1), zero],
    ]) {
      expect(await judge(signature(key, PAYLOAD, { forge: () => numbers }), certificate)).toBeRefuted("bad-signature");
    }
    const plusOrder = (raw: readonly Bytes[]): readonly Bytes[] =>
      raw.map((value) => fromBigInt(toBigInt(value) + P256_ORDER, 33));
    expect(await judge(signature(key, PAYLOAD, { forge: plusOrder }), certificate)).toBeRefuted("bad-signature");
    expect(await judge(signature(key), certificate)).toMatchObject(verified);
  });
  it("refutes Ed25519 with S + L, the twin that libgcrypt takes (bad-signature)", async () => {
    const reversed = (value: Bytes): Bytes => Uint8Array.from(value).reverse();
    const twin = (s: Bytes): Bytes => reversed(fromBigInt(toBigInt(reversed(s)) + ED25519_ORDER, 32));
    const legacy = eddsaKey();
    const forge = ([r = bytes(), s = bytes()]: readonly Bytes[]): readonly Bytes[] => [r, twin(s)];
    expect(await judge(signature(legacy, PAYLOAD, { forge }), simpleCertificate(legacy))).toBeRefuted("bad-signature");
    const native = ed25519Key();
    const forgeNative = ([raw = bytes()]: readonly Bytes[]): readonly Bytes[] => [
      concatBytes(raw.subarray(0, 32), twin(raw.subarray(32))),
    ];
    expect(await judge(signature(native, PAYLOAD, { forge: forgeNative }), simpleCertificate(native))).toBeRefuted(
      "bad-signature",
    );
    expect(await judge(signature(native), simpleCertificate(native))).toMatchObject(verified);
  });
  it("refutes RSA with s + n, the twin that libgcrypt takes (bad-signature)", async () => {
    const key = rsaKey(2048);
    const n = toBigInt(key.body.subarray(8, 8 + 256));
    const forge = ([s = bytes()]: readonly Bytes[]): readonly Bytes[] => [fromBigInt(toBigInt(s) + n, 257)];
    expect(await judge(signature(key, PAYLOAD, { forge }), simpleCertificate(key))).toBeRefuted("bad-signature");
    expect(await judge(signature(key, PAYLOAD, { forge: () => [bytes()] }), simpleCertificate(key))).toBeRefuted(
      "bad-signature",
    );
  });
  it("refutes numbers longer than any of their kind, and trailing bytes (bad-signature, malformed)", async () => {
    const key = eddsaKey();
    const forge = ([r = bytes(), s = bytes()]: readonly Bytes[]): readonly Bytes[] => [concatBytes(bytes(1), r), s];
    expect(await judge(signature(key, PAYLOAD, { forge }), simpleCertificate(key))).toBeRefuted("bad-signature");
    expect(await judge(signature(key, PAYLOAD, { trailing: bytes(0) }), simpleCertificate(key))).toBeRefuted(
      "malformed",
    );
  });
  it("refutes a signature whose digest prefix is wrong: 65,535 twins (bad-signature)", async () => {
    const key = eddsaKey();
    expect(await judge(signature(key, PAYLOAD, { prefix: bytes(0, 0) }), simpleCertificate(key))).toBeRefuted(
      "bad-signature",
    );
  });
});

describe("40: numbers with leading zeros (padded before the verifier)", () => {
  /** Signs variations of the payload until a number starts with a zero byte. */
  function withLeadingZero(key: TestKey, which: number): { armored: Bytes; payload: Bytes } {
    for (let count = 0; count < 20_000; count++) {
      const payload = concatBytes(PAYLOAD, Buffer.from(String(count)));
      const seen = { short: false };
      const forge = (raw: readonly Bytes[]): readonly Bytes[] => {
        seen.short = raw[which]?.[0] === 0;
        return raw;
      };
      const armored = signature(key, payload, { forge });
      if (seen.short) return { armored, payload };
    }
    throw new Error("no such signature");
  }
  it.each<[string, TestKey, number]>([
    ["RSA", rsaKey(2048), 0],
    ["EdDSA r", eddsaKey(), 0],
    ["EdDSA s", eddsaKey({ seed: 7 }), 1],
    ["ECDSA r", ecdsaKey("p256"), 0],
    ["ECDSA s", ecdsaKey("p256"), 1],
    ["Ed25519", ed25519Key(), 0],
  ])(
    "takes %s",
    async (_, key, which) => {
      const { armored, payload } = withLeadingZero(key, which);
      expect(await judge(armored, simpleCertificate(key), { payload })).toMatchObject(verified);
      expect(await judge(armored, simpleCertificate(key))).toBeRefuted("bad-signature");
    },
    60_000,
  );
  it("takes numbers that an old writer padded, in version 4, and refuses them in version 6 (malformed)", async () => {
    const write = (raw: Bytes): Bytes => concatBytes(number((raw.length + 1) * 8, 2), bytes(0), raw);
    const old = eddsaKey();
    expect(await judge(signature(old, PAYLOAD, { write }), simpleCertificate(old))).toMatchObject(verified);
    const modern = rsaKey(2048, { version: 6 });
    expect(await judge(signature(modern, PAYLOAD, { write }), simpleCertificate(modern))).toBeRefuted("malformed");
    expect(await judge(signature(modern), simpleCertificate(modern))).toMatchObject(verified);
  });
});
