/** Attack rule 44: versions, trailing bytes, truncation, lengths that lie; rule 76: sizes. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  ed25519Key,
  keyEntry,
  rsaKey,
  skEd25519Key,
  signedStructure,
  sshArmor,
  sshSig,
  sshSigBlob,
  sshTrust,
  text,
} from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const key = ed25519Key();
const trust = sshTrust([keyEntry(key)]);
const verify = (signature: Bytes) => verifySsh(signature, PAYLOAD, trust, TIMES);
const good = sshSigBlob(key, PAYLOAD);

describe("a container that is not exactly one SSHSIG (rule 44)", () => {
  it("verifies the untouched one", async () => {
    expect(await verify(sshArmor(good))).toMatchObject({ outcome: "verified" });
  });
  it("leaves a later version undecided (unsupported) and refutes version 0 (malformed)", async () => {
    expect(await verify(sshSig(key, PAYLOAD, { version: 2 }))).toMatchObject({
      outcome: "undecided",
      code: "unsupported",
    });
    expect(await verify(sshSig(key, PAYLOAD, { version: 0xffffffff }))).toBeRefuted("unsupported");
    expect(await verify(sshSig(key, PAYLOAD, { version: 0 }))).toBeRefuted("malformed");
  });
  it("refutes a filled reserved field, signed or not (malformed)", async () => {
    expect(await verify(sshSig(key, PAYLOAD, { reserved: "x", signedReserved: "" }))).toBeRefuted("malformed");
    expect(await verify(sshSig(key, PAYLOAD, { reserved: "x" }))).toBeRefuted("malformed");
    expect(await verify(sshSig(key, PAYLOAD, { reserved: "", signedReserved: "x" }))).toBeRefuted("bad-signature");
  });
  it("refutes trailing bytes after the container, the signature blob and the numbers (malformed)", async () => {
    expect(await verify(sshArmor(concatBytes(good, Uint8Array.of(0))))).toBeRefuted("malformed");
    const blob = key.sign(signedStructure(PAYLOAD));
    const signature = concatBytes(blob, Uint8Array.of(0));
    expect(await verify(sshSig(key, PAYLOAD, { signature }))).toBeRefuted("malformed");
    const longer = { forge: (raw: Buffer) => Buffer.concat([raw, Buffer.alloc(1)]) };
    expect(await verify(sshSig(key, PAYLOAD, longer))).toBeRefuted("malformed");
  });
  it("refutes trailing bytes after a FIDO signature's counter (malformed)", async () => {
    const sk = skEd25519Key();
    const blob = sk.sign(signedStructure(PAYLOAD));
    const signature = concatBytes(blob, Buffer.from("extension"));
    const evidence = await verifySsh(sshSig(sk, PAYLOAD, { signature }), PAYLOAD, sshTrust([keyEntry(sk)]), TIMES);
    expect(evidence).toBeRefuted("malformed");
  });
  it("refutes every truncation (malformed)", async () => {
    for (let length = 0; length < good.length; length++) {
      expect(await verify(sshArmor(good.subarray(0, length)))).toBeRefuted("malformed");
    }
  });
  it("refutes lengths beyond the input at every length field, without allocating them (malformed)", async () => {
    let offset = 10;
    while (offset < good.length) {
      for (const length of [0xffffffff, 0x80000000, 0x7fffffff, good.length]) {
        const lying = Buffer.from(good);
        lying.writeUInt32BE(length, offset);
        expect(await verify(sshArmor(lying))).toBeRefuted("malformed");
      }
      offset += 4 + Buffer.from(good).readUInt32BE(offset);
    }
  });
  it("refutes another magic (malformed)", async () => {
    const other = Buffer.from(good);
    other.write("SSHSIh");
    expect(await verify(sshArmor(other))).toBeRefuted("malformed");
  });
});

describe("armor that holds more than the signature (rules 8 and 44)", () => {
  const armor = Buffer.from(sshArmor(good)).toString("latin1");
  const cases: readonly (readonly [string, string])[] = [
    ["text before it", `approved\n${armor}`],
    ["text behind it", `${armor}approved\n`],
    ["two blocks", armor + armor],
    ["another label", armor.replaceAll("SSH SIGNATURE", "PGP SIGNATURE")],
    ["no end", armor.slice(0, armor.indexOf("-----END"))],
    ["nothing", ""],
    ["an empty block", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"],
    ["a NUL", armor.replace("\n", "\n\0")],
    ["base64url", armor.replace("U1NIU0lH", "U1NIU0l-")],
    ["a blank line", armor.replace("\n", "\n\n")],
    ["padding in the middle", armor.replace("U1NIU0lH", "U1NIU0lH====")],
  ];
  it.each(cases)("refutes %s (malformed)", async (_, text_) => {
    expect(await verify(text(text_))).toBeRefuted("malformed");
  });
  it("refutes a second base64 spelling of the same bytes (malformed)", async () => {
    const padded = sshSigBlob(rsaKey(), PAYLOAD, { namespace: "gi" });
    const spelling = Buffer.from(sshArmor(padded)).toString("latin1");
    const loose = spelling.replace(/([A-Za-z0-9+/])(=+)\n/u, (_, last: string, pad: string) => {
      return `${String.fromCharCode(last.charCodeAt(0) + 1)}${pad}\n`;
    });
    expect(loose).not.toBe(spelling);
    expect(await verify(text(loose))).toBeRefuted("malformed");
  });
  it("takes lines of any one width: 70 as ssh-keygen writes, 76 as others do", async () => {
    const lines =
      Buffer.from(good)
        .toString("base64")
        .match(/.{1,76}/g) ?? [];
    const wide = ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
    expect(await verify(text(wide))).toMatchObject({ outcome: "verified" });
  });
});
