import { describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import type { AlgorithmPolicy } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { ALGORITHMS } from "../support/openpgp.ts";
import { VECTOR_KEYS, writeOpenPgpVectors } from "../support/openpgp-vectors.ts";
import type { VectorKey } from "../support/openpgp-vectors.ts";
import { headValue, readVectors } from "../support/vectors.ts";
import type { Vector } from "../support/vectors.ts";

const folder = fileURLToPath(new URL("openpgp", import.meta.url));
if (process.env["WRITE_VECTORS"] === "openpgp") await writeOpenPgpVectors(folder);
const vectors = readVectors(folder, VECTOR_KEYS);

async function verdict(vector: Vector): Promise<string> {
  const entries = (vector.head.get("key") ?? []).map((text) => {
    const { principal, certificate, window = {} } = JSON.parse(text) as VectorKey;
    const read = readCertificate(Buffer.from(certificate, "base64"));
    return { kind: "openpgp" as const, certificate: read, principal, window };
  });
  const own = (vector.head.get("algorithms") ?? []).map((text) => JSON.parse(text) as Partial<AlgorithmPolicy>);
  const anchors = createAnchors(entries, { ...ALGORITHMS, ...own[0] });
  const times = JSON.parse(headValue(vector, "times")) as SigningTimes;
  const payload = Buffer.from(headValue(vector, "payload"), "base64");
  const [evidence] = await verifySigned(
    { payload, signatures: [{ format: "openpgp", bytes: vector.body }] },
    anchors,
    times,
  );
  if (evidence.outcome !== "verified") return `${evidence.outcome} ${evidence.code}`;
  const lapsed = evidence.lapsed === null ? "" : ` lapsed ${evidence.lapsed.code}`;
  return `verified ${evidence.signer.principal}${lapsed}`;
}

describe("OpenPGP vectors", () => {
  it.each(vectors.map((vector) => [headValue(vector, "expect"), vector.name, vector] as const))(
    "%s: %s",
    async (expected, _, vector) => {
      expect(await verdict(vector)).toBe(expected);
    },
  );
  it("reach every code that an OpenPGP signature can get", () => {
    const codes = new Set(vectors.flatMap((vector) => headValue(vector, "expect").split(" ").slice(1)));
    for (const code of [
      ...["bad-signature", "unknown-key", "key-expired", "key-not-yet-valid", "key-revoked", "key-retired"],
      ...["key-invalid", "not-signing-capable", "signature-expired", "signature-in-future", "weak-algorithm"],
      ...["wrong-signature-type", "multiple-signatures", "malformed", "unsupported", "resource-limit"],
    ]) {
      expect(codes).toContain(code);
    }
  });
});
