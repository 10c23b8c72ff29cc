/**
 * Attack rule 49: a revoked key that is still listed somewhere, as key, as CA, or inside a fresh certificate. The
 * policy's own marks are the revocation list; OpenSSH's own lists are taken over into it (`keys revoke --from`).
 */
import { describe, expect, it } from "@jest/globals";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import { NOW, TIMES, caEntry, certify, ed25519Key, keyEntry, sshSig, sshTrust, text } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const ca = ed25519Key();
const key = ed25519Key();
const plain = sshSig(key, PAYLOAD);
const certified = sshSig(key, PAYLOAD, { publicKey: certify(ca, key) });

type Entries = Parameters<typeof sshTrust>[0];
const verify = (signature: Uint8Array, entries: Entries, receivedAt: number | null = null) =>
  verifySsh(signature, PAYLOAD, sshTrust(entries), { ...TIMES, receivedAt });

describe("revocation wins over every list (rule 49)", () => {
  it("refutes a compromised key, whatever date it claims (key-revoked)", async () => {
    expect(await verify(plain, [keyEntry(key, { window: { compromised: true } })])).toBeRefuted("key-revoked");
    expect(await verify(plain, [keyEntry(key, { window: { compromised: NOW } })])).toBeRefuted("key-revoked");
  });
  it("lets stand only what a record shows received before the compromise", async () => {
    const entries = [keyEntry(key, { window: { compromised: NOW - 10 } })];
    expect(await verify(plain, entries, NOW - 11)).toMatchObject({ outcome: "verified" });
    expect(await verify(plain, entries, NOW - 10)).toBeRefuted("key-revoked");
  });
  it("refutes a compromised key that is listed a second time without the mark (key-revoked)", async () => {
    const marked = keyEntry(key, { window: { compromised: true } });
    expect(await verify(plain, [keyEntry(key), marked])).toBeRefuted("key-revoked");
    expect(await verify(plain, [marked, keyEntry(key)])).toBeRefuted("key-revoked");
  });
  it("refutes a retired key that is listed a second time without the mark (key-retired)", async () => {
    const marked = keyEntry(key, { window: { retired: NOW - 60 } });
    expect(await verify(plain, [keyEntry(key), marked])).toBeRefuted("key-retired");
  });
  it("refutes a certificate for a compromised key (key-revoked)", async () => {
    const marked = keyEntry(key, { principal: "bob", window: { compromised: true } });
    expect(await verify(certified, [caEntry(ca), marked])).toBeRefuted("key-revoked");
    expect(await verify(certified, [caEntry(ca), keyEntry(key)])).toMatchObject({ outcome: "verified" });
  });
  it("refutes a new certificate for a retired key (key-retired)", async () => {
    const marked = keyEntry(key, { window: { retired: NOW - 60 } });
    expect(await verify(certified, [caEntry(ca), marked])).toBeRefuted("key-retired");
  });
  it("refutes certificates of a compromised CA, even where another principal lists it unmarked (key-revoked)", async () => {
    const marked = caEntry(ca, { principal: "bob", principals: ["bob@example.org"], window: { compromised: true } });
    expect(await verify(certified, [marked, caEntry(ca)])).toBeRefuted("key-revoked");
    expect(await verify(certified, [caEntry(ca, { window: { compromised: true } })])).toBeRefuted("key-revoked");
  });
  it("refutes a CA whose key is listed as compromised among plain keys (key-revoked)", async () => {
    const marked = keyEntry(ca, { window: { compromised: true } });
    expect(await verify(certified, [caEntry(ca), marked])).toBeRefuted("key-revoked");
  });
  it("takes the earliest of several marks", async () => {
    const entries = [
      keyEntry(key, { window: { compromised: NOW - 5 } }),
      keyEntry(key, { window: { compromised: NOW - 50 } }),
    ];
    expect(await verify(plain, entries, NOW - 20)).toBeRefuted("key-revoked");
    expect(await verify(plain, entries, NOW - 51)).toMatchObject({ outcome: "verified" });
  });
  it("proves the signature before it speaks of the key (bad-signature)", async () => {
    const entries = [keyEntry(key, { window: { compromised: true } })];
    expect(await verify(sshSig(key, text("another")), entries)).toBeRefuted("bad-signature");
  });
});
