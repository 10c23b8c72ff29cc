/** Attack rule 46: malware on the machine asks a plugged-in security key to sign while nobody is there. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../src/encoding/bytes.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  keyEntry,
  signedStructure,
  skEcdsaKey,
  skEd25519Key,
  sshSig,
  sshTrust,
  text,
  uint32,
} from "../support/ssh.ts";

const PAYLOAD = text("a commit");

describe.each([
  ["sk-ed25519", skEd25519Key()],
  ["sk-ecdsa-p256", skEcdsaKey()],
])("a FIDO key of type %s (rule 46)", (_, key) => {
  const trust = sshTrust([keyEntry(key)]);
  const verify = (signature: Uint8Array) => verifySsh(signature, PAYLOAD, trust, TIMES);

  it.each([0, 2, 4, 0xfe])("refutes flags %i, which lack user presence (user-presence-missing)", async (flags) => {
    expect(await verify(sshSig(key, PAYLOAD, { flags }))).toBeRefuted("user-presence-missing");
  });
  it.each([1, 5])("verifies flags %i", async (flags) => {
    expect(await verify(sshSig(key, PAYLOAD, { flags }))).toMatchObject({ outcome: "verified" });
  });
  it("refutes a presence flag added afterwards, since flags are signed (bad-signature)", async () => {
    const blob = Buffer.from(key.sign(signedStructure(PAYLOAD), { flags: 0 }));
    blob[blob.length - 5] = 1;
    expect(await verify(sshSig(key, PAYLOAD, { signature: blob }))).toBeRefuted("bad-signature");
  });
  it("refutes another counter, since it is signed (bad-signature)", async () => {
    const blob = key.sign(signedStructure(PAYLOAD), { counter: 7 });
    const signature = concatBytes(blob.subarray(0, -4), uint32(8));
    expect(await verify(sshSig(key, PAYLOAD, { signature }))).toBeRefuted("bad-signature");
  });
  it("says bad-signature, not user-presence-missing, of a signature that nobody made", async () => {
    const forged = { flags: 0, forge: (raw: Buffer) => raw.fill(1, 8, 24) };
    expect(await verify(sshSig(key, PAYLOAD, forged))).toBeRefuted("bad-signature");
  });
});
