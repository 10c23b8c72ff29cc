/**
 * facts/attacks.md, section 12: what OpenPGP.js leaves to its caller. Where it says so here, the package itself is asked
 * first, so that the day it closes a gap is noticed.
 */
import { describe, expect, it } from "@jest/globals";
import * as openpgp from "openpgp";
import { concatBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import {
  ALICE,
  DAY,
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  armor,
  backSignature,
  bytes,
  certification,
  eddsaKey,
  issuerKeyId,
  judge,
  keyLifetime,
  packet,
  publicKey,
  revocation,
  rsaKey,
  signature,
  signatureBody,
  simpleCertificate,
  userId,
  withSubkey,
} from "../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const mallory = eddsaKey({ seed: 2 });
const certificate = simpleCertificate(alice);
const signed = signature(alice);
const verified = { outcome: "verified" };

/** Whether the first signature verifies by the package's own judgement, as a caller in a hurry would ask. */
async function libraryTakes(armored: Bytes, keys: Bytes, payload = PAYLOAD): Promise<boolean> {
  try {
    const message = await openpgp.createMessage({ binary: payload });
    const result = await openpgp.verify({
      message,
      signature: await openpgp.readSignature({ armoredSignature: latin1(armored) }),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the package declares a class, returns another
      verificationKeys: await openpgp.readKeys({ binaryKeys: keys }),
      date: new Date(NOW * 1000),
    });
    return (await result.signatures[0]?.verified) ?? false;
  } catch {
    return false;
  }
}

it("agrees with the package on a plain good signature and a plain bad one", async () => {
  expect(await libraryTakes(signed, certificate)).toBe(true);
  expect(await judge(signed, certificate)).toMatchObject(verified);
  const other = fromLatin1("other");
  expect(await libraryTakes(signed, certificate, other)).toBe(false);
  expect(await judge(signed, certificate, { payload: other })).toBeRefuted("bad-signature");
});

describe("77: the type of an embedded back-signature", () => {
  it.each([0x00, 0x18])("refutes type %s, which the package takes (key-invalid)", async (type) => {
    const subkey = eddsaKey({ seed: 3 });
    const file = withSubkey(alice, subkey, { back: backSignature(alice, subkey, { type }) });
    expect(await libraryTakes(signature(subkey), file)).toBe(true);
    expect(await judge(signature(subkey), file)).toBeRefuted("key-invalid");
  });
});

describe("78: signatures beside the first", () => {
  const good = packet(2, signatureBody(alice, [PAYLOAD]));
  it("refutes a good one beside a bad one, which the package's first result hides (multiple-signatures)", async () => {
    const pair = armor("PGP SIGNATURE", concatBytes(good, packet(2, signatureBody(mallory, [PAYLOAD]))));
    expect(await libraryTakes(pair, certificate)).toBe(true);
    expect(await judge(pair, certificate)).toBeRefuted("multiple-signatures");
  });
  it("sees packets that the package drops: version 3, version 99 (multiple-signatures)", async () => {
    for (const version of [3, 99]) {
      const dropped = armor("PGP SIGNATURE", concatBytes(good, packet(2, bytes(version, 0, 0))));
      expect(await judge(dropped, certificate)).toBeRefuted("multiple-signatures");
    }
  });
});

describe("79: issuer fingerprint, and keys that share an id", () => {
  it("refutes a hashed fingerprint that names another key (bad-signature)", async () => {
    const misnamed = signature(alice, PAYLOAD, { issuer: mallory, unhashed: [issuerKeyId(alice)] });
    expect(await judge(misnamed, [certificate, simpleCertificate(mallory)])).toBeRefuted("bad-signature");
  });
  it("tries the second certificate that holds the key where the first is of no use", async () => {
    const subkey = eddsaKey({ seed: 3 });
    const adopter = withSubkey(mallory, subkey, { back: null });
    const evidence = await judge(signature(subkey), [adopter, withSubkey(alice, subkey)]);
    expect(evidence).toMatchObject({ outcome: "verified", signer: { principal: "bob" } });
  });
});

describe("80: the validity time line", () => {
  const base = concatBytes(publicKey(alice), userId(ALICE));
  it("takes a commit older than the only self-signature, which the package refuses", async () => {
    const renewed = concatBytes(base, certification(alice, ALICE, { at: SIGNED + DAY }));
    expect(await libraryTakes(signed, renewed)).toBe(false);
    expect(await judge(signed, renewed)).toMatchObject(verified);
  });
  it("takes a key without key flags, as gpg does", async () => {
    expect(await judge(signed, simpleCertificate(alice, { flags: null }))).toMatchObject(verified);
  });
  it("says that a key expired since, where the package sees only the signer's own date", async () => {
    const expired = concatBytes(base, certification(alice, ALICE, { hashed: [keyLifetime(SIGNED + 1 - MADE)] }));
    expect(await libraryTakes(signed, expired)).toBe(true);
    expect(await judge(signed, expired)).toMatchObject({ outcome: "verified", lapsed: { code: "key-expired" } });
  });
  it("says the same of a soft revocation", async () => {
    const revoked = concatBytes(certificate, revocation(alice, SIGNED + DAY, 3));
    expect(await judge(signed, revoked)).toMatchObject({ outcome: "verified", lapsed: { code: "key-revoked" } });
  });
});

describe("81: text signatures, text around the armor", () => {
  it("refutes type 0x01, which the package takes (wrong-signature-type)", async () => {
    const lines = fromLatin1("a\r\nb\r\n");
    const text = signature(alice, lines, { type: 1 });
    expect(await libraryTakes(text, certificate, fromLatin1("a\r\nb\r\n"))).toBe(true);
    expect(await judge(text, certificate, { payload: lines })).toBeRefuted("wrong-signature-type");
  });
  it("refutes text in front of the armor and behind it, which the package takes (malformed)", async () => {
    const before = concatBytes(fromLatin1("signed by Bob\n"), signed);
    const behind = concatBytes(signed, fromLatin1("signed by Bob\n"));
    for (const armored of [before, behind]) expect(await judge(armored, certificate)).toBeRefuted("malformed");
    expect((await libraryTakes(before, certificate)) || (await libraryTakes(behind, certificate))).toBe(true);
  });
});

describe("82: bytes, never text", () => {
  it.each([
    ["bytes that are no UTF-8", bytes(0xff, 0xfe, 0x00, 0x80)],
    ["U+FFFD, as which they would be decoded", Buffer.from("\u{fffd}\u{fffd}\0\u{fffd}")],
    ["CRLF", fromLatin1("a\r\nb")],
    ["a lone LF", fromLatin1("a\nb")],
    ["trailing blanks", fromLatin1("a \t\n\n")],
    ["nothing", bytes()],
  ])("takes %s as signed, and nothing else for it", async (_, payload) => {
    const armored = signature(alice, payload);
    expect(await judge(armored, certificate, { payload })).toMatchObject(verified);
    const text = Buffer.from(Buffer.from(payload).toString("utf8").replace(/\r\n/gu, "\n").trimEnd() + "\n");
    expect(await judge(armored, certificate, { payload: text })).toBeRefuted("bad-signature");
  });
});

describe("83: short numbers", () => {
  it("takes RSA and EdDSA signatures with leading zeros as the package does", async () => {
    for (const key of [eddsaKey({ seed: 5 }), rsaKey(2048)]) {
      const file = simpleCertificate(key);
      for (let count = 0, met = 0; met < 1; count++) {
        const payload = fromLatin1(`commit ${count}`);
        const seen = { zero: false };
        const armored = signature(key, payload, {
          forge: (numbers) => {
            seen.zero = numbers.some(([first]) => first === 0);
            return numbers;
          },
        });
        if (!seen.zero) continue;
        met++;
        expect(await libraryTakes(armored, file, payload)).toBe(true);
        expect(await judge(armored, file, { payload })).toMatchObject(verified);
      }
    }
  }, 60_000);
});

describe("84: what is legitimate", () => {
  it("takes armor with and without CRC, with armor headers, with CRLF", async () => {
    const text = latin1(signed);
    const crc = text.replace("-----END", "=AAAA\n-----END");
    expect(await judge(fromLatin1(crc), certificate)).toBeRefuted("malformed");
    const headers = text.replace("SIGNATURE-----\n\n", "SIGNATURE-----\nVersion: GnuPG v2\nComment: hello\n\n");
    expect(await judge(fromLatin1(headers), certificate)).toMatchObject(verified);
    expect(await judge(fromLatin1(text.replaceAll("\n", "\r\n")), certificate)).toMatchObject(verified);
    expect(await judge(signed, certificate)).toMatchObject(verified);
  });
  it("takes legacy packet headers", async () => {
    const old = armor("PGP SIGNATURE", packet(2, signatureBody(alice, [PAYLOAD]), "old"));
    expect(await judge(old, certificate)).toMatchObject(verified);
  });
});
