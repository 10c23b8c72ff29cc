/**
 * Our own reading and node:crypto on one side, the `openpgp` package on the other: over signatures made by the package, by
 * node:crypto and by mutation of either, both must give the same answer. The few differences are named, and in each we are
 * the stricter one.
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import fc from "fast-check";
import * as openpgp from "openpgp";
import { concatBytes } from "../../src/encoding/bytes.ts";
import { ParseError } from "../../src/errors.ts";
import type { Bytes } from "../../src/model.ts";
import { hashFacts } from "../../src/signature/openpgp/algorithms.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { verifyWithLibrary } from "../../src/signature/openpgp/library.ts";
import type { OpenPgpKey } from "../../src/signature/openpgp/key.ts";
import { readKey } from "../../src/signature/openpgp/key.ts";
import { splitPackets } from "../../src/signature/openpgp/packets.ts";
import { provesSignature } from "../../src/signature/openpgp/prove.ts";
import { readSignature } from "../../src/signature/openpgp/signature.ts";
import { itHolds } from "../support/fuzz.ts";
import { bytes, ecdsaKey, ed25519Key, ed448Key, eddsaKey, judge, rsaKey, signatureBody } from "../support/openpgp.ts";
import type { TestKey } from "../support/openpgp.ts";

const KEYS: readonly (readonly [string, TestKey])[] = [
  ["RSA", rsaKey(2048)],
  ["EdDSA", eddsaKey()],
  ["Ed25519", ed25519Key()],
  ["Ed25519 v6", ed25519Key({ version: 6 })],
  ["Ed448 v6", ed448Key({ version: 6 })],
  ["RSA v6", rsaKey(2048, { version: 6 })],
  ["P-256", ecdsaKey("p256")],
  ["P-384", ecdsaKey("p384")],
  ["P-521", ecdsaKey("p521")],
];

type GenerateKeyOptions = Omit<Parameters<typeof openpgp.generateKey>[0], "format">;

const NONE = new Set<openpgp.enums.hash>();
const LENIENT = { ...openpgp.config, rejectHashAlgorithms: NONE, rejectMessageHashAlgorithms: NONE };

interface Undeclared {
  read(body: Bytes): unknown;
}

/** What the package itself says: its own parser, its own hashing, its own verifier. */
async function oracle(key: Bytes, signature: Bytes, payload: Bytes): Promise<boolean> {
  try {
    const publicKey = new openpgp.PublicKeyPacket();
    await (publicKey as unknown as Undeclared).read(key);
    const packet = new openpgp.SignaturePacket();
    await (packet as unknown as Undeclared).read(signature);
    packet.issuerKeyID = publicKey.getKeyID();
    packet.unknownSubpackets = [];
    packet.rawNotations = [];
    packet.revocationKeyClass = null;
    const literal = { text: null, getBytes: () => payload };
    await packet.verify(publicKey, openpgp.enums.signature.binary, literal, null as unknown as Date, true, LENIENT);
    return true;
  } catch {
    return false;
  }
}

