/** What ssh-keygen signs we verify, and what we take for good it takes for good; where we are stricter, the name says so. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes, Evidence } from "../../src/model.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { SshAnchors } from "../../src/signature/ssh/anchors.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import {
  ALGORITHMS,
  NOW,
  TIMES,
  addOrder,
  certify,
  ecdsaKey,
  ed25519Key,
  rsaKey,
  skEcdsaKey,
  skEd25519Key,
  sshSig,
  sshSigBlob,
  sshArmor,
  strings,
  text,
} from "../support/ssh.ts";
import type { TestKey } from "../support/ssh.ts";
import { describeWith } from "../support/tools.ts";

// Later releases may refuse more; what this one lets pass is measured.
const MEASURED = String(spawnSync("ssh", ["-V"]).stderr).startsWith("OpenSSH_9.2");

const PAYLOAD = text("tree 0\n\nmessage \xff\0\r\n");

describeWith(["ssh-keygen"], "ssh-keygen", () => {
  const keygen = new SshKeygen();
  afterAll(() => {
    keygen.dispose();
  });

  const entry = { principal: "alice", window: {}, namespaces: ["git"] };
  const trustKey = (line: string) => ({
    algorithms: ALGORITHMS,
    ssh: new SshAnchors([{ kind: "ssh", key: parseSshPublicKey(line), ...entry }]),
  });
  const trustCa = (line: string) => ({
    algorithms: ALGORITHMS,
    ssh: new SshAnchors([{ kind: "sshCa", key: parseSshPublicKey(line), ...entry, principals: ["alice@example.org"] }]),
  });
  const verifyKey = (signature: Bytes, line: string): Promise<Evidence> =>
    verifySsh(signature, PAYLOAD, trustKey(line), TIMES);
  const verifyCa = (signature: Bytes, line: string, times = TIMES): Promise<Evidence> =>
    verifySsh(signature, PAYLOAD, trustCa(line), times);

  describe.each([
    ["ed25519", "ed25519", undefined],
    ["ecdsa-p256", "ecdsa", 256],
    ["ecdsa-p384", "ecdsa", 384],
    ["ecdsa-p521", "ecdsa", 521],
    ["rsa", "rsa", 2048],
  ] as const)("with a key of type %s", (algorithm, type, bits) => {
    let line = "";
    beforeAll(() => {
      line = keygen.make(algorithm, type, bits);
      keygen.make(`${algorithm}-leaf`, "ed25519");
      keygen.make(`${algorithm}-ca`, "ed25519");
    });

    it("agrees about fingerprint and size", () => {
      const key = parseSshPublicKey(line);
      expect(keygen.list(`${algorithm}.pub`)).toContain(`${key.bits.toString()} ${key.fingerprint} `);
    });
    it("verifies what it signs, with either hash", async () => {
      for (const hash of ["sha256", "sha512"]) {
        const evidence = await verifyKey(keygen.sign(algorithm, PAYLOAD, { hash }), line);
        expect(evidence).toMatchObject({ outcome: "verified", signer: { key: { algorithm } } });
      }
    });
    it("refutes what it signs for another namespace, as it does (wrong-namespace)", async () => {
      const signature = keygen.sign(algorithm, PAYLOAD, { namespace: "file" });
      expect(await verifyKey(signature, line)).toBeRefuted("wrong-namespace");
      expect(keygen.accepts(signature, PAYLOAD, line)).toBe(false);
    });
    it("verifies what it signs through a certificate for this key", async () => {
      keygen.certify(`${algorithm}-ca`, algorithm);
      const ca = keygen.read(`${algorithm}-ca.pub`).toString();
      expect(await verifyCa(keygen.sign(`${algorithm}-cert.pub`, PAYLOAD), ca)).toMatchObject({
        outcome: "verified",
        signer: { key: { algorithm, primary: parseSshPublicKey(ca).fingerprint } },
      });
    });
    it("verifies what it signs through a certificate that this key issued", async () => {
      keygen.certify(algorithm, `${algorithm}-leaf`);
      const signature = keygen.sign(`${algorithm}-leaf-cert.pub`, PAYLOAD);
      expect(await verifyCa(signature, line)).toMatchObject({ outcome: "verified" });
    });
  });

  describe.each([
    ["ed25519", ed25519Key()],
    ["ecdsa-p256", ecdsaKey("nistp256")],
    ["ecdsa-p384", ecdsaKey("nistp384")],
    ["ecdsa-p521", ecdsaKey("nistp521")],
    ["rsa", rsaKey()],
    ["rsa with exponent 3", rsaKey(2048, 3)],
    ["sk-ed25519", skEd25519Key()],
    ["sk-ecdsa-p256", skEcdsaKey()],
    ["sk-ed25519 with its own application", skEd25519Key("ssh:work")],
  ] as const)("with a signature made by parts, %s", (_, key: TestKey) => {
    it("accepts it as we do", async () => {
      const signature = sshSig(key, PAYLOAD);
      expect(keygen.accepts(signature, PAYLOAD, key.line)).toBe(true);
      expect(await verifyKey(signature, key.line)).toMatchObject({ outcome: "verified" });
    });
    it("refuses it over another payload as we do (bad-signature)", async () => {
      const signature = sshSig(key, text("another"));
      expect(keygen.accepts(signature, PAYLOAD, key.line)).toBe(false);
      expect(await verifyKey(signature, key.line)).toBeRefuted("bad-signature");
    });
    it("accepts a certificate by such a key, and for one, as we do", async () => {
      for (const [ca, leaf] of [
        [key, ed25519Key()],
        [ed25519Key(), key],
      ] as const) {
        const signature = sshSig(leaf, PAYLOAD, { publicKey: certify(ca, leaf) });
        expect(keygen.accepts(signature, PAYLOAD, `cert-authority ${ca.line}`)).toBe(true);
        expect(await verifyCa(signature, ca.line)).toMatchObject({ outcome: "verified" });
      }
    });
  });

  describe("where both refuse", () => {
    const ca = ed25519Key();
    const leaf = ed25519Key();
    const at = "20270101000000"; // local time; NOW is in September 2026
    const cases: readonly (readonly [name: string, signature: Bytes, code: string])[] = [
      ["a certificate past its dates", certified({ validBefore: BigInt(NOW - 60) }), "cert-invalid"],
      ["a certificate before its dates", certified({ validAfter: 0xf0000000n }), "cert-invalid"],
      ["a host certificate", certified({ role: 2 }), "cert-invalid"],
      ["a certificate for other names", certified({ principals: ["bob@example.org"] }), "cert-invalid"],
      ["a certificate that another key signed", certify2(), "cert-invalid"],
    ];
    function certified(options: Parameters<typeof certify>[2]): Bytes {
      return sshSig(leaf, PAYLOAD, { publicKey: certify(ca, leaf, options) });
    }
    function certify2(): Bytes {
      const forged = certify(ed25519Key(), leaf, { authority: ca.blob });
      return sshSig(leaf, PAYLOAD, { publicKey: forged });
    }
    it.each(cases)("%s", async (_, signature, code) => {
      expect(keygen.accepts(signature, PAYLOAD, `cert-authority ${ca.line}`, { at })).toBe(false);
      expect(await verifyCa(signature, ca.line)).toBeRefuted(code);
    });
    it("a CA's own plain signature, and a certificate for a plain entry", async () => {
      const plain = sshSig(ca, PAYLOAD);
      expect(keygen.accepts(plain, PAYLOAD, `cert-authority ${ca.line}`)).toBe(false);
      expect(await verifyCa(plain, ca.line)).toBeRefuted("unknown-key");
      const certificate = certified({});
      expect(keygen.accepts(certificate, PAYLOAD, leaf.line)).toBe(false);
      expect(await verifyKey(certificate, leaf.line)).toBeRefuted("unknown-key");
    });
    it("an RSA signature over SHA-1, a hash that PROTOCOL.sshsig does not know, trailing bytes", async () => {
      const rsa = rsaKey();
      const sha1 = sshSig(rsa, PAYLOAD, { format: "ssh-rsa" });
      expect(keygen.accepts(sha1, PAYLOAD, rsa.line)).toBe(false);
      expect(await verifyKey(sha1, rsa.line)).toBeRefuted("weak-algorithm");
      const sha384 = sshSig(leaf, PAYLOAD, { hash: "sha384" });
      expect(keygen.accepts(sha384, PAYLOAD, leaf.line)).toBe(false);
      expect(await verifyKey(sha384, leaf.line)).toBeRefuted("malformed");
      const trailing = sshSig(leaf, PAYLOAD, { trailing: text("x") });
      expect(keygen.accepts(trailing, PAYLOAD, leaf.line)).toBe(false);
      expect(await verifyKey(trailing, leaf.line)).toBeRefuted("malformed");
    });
  });

  describe("where we are stricter", () => {
    const key = ed25519Key();
    async function stricter(signature: Bytes, line: string, code: string): Promise<void> {
      if (MEASURED) expect(keygen.accepts(signature, PAYLOAD, line)).toBe(true);
      expect(await verifyKey(signature, line)).toBeRefuted(code);
    }

    it("refuses a FIDO signature that nobody touched the key for (user-presence-missing)", async () => {
      const sk = skEd25519Key();
      await stricter(sshSig(sk, PAYLOAD, { flags: 0 }), sk.line, "user-presence-missing");
    });
    it("refuses a filled reserved field (malformed)", async () => {
      await stricter(sshSig(key, PAYLOAD, { reserved: "x", signedReserved: "" }), key.line, "malformed");
    });
    it("refuses an Ed25519 signature with S above the group order (bad-signature)", async () => {
      await stricter(sshSig(key, PAYLOAD, { forge: addOrder }), key.line, "bad-signature");
    });
    it("refuses text behind the armor (malformed)", async () => {
      await stricter(concatBytes(sshSig(key, PAYLOAD), text("approved by bob\n")), key.line, "malformed");
    });
    it("refuses an ECDSA number with needless leading zeros (malformed)", async () => {
      const ecdsa = ecdsaKey("nistp256");
      await stricter(sshArmor(padMpint(sshSigBlob(ecdsa, PAYLOAD))), ecdsa.line, "malformed");
    });
    it("refuses an RSA key of 1024 bits (weak-algorithm)", async () => {
      const short = rsaKey(1024);
      await stricter(sshSig(short, PAYLOAD), short.line, "weak-algorithm");
    });
    it("refuses a force-command certificate, which was made for logins (cert-invalid)", async () => {
      const ca = ed25519Key();
      const publicKey = certify(ca, key, { criticalOptions: [["force-command", strings("true")]] });
      const signature = sshSig(key, PAYLOAD, { publicKey });
      if (MEASURED) expect(keygen.accepts(signature, PAYLOAD, `cert-authority ${ca.line}`)).toBe(true);
      expect(await verifyCa(signature, ca.line)).toBeRefuted("cert-invalid");
    });
    it("refuses a certificate that names nobody (cert-invalid)", async () => {
      const ca = ed25519Key();
      const signature = sshSig(key, PAYLOAD, { publicKey: certify(ca, key, { principals: [] }) });
      expect(await verifyCa(signature, ca.line)).toBeRefuted("cert-invalid");
    });
  });
});

/** Adds a zero byte before r, and corrects every length around it. */
function padMpint(blob: Bytes): Bytes {
  const bytes = Buffer.from(blob);
  const start = bytes.lastIndexOf("ecdsa-sha2-nistp256") + "ecdsa-sha2-nistp256".length;
  const r = bytes.readUInt32BE(start + 4);
  const head = bytes.subarray(0, start);
  const tail = bytes.subarray(start + 8);
  const out = Buffer.concat([head, Buffer.alloc(8), Buffer.alloc(1), tail]);
  out.writeUInt32BE(bytes.readUInt32BE(start) + 1, start);
  out.writeUInt32BE(r + 1, start + 4);
  const outer = start - "ecdsa-sha2-nistp256".length - 8;
  out.writeUInt32BE(bytes.readUInt32BE(outer) + 1, outer);
  return out;
}
