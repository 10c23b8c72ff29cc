import { describe, expect, it } from "@jest/globals";
import { verifySsh } from "../../../../src/signature/ssh/verify.ts";
import {
  NOW,
  TIMES,
  caEntry,
  certify,
  ecdsaKey,
  ed25519Key,
  keyEntry,
  rsaKey,
  skEcdsaKey,
  skEd25519Key,
  sshSig,
  sshTrust,
  text,
} from "../../../support/ssh.ts";

const PAYLOAD = text("tree 0123\nauthor A <a@b> 1 +0000\n\nhello\n");

const KEYS = {
  ed25519: ed25519Key(),
  "ecdsa-p256": ecdsaKey("nistp256"),
  "ecdsa-p384": ecdsaKey("nistp384"),
  "ecdsa-p521": ecdsaKey("nistp521"),
  rsa: rsaKey(),
  "sk-ed25519": skEd25519Key(),
  "sk-ecdsa-p256": skEcdsaKey(),
};
const ca = ed25519Key();

describe.each(Object.entries(KEYS))("verifySsh with %s", (algorithm, key) => {
  it("verifies a signature and credits the key's principal", async () => {
    const evidence = await verifySsh(sshSig(key, PAYLOAD), PAYLOAD, sshTrust([keyEntry(key)]), TIMES);
    expect(evidence).toMatchObject({
      outcome: "verified",
      format: "ssh",
      signer: { principal: "alice", key: { algorithm } },
      signedAt: TIMES.claimed,
      lapsed: null,
    });
  });
  it("refutes it over another payload (bad-signature)", async () => {
    const evidence = await verifySsh(sshSig(key, PAYLOAD), text("other"), sshTrust([keyEntry(key)]), TIMES);
    expect(evidence).toBeRefuted("bad-signature");
  });
  it("verifies it through a certificate, and names the CA", async () => {
    const publicKey = certify(ca, key);
    const entry = caEntry(ca);
    const evidence = await verifySsh(sshSig(key, PAYLOAD, { publicKey }), PAYLOAD, sshTrust([entry]), TIMES);
    expect(evidence).toMatchObject({
      outcome: "verified",
      signer: { principal: "alice", key: { algorithm, primary: entry.key.fingerprint } },
    });
  });
  it("verifies through a certificate that this kind of key issued", async () => {
    const leaf = ed25519Key();
    const signature = sshSig(leaf, PAYLOAD, { publicKey: certify(key, leaf) });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(key)]), TIMES)).toMatchObject({ outcome: "verified" });
  });
  it("leaves a key that the policy does not list undecided (unknown-key)", async () => {
    const evidence = await verifySsh(sshSig(key, PAYLOAD), PAYLOAD, sshTrust([keyEntry(ed25519Key())]), TIMES);
    expect(evidence).toMatchObject({
      outcome: "undecided",
      code: "unknown-key",
      issuer: keyEntry(key).key.fingerprint,
    });
  });
});

describe("verifySsh and time", () => {
  const key = KEYS.ed25519;
  const verify = (window: object, times: object = {}) =>
    verifySsh(sshSig(key, PAYLOAD), PAYLOAD, sshTrust([keyEntry(key, { window })]), { ...TIMES, ...times });

  it("takes the object's date for the signature's", async () => {
    expect(await verify({ until: NOW - 60 })).toBeRefuted("key-expired");
    expect(await verify({ until: NOW - 59 })).toMatchObject({ outcome: "verified", lapsed: { code: "key-expired" } });
    expect(await verify({ from: NOW - 60 })).toMatchObject({ outcome: "verified", lapsed: null });
    expect(await verify({ from: NOW - 59 })).toBeRefuted("key-not-yet-valid");
  });
  it("refutes an object without a date (malformed)", async () => {
    expect(await verify({}, { claimed: null })).toBeRefuted("malformed");
  });
  it("lets a date up to five minutes ahead stand and refutes a later one (signature-in-future)", async () => {
    expect(await verify({}, { claimed: NOW + 300 })).toMatchObject({ outcome: "verified" });
    expect(await verify({}, { claimed: NOW + 301 })).toBeRefuted("signature-in-future");
  });
  it("refutes what a retired key signed afterwards and lets stand what it signed before (key-retired)", async () => {
    expect(await verify({ retired: NOW - 60 })).toBeRefuted("key-retired");
    expect(await verify({ retired: NOW - 59 })).toMatchObject({ outcome: "verified", lapsed: { code: "key-retired" } });
  });
  it("refutes what a compromised key signed unless it was received before (key-revoked)", async () => {
    expect(await verify({ compromised: true })).toBeRefuted("key-revoked");
    expect(await verify({ compromised: NOW })).toBeRefuted("key-revoked");
    expect(await verify({ compromised: NOW }, { receivedAt: NOW - 1 })).toMatchObject({ outcome: "verified" });
  });
});
