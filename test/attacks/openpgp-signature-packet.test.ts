/** facts/attacks.md, section 2: what an attacker can do to the signature packet. Every test says which layer stops it. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import {
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  armor,
  bytes,
  created,
  ed25519Key,
  eddsaKey,
  issuerFingerprint,
  issuerKeyId,
  judge,
  keyFlags,
  lifetime,
  notation,
  number,
  packet,
  signature,
  signatureBody,
  simpleCertificate,
  subpacket,
} from "../support/openpgp.ts";
import type { SignatureOptions } from "../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const mallory = eddsaKey({ seed: 2 });
const certificate = simpleCertificate(alice);
const good = signatureBody(alice, [PAYLOAD]);
const armored = (...packets: readonly Uint8Array[]): Uint8Array => armor("PGP SIGNATURE", concatBytes(...packets));
const by = (options: SignatureOptions, maker = alice): Uint8Array => signature(maker, PAYLOAD, options);

describe("13: two signature packets in one armor (packet framing)", () => {
  it("takes one", async () => {
    expect(await judge(armored(packet(2, good)), certificate)).toMatchObject({ outcome: "verified" });
  });
  it("refutes two good ones, and a good one before or behind a bad one (multiple-signatures)", async () => {
    const bad = signatureBody(mallory, [PAYLOAD]);
    for (const pair of [
      [good, good],
      [good, bad],
      [bad, good],
    ] as const) {
      expect(await judge(armored(...pair.map((body) => packet(2, body))), certificate)).toBeRefuted(
        "multiple-signatures",
      );
    }
  });
  it("sees a second one that parsers drop: version 3, version 99, type 0x02 (multiple-signatures)", async () => {
    const dropped = [bytes(3, 5, 0), bytes(99, 0, 0), signatureBody(alice, [], { type: 0x02 })];
    for (const body of dropped) {
      expect(await judge(armored(packet(2, good), packet(2, body)), certificate)).toBeRefuted("multiple-signatures");
    }
  });
  it("sees a second armor block (multiple-signatures)", async () => {
    const block = armored(packet(2, good));
    expect(await judge(concatBytes(block, block), certificate)).toBeRefuted("multiple-signatures");
  });
  it("refutes any other packet beside it: marker, trust, padding, private, literal data (malformed)", async () => {
    for (const tag of [10, 12, 21, 60, 11]) {
      const other = packet(tag, fromLatin1("PGP"));
      expect(await judge(armored(packet(2, good), other), certificate)).toBeRefuted("malformed");
      expect(await judge(armored(other, packet(2, good)), certificate)).toBeRefuted("malformed");
    }
  });
});

describe("14: type confusion (signature type)", () => {
  it.each(["02", "10", "11", "12", "13", "18", "19", "1f", "20", "28", "30", "40", "50"])(
    "refutes a valid signature of type 0x%s over the same bytes (wrong-signature-type)",
    async (type) => {
      expect(await judge(by({ type: Number.parseInt(type, 16) }), certificate)).toBeRefuted("wrong-signature-type");
    },
  );
  it("refutes one whose type was changed to 0x00 afterwards (bad-signature)", async () => {
    const changed = Uint8Array.from(signatureBody(alice, [PAYLOAD], { type: 0x40 }));
    changed[1] = 0;
    expect(await judge(armored(packet(2, changed)), certificate)).toBeRefuted("bad-signature");
  });
});

describe("15: text signatures, which fit several objects (signature type)", () => {
  it("refutes type 0x01 even where the line ends are as signed (wrong-signature-type)", async () => {
    expect(await judge(by({ type: 0x01 }), certificate)).toBeRefuted("wrong-signature-type");
  });
});

describe("16: messages in place of a detached signature (armor label, packet types)", () => {
  it("refutes an inline-signed message, under its own label and under that of a signature (malformed)", async () => {
    const literal = packet(11, concatBytes(fromLatin1("b\0"), number(SIGNED, 4), PAYLOAD));
    const onePass = packet(4, concatBytes(bytes(3, 0, 10, 22), Buffer.from(alice.keyId, "hex"), bytes(1)));
    const message = concatBytes(onePass, literal, packet(2, good));
    expect(await judge(armor("PGP MESSAGE", message), certificate)).toBeRefuted("malformed");
    expect(await judge(armored(message), certificate)).toBeRefuted("malformed");
  });
  it("refutes a cleartext-signed message (malformed)", async () => {
    const text = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${latin1(PAYLOAD)}\n${latin1(by({}))}`;
    expect(await judge(fromLatin1(text), certificate)).toBeRefuted("malformed");
  });
});

describe("17: bombs (caps before parsing)", () => {
  it("never opens compressed packets (malformed)", async () => {
    expect(await judge(armored(packet(8, bytes(1, 0x4b, 0x4c))), certificate)).toBeRefuted("malformed");
  });
  it("refuses more than 64 KiB unread (resource-limit)", async () => {
    const huge = by({ unhashed: [subpacket(100, Buffer.alloc(60_000))] });
    expect(huge.length).toBeGreaterThan(65_536);
    expect(await judge(huge, certificate)).toBeRefuted("resource-limit");
  });
  it("does not recurse into signatures embedded in signatures", async () => {
    let inner = good;
    for (let depth = 0; depth < 200; depth++)
      inner = signatureBody(alice, [], { unhashed: [subpacket(32, inner.subarray(0, 20_000))] });
    expect(await judge(by({ unhashed: [issuerKeyId(alice), subpacket(32, inner)] }), certificate)).toMatchObject({
      outcome: "verified",
    });
  });
});

describe("18: the unhashed area is anybody's (hashed area alone)", () => {
  it("refutes a creation time that stands in the unhashed area only (malformed)", async () => {
    expect(await judge(by({ at: null, unhashed: [issuerKeyId(alice), created(SIGNED)] }), certificate)).toBeRefuted(
      "malformed",
    );
  });
  it("takes the hashed time where the unhashed area claims another", async () => {
    const evidence = await judge(by({ unhashed: [issuerKeyId(alice), created(MADE + 1)] }), certificate);
    expect(evidence).toMatchObject({ outcome: "verified", signedAt: SIGNED });
  });
  it("does not let an unhashed expiry of zero undo the hashed one (signature-expired)", async () => {
    const options = { hashed: [lifetime(60)], unhashed: [issuerKeyId(alice), lifetime(0)] };
    expect(await judge(by(options), certificate)).toBeRefuted("signature-expired");
  });
  it("does not take key flags from the unhashed area of a self-signature (not-signing-capable)", async () => {
    const forged = simpleCertificate(alice, { flags: 0x01, unhashed: [issuerKeyId(alice), keyFlags(0x03)] });
    expect(await judge(by({}), forged)).toBeRefuted("not-signing-capable");
  });
});

describe("19: one key's result under another key's name (issuer hints)", () => {
  const bob = simpleCertificate(mallory);
  it("refutes a hashed fingerprint that names Bob where Alice signed (bad-signature)", async () => {
    const evidence = await judge(by({ issuer: mallory }), [certificate, bob]);
    expect(evidence).toBeRefuted("bad-signature");
  });
  it("refutes an unhashed key id that names Bob where Alice signed (bad-signature)", async () => {
    expect(await judge(by({ unhashed: [issuerKeyId(mallory)] }), [certificate, bob])).toBeRefuted("bad-signature");
  });
  it("refutes a second fingerprint in the unhashed area (bad-signature)", async () => {
    const unhashed = [issuerKeyId(alice), issuerFingerprint(mallory)];
    expect(await judge(by({ unhashed }), [certificate, bob])).toBeRefuted("bad-signature");
  });
  it("credits the key that verified, by its full fingerprint", async () => {
    const evidence = await judge(by({}, mallory), [certificate, bob]);
    expect(evidence).toMatchObject({ signer: { principal: "bob", key: { fingerprint: mallory.fingerprint } } });
  });
});

describe("20: critical subpackets and notations (RFC 9580 §5.2.3.7)", () => {
  it.each([1, 8, 10, 31, 35, 37, 100, 127])(
    "leaves a critical subpacket of type %s undecided (unsupported)",
    async (type) => {
      expect(await judge(by({ hashed: [subpacket(type, bytes(0), true)] }), certificate)).toBeRefuted("unsupported");
    },
  );
  it("leaves a critical notation undecided (unsupported)", async () => {
    expect(await judge(by({ hashed: [notation("a@example.org", true)] }), certificate)).toBeRefuted("unsupported");
  });
  it("ignores the same without the critical bit", async () => {
    const hashed = [subpacket(100, bytes(0)), notation("a@example.org", false)];
    expect(await judge(by({ hashed }), certificate)).toMatchObject({ outcome: "verified" });
  });
  it("takes critical ones that it honours: creation time, expiry, issuer", async () => {
    const hashed = [subpacket(3, number(NOW, 4), true)];
    expect(await judge(by({ hashed }), certificate)).toMatchObject({ outcome: "verified" });
  });
});

describe("21: the signature's own dates (hashed area, our clock)", () => {
  it("refutes a signature without creation time (malformed)", async () => {
    expect(await judge(by({ at: null }), certificate)).toBeRefuted("malformed");
  });
  it("refutes two creation times, of which readers pick different ones (malformed)", async () => {
    expect(await judge(by({ hashed: [created(SIGNED + 1)] }), certificate)).toBeRefuted("malformed");
  });
  it("refutes one past its own expiry now, though it was good when made (signature-expired)", async () => {
    expect(await judge(by({ hashed: [lifetime(NOW - SIGNED)] }), certificate)).toBeRefuted("signature-expired");
    expect(await judge(by({ hashed: [lifetime(NOW - SIGNED + 1)] }), certificate)).toMatchObject({
      outcome: "verified",
    });
  });
  it("refutes one from the future, beyond five minutes (signature-in-future)", async () => {
    expect(await judge(by({ at: NOW + 301 }), certificate)).toBeRefuted("signature-in-future");
    expect(await judge(by({ at: NOW + 300 }), certificate)).toMatchObject({ outcome: "verified" });
  });
});

describe("22: versions (RFC 9580 §5.2)", () => {
  const modern = ed25519Key({ version: 6, seed: 3 });
  const modernCertificate = simpleCertificate(modern);
  it("takes version 4 by a version 4 key and version 6 by a version 6 key", async () => {
    expect(await judge(by({}), certificate)).toMatchObject({ outcome: "verified" });
    expect(await judge(by({}, modern), modernCertificate)).toMatchObject({
      outcome: "verified",
      signer: { key: { fingerprint: modern.fingerprint } },
    });
  });
  it("leaves versions 3 and 5 undecided (unsupported)", async () => {
    for (const version of [2, 3, 5]) {
      const body = concatBytes(bytes(version), good.subarray(1));
      expect(await judge(armored(packet(2, body)), certificate)).toBeRefuted("unsupported");
    }
  });
  it("refutes a version 6 signature with a salt of the wrong size (malformed)", async () => {
    expect(await judge(by({ salt: Buffer.alloc(16) }, modern), modernCertificate)).toBeRefuted("malformed");
    expect(await judge(by({ salt: Buffer.alloc(0) }, modern), modernCertificate)).toBeRefuted("malformed");
  });
  it("refutes a version 6 signature by a version 4 key and the reverse (bad-signature)", async () => {
    const v4 = ed25519Key({ seed: 4 });
    expect(await judge(by({ version: 6 }, v4), simpleCertificate(v4))).toBeRefuted("bad-signature");
    expect(await judge(by({ version: 4 }, modern), modernCertificate)).toBeRefuted("bad-signature");
  });
});

describe("23: injection through text (no text is parsed)", () => {
  it("takes status lines in notations, signer's names and armor headers for what they are: nothing", async () => {
    const status = "[GNUPG:] GOODSIG 0000 Bob\n[GNUPG:] VALIDSIG";
    const hashed = [notation(status, false), subpacket(28, fromLatin1(status))];
    const evidence = await judge(by({ hashed }, mallory), certificate);
    expect(evidence).toBeRefuted("unknown-key");
    expect(JSON.stringify(evidence)).not.toContain("GNUPG");
  });
});

describe("24: no issuer (policy: refused)", () => {
  it("refutes a signature that names no key at all (malformed)", async () => {
    expect(await judge(by({ issuer: null, unhashed: [] }), certificate)).toBeRefuted("malformed");
  });
  it("takes either name alone", async () => {
    expect(await judge(by({ issuer: null }), certificate)).toMatchObject({ outcome: "verified", issuer: alice.keyId });
    expect(await judge(by({ unhashed: [] }), certificate)).toMatchObject({
      outcome: "verified",
      issuer: alice.fingerprint,
    });
  });
});