async function ours(key: OpenPgpKey, body: Bytes, payload: Bytes): Promise<boolean> {
  try {
    const signature = readSignature(body);
    return "unsupported" in signature ? false : await provesSignature(key, signature, [payload]);
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

const parsed = (key: TestKey): OpenPgpKey => {
  const result = readKey(key.body);
  if (result === null) throw new Error("no key");
  return result;
};

const payloads = fc.uint8Array({ maxLength: 300 });
const hashes = fc.constantFrom("sha256", "sha384", "sha512");

describe.each(KEYS)("%s: node:crypto and openpgp agree", (_, key) => {
  const ourKey = parsed(key);
  const isEd448 = key.algorithm === 28;

  itHolds(
    "on good signatures over any bytes, short numbers included",
    () =>
      fc.asyncProperty(payloads, isEd448 ? fc.constant("sha512") : hashes, async (payload, hash) => {
        const body = signatureBody(key, [payload], { hash });
        expect(await oracle(key.body, body, payload)).toBe(true);
        expect(await ours(ourKey, body, payload)).toBe(true);
      }),
    { runs: 60 },
  );

  const fixed = bytes(1, 2, 3);
  const body = signatureBody(key, [fixed], { hash: "sha512" });
  itHolds(
    "on signatures with any bit flipped",
    () =>
      fc.asyncProperty(fc.nat(body.length * 8 - 1), async (bit) => {
        const flipped = Uint8Array.from(body);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const [theirs, mine] = [await oracle(key.body, flipped, fixed), await ours(ourKey, flipped, fixed)];
        if (mine) expect(theirs).toBe(true);
        // Stricter on purpose: the unhashed area, too, has to be well-formed, and numbers of version 6 exact.
        if (theirs && !mine) expect(isRead(flipped)).toBe(false);
      }),
    { runs: 60 },
  );
  it("on signatures over other bytes", async () => {
    expect(await ours(ourKey, body, bytes(1, 2, 4))).toBe(false);
    expect(await oracle(key.body, body, bytes(1, 2, 4))).toBe(false);
  });

  it("on truncated and extended signatures", async () => {
    for (let length = 0; length < body.length; length += 7) {
      expect(await ours(ourKey, body.subarray(0, length), fixed)).toBe(false);
    }
    expect(await ours(ourKey, concatBytes(body, bytes(0)), fixed)).toBe(false);
  });

  it("and with the JavaScript verifier that stands in where OpenSSL lacks a curve", async () => {
    const payload = bytes(7, 7);
    const read = readSignature(signatureBody(key, [payload], { hash: "sha512" }));
    if ("unsupported" in read) throw new Error("unread");
    const message = concatBytes(read.salt, payload, read.trailer);
    const digest = createHash(hashFacts(read.hashAlgorithm)?.name ?? "")
      .update(message)
      .digest();
    if (read.publicKeyAlgorithm !== 1) expect(await verifyWithLibrary(ourKey, read, digest)).toBe(true);
    digest[20] = (digest[20] ?? 0) ^ 1;
    expect(await verifyWithLibrary(ourKey, read, digest)).toBe(false);
  });
});

function isRead(body: Bytes): boolean {
  try {
    return !("unsupported" in readSignature(body));
  } catch {
    return false;
  }
}

describe("what the openpgp package makes", () => {
  it.each<[string, GenerateKeyOptions]>([
    ["v4, EdDSA legacy", { userIDs: [{ email: "alice@example.org" }], type: "ecc", curve: "ed25519Legacy" }],
    ["v4, Ed25519", { userIDs: [{ email: "alice@example.org" }], type: "curve25519" }],
    ["v4, RSA", { userIDs: [{ email: "alice@example.org" }], type: "rsa", rsaBits: 2048 }],
    ["v4, P-384", { userIDs: [{ email: "alice@example.org" }], type: "ecc", curve: "nistP384" }],
    ["v6, Ed25519", { userIDs: [{ email: "alice@example.org" }], type: "curve25519", config: { v6Keys: true } }],
    ["v6, Ed448", { userIDs: [{ email: "alice@example.org" }], type: "curve448", config: { v6Keys: true } }],
    [
      "v6, signing subkey",
      {
        userIDs: [{ email: "alice@example.org" }],
        type: "curve25519",
        subkeys: [{ sign: true }],
        config: { v6Keys: true },
      },
    ],
  ])(
    "verifies: %s",
    async (name, options) => {
      const { privateKey, publicKey } = await openpgp.generateKey({ ...options, format: "object" as const });
      const signing = await privateKey.getSigningKey();
      const config = { ...openpgp.config, ...options.config };
      const certificate = (publicKey as { write(): Bytes }).write();
      for (const armored of [certificate, Buffer.from(publicKey.armor(config))]) {
        const read = readCertificate(armored);
        expect(read.fingerprint).toBe(publicKey.getFingerprint().toUpperCase());
        expect(read.keys[0].version).toBe(name.startsWith("v6") ? 6 : 4);
      }
      const now = Math.floor(Date.now() / 1000) + 10;
      for (let count = 0; count < 20; count++) {
        const payload = Buffer.from(`commit ${count}\n`);
        const message = await openpgp.createMessage({ binary: payload });
        const armored = String(await openpgp.sign({ message, signingKeys: privateKey, detached: true, config }));
        const [packet] = splitPackets(decode(armored), "signature");
        expect(packet?.tag).toBe(2);
        const evidence = await judge(Buffer.from(armored), certificate, { payload, times: { now } });
        expect(evidence).toMatchObject({
          outcome: "verified",
          lapsed: null,
          signer: { key: { fingerprint: signing.getFingerprint().toUpperCase() } },
        });
        expect(await judge(Buffer.from(armored), certificate, { times: { now } })).toBeRefuted("bad-signature");
      }
    },
    60_000,
  );
});

const decode = (armored: string): Bytes =>
  Buffer.from(
    armored
      .replace(/-----.*-----/g, "")
      .replace(/^=.*$/m, "")
      .replace(/\s/g, ""),
    "base64",
  );
