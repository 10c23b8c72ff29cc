/** Attack rule 76: signatures that are huge, or small and expensive. */
import { describe, expect, it } from "@jest/globals";
import { concatBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes, Evidence, SignatureFormat } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import * as pgp from "../support/openpgp.ts";
import * as ssh from "../support/ssh.ts";

const KIB = 1024;
const PAYLOAD = fromLatin1("a commit");
const TIMES = { now: pgp.NOW, claimed: pgp.SIGNED, receivedAt: null };

const keys = Array.from({ length: 20 }, (_, index) => pgp.ed25519Key({ seed: index + 1 }));
const sshKey = ssh.ed25519Key();
const anchors = createAnchors(
  [
    ...keys.map((key, index) => ({
      kind: "openpgp" as const,
      certificate: readCertificate(pgp.simpleCertificate(key)),
      principal: `member-${index}`,
      window: {},
    })),
    ssh.keyEntry(sshKey),
  ],
  ssh.ALGORITHMS,
);

async function verify(format: SignatureFormat, bytes: Bytes): Promise<Evidence> {
  const [evidence] = await verifySigned({ payload: PAYLOAD, signatures: [{ format, bytes }] }, anchors, TIMES);
  return evidence;
}

describe("a signature that is too large (rule 76)", () => {
  it.each([
    ["openpgp", pgp.signature(keys[0] ?? pgp.ed25519Key(), PAYLOAD)],
    ["ssh", ssh.sshSig(sshKey, PAYLOAD)],
  ] as const)("refutes more than 64 KiB of %s before reading it (resource-limit)", async (format, good) => {
    expect(await verify(format, good)).toMatchObject({ outcome: "verified" });
    const filler = (size: number): Bytes => Buffer.alloc(size - good.length, "\n");
    expect(await verify(format, concatBytes(good, filler(64 * KIB)))).toMatchObject({ outcome: "verified" });
    expect(await verify(format, concatBytes(good, filler(64 * KIB + 1)))).toBeRefuted("resource-limit");
  });
  it("refutes 64 KiB of anything else without much ado (malformed)", async () => {
    for (const format of ["openpgp", "ssh", "unknown"] as const) {
      for (const piece of [
        "A",
        "\n",
        " ",
        "=",
        "-----BEGIN SSH SIGNATURE-----\n",
        "-----BEGIN PGP SIGNATURE-----\n\n",
      ]) {
        const bytes = Buffer.alloc(64 * KIB, piece);
        expect((await verify(format, bytes)).outcome).toBe("refuted");
      }
    }
  });
});

describe("a signature that is expensive (rule 76)", () => {
  const unhashed = keys.map((key) => pgp.issuerFingerprint(key));

  it("refutes one that lists every key of the policy without trying them (bad-signature)", async () => {
    const stranger = pgp.ed25519Key({ seed: 99 });
    expect(await verify("openpgp", pgp.signature(stranger, PAYLOAD, { unhashed }))).toBeRefuted("bad-signature");
  });
  it("refutes it though one of them did sign: it names others, too (bad-signature)", async () => {
    const [key = pgp.ed25519Key()] = keys;
    expect(await verify("openpgp", pgp.signature(key, PAYLOAD, { unhashed }))).toBeRefuted("bad-signature");
    const once = { unhashed: [pgp.issuerFingerprint(key), pgp.issuerFingerprint(key)] };
    expect(await verify("openpgp", pgp.signature(key, PAYLOAD, once))).toMatchObject({ outcome: "verified" });
  });
});
