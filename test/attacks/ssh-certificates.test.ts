/** Attack rule 45: OpenSSH certificates (CVE-2024-7594 and openssh 5166b6cbf among them). */
import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import {
  NOW,
  TIMES,
  caEntry,
  certify,
  ed25519Key,
  keyEntry,
  skEd25519Key,
  sshSig,
  sshTrust,
  strings,
  text,
} from "../support/ssh.ts";
import type { CertificateOptions, TestKey } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const ca = ed25519Key();
const leaf = ed25519Key();
const claimed = BigInt(NOW - 60);

async function verify(
  options: CertificateOptions = {},
  { key = leaf, entry = {}, times = {} }: { key?: TestKey; entry?: object; times?: Partial<SigningTimes> } = {},
) {
  const signature = sshSig(key, PAYLOAD, { publicKey: certify(ca, key, options) });
  return verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca, entry)]), { ...TIMES, ...times });
}

describe("SSH certificates (rule 45)", () => {
  it("verifies a user certificate by the listed CA for a listed name", async () => {
    expect(await verify()).toMatchObject({ outcome: "verified", lapsed: null, signer: { principal: "alice" } });
  });
  it("refutes a host certificate, and kinds that do not exist (cert-invalid)", async () => {
    for (const role of [0, 2, 3, 0xffffffff]) expect(await verify({ role })).toBeRefuted("cert-invalid");
  });
  it("refutes a certificate without principals, which once meant every name (cert-invalid)", async () => {
    expect(await verify({ principals: [] })).toBeRefuted("cert-invalid");
    expect(await verify({ principals: [] }, { entry: { principals: [""] } })).toBeRefuted("cert-invalid");
    expect(await verify({ principals: [""] }, { entry: { principals: [""] } })).toBeRefuted("cert-invalid");
  });
  it.each([
    "bob@example.org",
    "ALICE@example.org",
    "alice@example.org\0",
    "alice@example.org ",
    "alice@example.orgx",
    "alice",
    "*",
    "*@example.org",
    "bob@example.org,alice@example.org",
  ])("refutes a certificate for %j alone (cert-invalid)", async (name) => {
    expect(await verify({ principals: [name] })).toBeRefuted("cert-invalid");
  });
  it("takes the policy's names literally, not as patterns (cert-invalid)", async () => {
    expect(await verify({}, { entry: { principals: ["*"] } })).toBeRefuted("cert-invalid");
    expect(await verify({}, { entry: { principals: ["alice@*"] } })).toBeRefuted("cert-invalid");
    expect(await verify({}, { entry: { principals: [] } })).toBeRefuted("cert-invalid");
  });
  it("compares names outside ASCII by their bytes (cert-invalid)", async () => {
    const name = Buffer.from("zoë@example.org").toString("latin1");
    const entry = { principals: [name] };
    expect(await verify({ principals: [name] }, { entry })).toMatchObject({ outcome: "verified" });
    expect(await verify({ principals: ["zo\xeb@example.org"] }, { entry })).toBeRefuted("cert-invalid");
  });
  it("takes one name of several", async () => {
    expect(await verify({ principals: ["staff", "alice@example.org"] })).toMatchObject({ outcome: "verified" });
  });
  it("refutes a certificate outside its dates when the object is dated (cert-invalid)", async () => {
    expect(await verify({ validAfter: claimed + 1n })).toBeRefuted("cert-invalid");
    expect(await verify({ validAfter: claimed })).toMatchObject({ outcome: "verified", lapsed: null });
    expect(await verify({ validBefore: claimed })).toBeRefuted("cert-invalid");
    expect(await verify({ validBefore: 0n })).toBeRefuted("cert-invalid");
    expect(await verify({ validAfter: claimed, validBefore: claimed })).toBeRefuted("cert-invalid");
  });
  it("says that a certificate which has expired since lapsed, so that backdating fails on arrival", async () => {
    const evidence = await verify({ validBefore: claimed + 1n });
    expect(evidence).toMatchObject({ outcome: "verified", lapsed: { code: "cert-invalid" } });
    expect(await verify({ validBefore: BigInt(NOW) + 1n })).toMatchObject({ outcome: "verified", lapsed: null });
  });
  it("refutes a certificate that another CA signed in the listed CA's name (cert-invalid)", async () => {
    const mallory = ed25519Key();
    const publicKey = certify(mallory, leaf, { authority: ca.blob });
    const signature = sshSig(leaf, PAYLOAD, { publicKey });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca)]), TIMES)).toBeRefuted("cert-invalid");
  });
  it("leaves a certificate by a CA that the policy does not list undecided (unknown-key)", async () => {
    const mallory = ed25519Key();
    const signature = sshSig(leaf, PAYLOAD, { publicKey: certify(mallory, leaf) });
    const evidence = await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca)]), TIMES);
    expect(evidence).toMatchObject({ outcome: "undecided", code: "unknown-key", suspect: null });
  });
  it("refutes every altered byte of a certificate", async () => {
    const certificate = Buffer.from(certify(ca, leaf));
    for (let at = 0; at < certificate.length; at++) {
      const altered = Buffer.from(certificate);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const evidence = await verifySsh(
        sshSig(leaf, PAYLOAD, { publicKey: altered }),
        PAYLOAD,
        sshTrust([caEntry(ca), keyEntry(leaf, { principal: "bob" })]),
        TIMES,
      );
      expect(evidence.outcome).not.toBe("verified");
    }
  });
  it("refutes a stranger's signature beside Alice's certificate (bad-signature)", async () => {
    const signature = sshSig(ed25519Key(), PAYLOAD, { publicKey: certify(ca, leaf) });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca)]), TIMES)).toBeRefuted("bad-signature");
  });
});

