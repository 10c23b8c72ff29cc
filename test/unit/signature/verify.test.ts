import { describe, expect, it } from "@jest/globals";
import { fromLatin1 } from "../../../src/encoding/bytes.ts";
import type { RawSignature, SignatureFormat } from "../../../src/model.ts";
import { createAnchors } from "../../../src/signature/anchors.ts";
import { verifySigned } from "../../../src/signature/verify.ts";
import { ALGORITHMS, PAYLOAD, TIMES, eddsaKey, judge, signature, simpleCertificate } from "../../support/openpgp.ts";
import { ed25519Key, keyEntry, sshSig } from "../../support/ssh.ts";

const raw = (format: SignatureFormat, bytes: Uint8Array | string = ""): RawSignature => ({
  format,
  bytes: typeof bytes === "string" ? fromLatin1(bytes) : bytes,
});
const nobody = createAnchors([], ALGORITHMS);
const verify = (...signatures: readonly RawSignature[]): ReturnType<typeof verifySigned> =>
  verifySigned({ payload: PAYLOAD, signatures }, nobody, TIMES);

describe("verifySigned", () => {
  it("says of an object without signature that it has none (unsigned)", async () => {
    expect(await verify()).toEqual([
      {
        outcome: "absent",
        format: "unknown",
        code: "unsigned",
        detail: "the object carries no signature",
        issuer: null,
        signedAt: null,
        suspect: null,
      },
    ]);
  });
  it("refutes more than one, without looking at any (multiple-signatures)", async () => {
    const [evidence, ...more] = await verify(raw("openpgp"), raw("ssh"));
    expect(evidence).toBeRefuted("multiple-signatures");
    expect(more).toHaveLength(0);
  });
  it("refutes what is larger than 64 KiB, of every format (resource-limit)", async () => {
    for (const format of ["openpgp", "ssh", "x509", "unknown"] as const) {
      const [evidence] = await verify(raw(format, Buffer.alloc(65_537)));
      expect(evidence).toBeRefuted("resource-limit");
    }
    const [atLimit] = await verify(raw("openpgp", Buffer.alloc(65_536)));
    expect(atLimit).toBeRefuted("malformed");
  });
  it("leaves X.509 undecided (unsupported), and refutes what is in no known format (malformed)", async () => {
    const [x509] = await verify(raw("x509", "-----BEGIN SIGNED MESSAGE-----"));
    expect(x509).toMatchObject({ outcome: "undecided", code: "unsupported", format: "x509" });
    const [unknown] = await verify(raw("unknown", "hello"));
    expect(unknown).toMatchObject({ outcome: "refuted", code: "malformed" });
  });
  it("hands OpenPGP and SSH to their verifiers, with the keys of the policy", async () => {
    const key = eddsaKey();
    expect(await judge(signature(key), simpleCertificate(key))).toMatchObject({
      outcome: "verified",
      format: "openpgp",
    });
    const ssh = ed25519Key();
    const anchors = createAnchors([keyEntry(ssh)], ALGORITHMS);
    expect(anchors.size).toBe(1);
    const signed = { payload: PAYLOAD, signatures: [raw("ssh", sshSig(ssh, PAYLOAD))] };
    expect((await verifySigned(signed, anchors, TIMES))[0]).toMatchObject({ outcome: "verified", format: "ssh" });
    expect((await verifySigned({ ...signed, payload: fromLatin1("other") }, anchors, TIMES))[0]).toBeRefuted(
      "bad-signature",
    );
  });
});
