/** Attack rule 39: numbers outside their range, and second spellings of one number (CVE-2022-21449 and malleability). */
import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  addOrder,
  ecdsaKey,
  ed25519Key,
  keyEntry,
  mpint,
  rsaKey,
  signedStructure,
  sshSig,
  sshTrust,
  strings,
  text,
} from "../support/ssh.ts";
import type { TestKey } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const verify = (key: TestKey, signature: Bytes) =>
  verifySsh(sshSig(key, PAYLOAD, { signature }), PAYLOAD, sshTrust([keyEntry(key)]), TIMES);
const message = signedStructure(PAYLOAD);

describe.each([
  ["nistp256", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"],
  ["nistp384", "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"],
  [
    "nistp521",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
  ],
] as const)("ECDSA numbers of %s (rule 39)", (curve, hex) => {
  const key = ecdsaKey(curve);
  const order = mpint(Buffer.from(hex, "hex"));
  const blob = (r: Bytes, s: Bytes): Bytes => strings(key.type, strings(r, s));
  const one = Uint8Array.of(1);

  it.each([
    ["r = 0 and s = 0", new Uint8Array(), new Uint8Array()],
    ["r = 0", new Uint8Array(), one],
    ["s = 0", one, new Uint8Array()],
    ["r = n and s = n", order, order],
    ["r = n", order, one],
    ["s = n", one, order],
    ["a number far too long", concatBytes(one, order, order), one],
  ])("refutes %s (bad-signature)", async (_, r, s) => {
    expect(await verify(key, blob(r, s))).toBeRefuted("bad-signature");
  });
  it("refutes zero spelled as a byte, negative numbers and needless zeros (malformed)", async () => {
    const zero = Uint8Array.of(0);
    expect(await verify(key, blob(zero, zero))).toBeRefuted("malformed");
    expect(await verify(key, blob(Uint8Array.of(0x80), one))).toBeRefuted("malformed");
    expect(await verify(key, blob(Uint8Array.of(0, 1), one))).toBeRefuted("malformed");
  });
  it("refutes bytes behind s (malformed)", async () => {
    expect(await verify(key, strings(key.type, strings(one, one, "")))).toBeRefuted("malformed");
  });
  it("verifies many signatures, those with short numbers among them", async () => {
    for (let round = 0; round < 40; round++) {
      expect(await verify(key, key.sign(message))).toMatchObject({ outcome: "verified" });
    }
  });
});

describe("Ed25519 numbers (rule 39)", () => {
  const key = ed25519Key();
  it("refutes S + L for S, which libgcrypt and OpenSSH 9.2 accept (bad-signature)", async () => {
    expect(await verify(key, key.sign(message, { forge: addOrder }))).toBeRefuted("bad-signature");
    expect(await verify(key, key.sign(message))).toMatchObject({ outcome: "verified" });
  });
  it("refutes 63 and 65 bytes (malformed)", async () => {
    expect(await verify(key, strings(key.type, Buffer.alloc(63)))).toBeRefuted("malformed");
    expect(await verify(key, strings(key.type, Buffer.alloc(65)))).toBeRefuted("malformed");
  });
});

describe("RSA numbers (rule 39)", () => {
  const key = rsaKey();
  const modulus = Buffer.from(key.fields).subarray(-256);
  const blob = (number: Bytes): Bytes => strings("rsa-sha2-512", number);

  it("refutes s = n, s = 0 and s = 1 (bad-signature)", async () => {
    expect(await verify(key, blob(modulus))).toBeRefuted("bad-signature");
    expect(await verify(key, blob(Buffer.alloc(256)))).toBeRefuted("bad-signature");
    expect(await verify(key, blob(Uint8Array.of(1)))).toBeRefuted("bad-signature");
  });
  it("refutes a longer number, an empty one and a short one with leading zeros (malformed)", async () => {
    const raw = Buffer.from(key.sign(message)).subarray(-256);
    expect(await verify(key, blob(concatBytes(Uint8Array.of(0), raw)))).toBeRefuted("malformed");
    expect(await verify(key, blob(new Uint8Array()))).toBeRefuted("malformed");
    expect(await verify(key, blob(Buffer.alloc(255)))).toBeRefuted("malformed");
  });
  it("verifies a signature whose leading zero an agent dropped", async () => {
    for (let round = 0; round < 5000; round++) {
      const payload = text(`round ${round.toString()}`);
      const raw = Buffer.from(key.sign(signedStructure(payload))).subarray(-256);
      if (raw[0] !== 0) continue;
      const trust = sshTrust([keyEntry(key)]);
      const short = sshSig(key, payload, { signature: blob(raw.subarray(1)) });
      expect(await verifySsh(short, payload, trust, TIMES)).toMatchObject({ outcome: "verified" });
      const full = sshSig(key, payload, { signature: blob(raw) });
      expect(await verifySsh(full, payload, trust, TIMES)).toMatchObject({ outcome: "verified" });
      return;
    }
    throw new Error("no signature began with a zero byte");
  });
});