describe("critical options (rule 45)", () => {
  it.each([["force-command"], ["source-address"], ["unknown@example.org"], ["verify-required\0"], [""]])(
    "refutes %j, which is unknown or was made for logins (cert-invalid)",
    async (name) => {
      expect(await verify({ criticalOptions: [[name, strings("value")]] })).toBeRefuted("cert-invalid");
    },
  );
  it("refutes a malformed or repeated verify-required (cert-invalid)", async () => {
    const key = skEd25519Key();
    expect(await verify({ criticalOptions: [["verify-required", "x"]] }, { key })).toBeRefuted("cert-invalid");
    const twice = [["verify-required", ""] as const, ["verify-required", ""] as const];
    expect(await verify({ criticalOptions: twice }, { key })).toBeRefuted("cert-invalid");
  });
  it("refutes verify-required for a key that cannot tell who is there (cert-invalid)", async () => {
    expect(await verify({ criticalOptions: [["verify-required", ""]] })).toBeRefuted("cert-invalid");
  });
  it("demands the user-verified flag where the certificate does (user-presence-missing)", async () => {
    const key = skEd25519Key();
    const publicKey = certify(ca, key, { criticalOptions: [["verify-required", ""]] });
    const signed = (flags: number) =>
      verifySsh(sshSig(key, PAYLOAD, { publicKey, flags }), PAYLOAD, sshTrust([caEntry(ca)]), TIMES);
    expect(await signed(1)).toBeRefuted("user-presence-missing");
    expect(await signed(4)).toBeRefuted("user-presence-missing");
    expect(await signed(5)).toMatchObject({ outcome: "verified" });
  });
  it("ignores extensions, and no-touch-required lifts nothing (user-presence-missing)", async () => {
    const key = skEd25519Key();
    const publicKey = certify(ca, key, { extensions: [["no-touch-required", ""]] });
    const signature = sshSig(key, PAYLOAD, { publicKey, flags: 0 });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca)]), TIMES)).toBeRefuted("user-presence-missing");
    expect(await verify({ extensions: [["anything", "data"]] })).toMatchObject({ outcome: "verified" });
  });
});

describe("an entry of the policy used as what it is not (rule 45)", () => {
  const plain = (key: TestKey): Bytes => sshSig(key, PAYLOAD);
  const certified = sshSig(leaf, PAYLOAD, { publicKey: certify(ca, leaf) });

  it("does not take a CA's own plain signature (unknown-key)", async () => {
    expect(await verifySsh(plain(ca), PAYLOAD, sshTrust([caEntry(ca)]), TIMES)).toBeRefuted("unknown-key");
  });
  it("does not take a plain entry for a CA (unknown-key)", async () => {
    expect(await verifySsh(certified, PAYLOAD, sshTrust([keyEntry(ca)]), TIMES)).toBeRefuted("unknown-key");
  });
  it("does not take a certificate for the plain key inside it (unknown-key)", async () => {
    expect(await verifySsh(certified, PAYLOAD, sshTrust([keyEntry(leaf)]), TIMES)).toBeRefuted("unknown-key");
  });
  it("does not take a certificate that a certificate issued (malformed)", async () => {
    const inner = certify(ca, leaf);
    const deeper = ed25519Key();
    const publicKey = certify(leaf, deeper, { authority: inner });
    const signature = sshSig(deeper, PAYLOAD, { publicKey });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca), caEntry(leaf)]), TIMES)).toBeRefuted("malformed");
  });
  it("does not take the listed CA's key as its own certificate's subject without its signature", async () => {
    const publicKey = certify(leaf, ca, { authority: ca.blob });
    const signature = sshSig(ca, PAYLOAD, { publicKey });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca)]), TIMES)).toBeRefuted("cert-invalid");
  });
  it("refutes trailing bytes in a certificate (malformed)", async () => {
    expect(await verify({ trailing: Uint8Array.of(0) })).toBeRefuted("malformed");
    const signature = concatBytes(ca.sign(text("anything")), Uint8Array.of(0));
    expect(await verify({ signature })).toBeRefuted("malformed");
  });
  it("refutes a certificate type that does not fit the key inside (malformed)", async () => {
    expect(await verify({ type: "ssh-rsa-cert-v01@openssh.com" })).toBeRefuted("malformed");
  });
  it("refutes a certificate issued by a FIDO CA with nobody present (cert-invalid)", async () => {
    const hardware = skEd25519Key();
    const signed = (flags: number) => {
      const signature = sshSig(leaf, PAYLOAD, { publicKey: certify(hardware, leaf, { sign: { flags } }) });
      return verifySsh(signature, PAYLOAD, sshTrust([caEntry(hardware)]), TIMES);
    };
    expect(await signed(0)).toBeRefuted("cert-invalid");
    expect(await signed(1)).toMatchObject({ outcome: "verified" });
  });
});

describe("one CA for several principals", () => {
  const shared = sshTrust([caEntry(ca), caEntry(ca, { principal: "bob", principals: ["bob@example.org"] })]);
  const signed = (...principals: string[]) =>
    verifySsh(sshSig(leaf, PAYLOAD, { publicKey: certify(ca, leaf, { principals }) }), PAYLOAD, shared, TIMES);

  it("credits the principal whose name the certificate bears", async () => {
    expect(await signed("alice@example.org")).toMatchObject({ signer: { principal: "alice" } });
    expect(await signed("bob@example.org")).toMatchObject({ signer: { principal: "bob" } });
  });
  it("credits nobody where it bears the names of two (cert-invalid)", async () => {
    expect(await signed("alice@example.org", "bob@example.org")).toBeRefuted("cert-invalid");
  });
});
