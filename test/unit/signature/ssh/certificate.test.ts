import { describe, expect, it } from "@jest/globals";
import {
  certificateProblem,
  datesProblem,
  namesOneOf,
  readSshCertificate,
  requiresVerification,
} from "../../../../src/signature/ssh/certificate.ts";
import { certify, ecdsaKey, ed25519Key, rsaKey, skEcdsaKey, skEd25519Key, strings } from "../../../support/ssh.ts";
import { parseSshPublicKey } from "../../../../src/signature/ssh/key.ts";

const ca = ed25519Key();
const read = (options?: Parameters<typeof certify>[2], key = ed25519Key()) =>
  readSshCertificate(certify(ca, key, options));

describe("readSshCertificate", () => {
  it.each([
    ed25519Key(),
    ecdsaKey("nistp256"),
    ecdsaKey("nistp384"),
    ecdsaKey("nistp521"),
    rsaKey(),
    skEd25519Key(),
    skEcdsaKey(),
  ])("finds the plain key in a certificate for $type", (key) => {
    const certificate = read({}, key);
    expect(certificate.key).toEqual(parseSshPublicKey(key.line));
    expect(certificate.authority.fingerprint).toBe(parseSshPublicKey(ca.line).fingerprint);
    expect(certificate.principals).toEqual(["alice@example.org"]);
  });
  it("keeps exactly what the CA signed", () => {
    const blob = certify(ca, ed25519Key());
    const { signedBytes, signature } = readSshCertificate(blob);
    expect(Buffer.concat([signedBytes, strings(signature)]).equals(blob)).toBe(true);
  });
  it("refuses every truncation, trailing bytes and other types (ERR_PARSE)", () => {
    const blob = certify(ca, ed25519Key());
    for (let length = 0; length < blob.length; length++) {
      expect(() => readSshCertificate(blob.subarray(0, length))).toThrowCode("ERR_PARSE");
    }
    expect(() => readSshCertificate(Buffer.concat([blob, Buffer.alloc(1)]))).toThrowCode("ERR_PARSE");
    expect(() => readSshCertificate(ca.blob)).toThrowCode("ERR_PARSE");
  });
  it("refuses options that are cut short (ERR_PARSE)", () => {
    expect(() => read({ criticalOptions: [["name", "value"]], extensions: [["a", "b"]] })).not.toThrow();
    const blob = certify(ca, ed25519Key(), { extensions: [["permit-pty", ""]] });
    const broken = Buffer.from(blob);
    const at = broken.indexOf("permit-pty");
    broken.writeUInt32BE(11, at - 4);
    expect(() => readSshCertificate(broken)).toThrowCode("ERR_PARSE");
  });
});

describe("what a certificate may be used for", () => {
  it("finds no problem in a user certificate with names", () => {
    expect(certificateProblem(read())).toBeNull();
  });
  it("finds the problem in others (cert-invalid)", () => {
    for (const options of [{ role: 2 }, { principals: [] }, { criticalOptions: [["x", ""] as const] }]) {
      expect(certificateProblem(read(options))?.code).toBe("cert-invalid");
    }
  });
  it("knows verify-required", () => {
    const options = { criticalOptions: [["verify-required", ""] as const] };
    expect(requiresVerification(read(options))).toBe(true);
    expect(requiresVerification(read())).toBe(false);
    expect(certificateProblem(read(options, skEd25519Key()))).toBeNull();
  });
  it("compares names whole", () => {
    expect(namesOneOf(read(), ["bob", "alice@example.org"])).toBe(true);
    expect(namesOneOf(read(), ["alice"])).toBe(false);
    expect(namesOneOf(read(), [])).toBe(false);
  });
  it("takes its dates as from inclusive, before exclusive, and the largest as never", () => {
    const certificate = read({ validAfter: 10n, validBefore: 20n });
    expect(datesProblem(certificate, 9, "then")?.code).toBe("cert-invalid");
    expect(datesProblem(certificate, 10, "then")).toBeNull();
    expect(datesProblem(certificate, 19, "then")).toBeNull();
    expect(datesProblem(certificate, 20, "then")?.code).toBe("cert-invalid");
    expect(datesProblem(read(), Number.MAX_SAFE_INTEGER, "then")).toBeNull();
    expect(datesProblem(read(), -1, "then")?.code).toBe("cert-invalid");
  });
});
