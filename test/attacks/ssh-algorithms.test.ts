/** Attack rule 42: algorithms that are broken, that the policy forbids, or that do not belong together. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { AlgorithmPolicy, Evidence } from "../../src/model.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  caEntry,
  certify,
  ecdsaKey,
  ed25519Key,
  keyEntry,
  rsaKey,
  signedStructure,
  skEcdsaKey,
  skEd25519Key,
  sshSig,
  sshTrust,
  strings,
  text,
} from "../support/ssh.ts";
import type { SshSigOptions, TestKey } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const ed25519 = ed25519Key();
const rsa = rsaKey();
const verify = (key: TestKey, options: SshSigOptions = {}, algorithms: Partial<AlgorithmPolicy> = {}) =>
  verifySsh(sshSig(key, PAYLOAD, options), PAYLOAD, sshTrust([keyEntry(key)], algorithms), TIMES);
const verified = (evidence: Evidence): void => expect(evidence).toMatchObject({ outcome: "verified" });

describe("weak algorithms in an SSH signature (rule 42)", () => {
  it("refutes an RSA signature over SHA-1 by a listed key (weak-algorithm)", async () => {
    expect(await verify(rsa, { format: "ssh-rsa" })).toBeRefuted("weak-algorithm");
    verified(await verify(rsa, { format: "rsa-sha2-256" }));
    verified(await verify(rsa, { format: "rsa-sha2-512" }));
  });
  it("refutes a DSA key and a DSA signature (weak-algorithm)", async () => {
    const dsa = concatBytes(strings("ssh-dss"), strings("p", "q", "g", "y"));
    expect(await verify(ed25519, { publicKey: dsa })).toBeRefuted("weak-algorithm");
    const certificate = concatBytes(strings("ssh-dss-cert-v01@openssh.com"), strings("nonce"));
    expect(await verify(ed25519, { publicKey: certificate })).toBeRefuted("weak-algorithm");
    const signature = strings("ssh-dss", Buffer.alloc(40, 1));
    expect(await verify(ed25519, { signature })).toBeRefuted("weak-algorithm");
  });
  it("refutes an RSA key shorter than the policy asks for, once its signature is proven (weak-algorithm)", async () => {
    const short = rsaKey(1024);
    expect(await verify(short)).toBeRefuted("weak-algorithm");
    verified(await verify(short, {}, { rsaBits: 1024 }));
    expect(await verify(rsa, {}, { rsaBits: 3072 })).toBeRefuted("weak-algorithm");
    const forged = { forge: (raw: Buffer) => raw.fill(1) };
    expect(await verify(short, forged)).toBeRefuted("bad-signature");
  });
  it("refutes a certificate by a short CA key, or signed with SHA-1 (weak-algorithm)", async () => {
    const verifyCa = (ca: TestKey, publicKey: Uint8Array) =>
      verifySsh(sshSig(ed25519, PAYLOAD, { publicKey }), PAYLOAD, sshTrust([caEntry(ca)]), TIMES);
    const short = rsaKey(1024);
    expect(await verifyCa(short, certify(short, ed25519))).toBeRefuted("weak-algorithm");
    const sha1 = certify(rsa, ed25519, { sign: { format: "ssh-rsa" } });
    expect(await verifyCa(rsa, sha1)).toBeRefuted("weak-algorithm");
    verified(await verifyCa(rsa, certify(rsa, ed25519)));
  });
  it.each([["sha1"], ["md5"], ["SHA1"]])("refutes a message hashed with %s (weak-algorithm)", async (hash) => {
    expect(await verify(ed25519, { hash, signedHash: "sha1" })).toBeRefuted("weak-algorithm");
  });
  it.each([["sha384"], [""], ["sha512\0"], ["SHA512"], ["sha3-512"], ["constructor"]])(
    "refutes a message hashed with %j, which PROTOCOL.sshsig does not know (malformed)",
    async (hash) => {
      expect(await verify(ed25519, { hash, signedHash: "sha512" })).toBeRefuted("malformed");
    },
  );
  it("refutes a hash that the policy does not allow, for the message and for RSA (weak-algorithm)", async () => {
    const algorithms: Partial<AlgorithmPolicy> = { hashes: ["sha512"] };
    expect(await verify(ed25519, { hash: "sha256" }, algorithms)).toBeRefuted("weak-algorithm");
    verified(await verify(ed25519, { hash: "sha512" }, algorithms));
    expect(await verify(rsa, { format: "rsa-sha2-256" }, algorithms)).toBeRefuted("weak-algorithm");
    verified(await verify(rsa, { format: "rsa-sha2-512" }, algorithms));
    // The curve fixes ECDSA's hash; it is as strong as the curve.
    verified(await verify(ecdsaKey("nistp256"), {}, algorithms));
  });
});

describe("a blob that disagrees with what was signed (rule 42)", () => {
  it("refutes another hash in the blob than in the signed structure (bad-signature)", async () => {
    expect(await verify(ed25519, { hash: "sha256", signedHash: "sha512" })).toBeRefuted("bad-signature");
  });
  it("refutes a signature over the bare payload, as `openssl pkeyutl` makes (bad-signature)", async () => {
    expect(await verify(ed25519, { signature: ed25519.sign(PAYLOAD) })).toBeRefuted("bad-signature");
  });
});

describe("a signature algorithm that does not fit the key (rule 42)", () => {
  const sk = skEd25519Key();
  const p256 = ecdsaKey("nistp256");
  const message = signedStructure(PAYLOAD);
  const foreign: readonly (readonly [string, TestKey, Uint8Array])[] = [
    ["an Ed25519 signature for an RSA key", rsa, ed25519.sign(message)],
    ["an RSA signature for an Ed25519 key", ed25519, rsa.sign(message)],
    ["a P-256 signature for a P-384 key", ecdsaKey("nistp384"), p256.sign(message)],
    ["a P-384 format on a P-256 signature", p256, p256.sign(message, { format: "ecdsa-sha2-nistp384" })],
    ["a plain signature for a FIDO key", sk, ed25519.sign(message)],
    ["a FIDO signature for a plain key", ed25519, sk.sign(message)],
    ["a plain format on a FIDO signature", sk, sk.sign(message, { format: "ssh-ed25519" })],
    ["a certificate's type as format", ed25519, ed25519.sign(message, { format: "ssh-ed25519-cert-v01@openssh.com" })],
    ["a format nobody knows", ed25519, ed25519.sign(message, { format: "toString" })],
    ["an empty format", ed25519, ed25519.sign(message, { format: "" })],
  ];
  it.each(foreign)("refutes %s (malformed)", async (_, key, signature) => {
    expect(await verify(key, { signature })).toBeRefuted("malformed");
  });
  it("leaves a WebAuthn signature undecided (unsupported)", async () => {
    const key = skEcdsaKey();
    const format = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";
    const evidence = await verify(key, { format });
    expect(evidence).toMatchObject({ outcome: "undecided", code: "unsupported" });
  });
  it("leaves a key type nobody knows undecided (unsupported)", async () => {
    for (const type of ["ssh-ed448", "constructor", "", "ssh-ed25519-cert-v00@openssh.com"]) {
      const evidence = await verify(ed25519, { publicKey: strings(type, Buffer.alloc(57, 1)) });
      expect(evidence).toMatchObject({ outcome: "undecided", code: "unsupported" });
    }
  });
});
