/** Attack rule 43: the key travels inside the signature, so an attacker brings his own; rule 48: nobody binds it to a person. */
import { describe, expect, it } from "@jest/globals";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  certify,
  ed25519Key,
  keyEntry,
  signedStructure,
  skEd25519Key,
  sshSig,
  sshTrust,
  strings,
  text,
} from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const alice = ed25519Key();
const mallory = ed25519Key();
const trust = sshTrust([keyEntry(alice)]);
const verify = (signature: Uint8Array) => verifySsh(signature, PAYLOAD, trust, TIMES);

describe("a signature that brings its own key (rule 43)", () => {
  it("does not trust a good signature by a key the policy does not list (unknown-key)", async () => {
    expect(await verify(sshSig(mallory, PAYLOAD))).toMatchObject({ outcome: "undecided", code: "unknown-key" });
  });
  it("refutes Mallory's signature beside Alice's key (bad-signature)", async () => {
    expect(await verify(sshSig(mallory, PAYLOAD, { publicKey: alice.blob }))).toBeRefuted("bad-signature");
  });
  it("takes nothing from a comment: a key is its bytes", () => {
    const impostor = parseSshPublicKey(`ssh-ed25519 ${encodeBase64(mallory.blob)} alice@example.org`);
    expect(impostor.fingerprint).not.toBe(keyEntry(alice).key.fingerprint);
    const same = parseSshPublicKey(`ssh-ed25519 ${encodeBase64(alice.blob)} mallory@example.org`);
    expect(same.fingerprint).toBe(keyEntry(alice).key.fingerprint);
  });
  it("does not take a longer, shorter or padded blob of the same key for it", async () => {
    const point = alice.fields.subarray(4);
    for (const publicKey of [
      strings("ssh-ed25519", point, ""),
      strings("ssh-ed25519", Buffer.concat([point, Buffer.alloc(1)])),
      strings("ssh-ed25519", point.subarray(1)),
      Buffer.concat([alice.blob, Buffer.alloc(1)]),
    ]) {
      expect(await verify(sshSig(alice, PAYLOAD, { publicKey }))).toBeRefuted("malformed");
    }
  });
  it("does not take a FIDO key and a plain key with the same point for one another", async () => {
    const seed = Buffer.alloc(32, 9);
    const plain = ed25519Key(seed);
    const hardware = skEd25519Key("ssh:", seed);
    const signature = hardware.sign(signedStructure(PAYLOAD));
    const forged = sshSig(plain, PAYLOAD, { publicKey: hardware.blob, signature });
    const evidence = await verifySsh(forged, PAYLOAD, sshTrust([keyEntry(plain)]), TIMES);
    expect(evidence).toBeRefuted("unknown-key");
  });
  it("does not take a FIDO key of another application for the listed one (unknown-key)", async () => {
    const seed = Buffer.alloc(32, 9);
    const listed = sshTrust([keyEntry(skEd25519Key("ssh:", seed))]);
    const other = sshSig(skEd25519Key("ssh:other", seed), PAYLOAD);
    expect(await verifySsh(other, PAYLOAD, listed, TIMES)).toBeRefuted("unknown-key");
  });
  it("does not try a key that a stranger sends at all, so that its size costs nothing", async () => {
    const huge = strings("ssh-rsa", Uint8Array.of(3), Buffer.alloc(2049, 0x7f));
    expect(await verify(sshSig(mallory, PAYLOAD, { publicKey: huge }))).toBeRefuted("malformed");
  });
  it("does not verify a certificate over Alice's own listed key (unknown-key)", async () => {
    const publicKey = certify(mallory, alice);
    expect(await verify(sshSig(alice, PAYLOAD, { publicKey }))).toBeRefuted("unknown-key");
  });
});

describe("whose key it is (rule 48)", () => {
  it("names the principal under whom the policy lists the key, so that rules can compare it with the committer", async () => {
    const both = sshTrust([keyEntry(alice), keyEntry(mallory, { principal: "mallory" })]);
    const evidence = await verifySsh(sshSig(mallory, PAYLOAD), PAYLOAD, both, TIMES);
    expect(evidence).toMatchObject({ outcome: "verified", signer: { principal: "mallory" } });
  });
  it("credits nobody where two principals share a key (key-invalid)", async () => {
    const shared = sshTrust([keyEntry(alice), keyEntry(alice, { principal: "mallory" })]);
    expect(await verifySsh(sshSig(alice, PAYLOAD), PAYLOAD, shared, TIMES)).toBeRefuted("key-invalid");
  });
});
