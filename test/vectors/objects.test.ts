import { describe, expect, it } from "@jest/globals";
import { createAnchors } from "../../src/signature/anchors.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { OBJECTS, parseSample, readObjectVectors } from "../support/object-samples.ts";
import { writeObjectVectors } from "../support/object-vectors.ts";
import { ALGORITHMS, TIMES } from "../support/openpgp.ts";

if (process.env["WRITE_VECTORS"] === "objects") await writeObjectVectors(OBJECTS);
const vectors = readObjectVectors();

describe("what git makes with gpg and ssh-keygen", () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("verifies: %s", async (_, vector) => {
    const anchors = createAnchors([vector.signer], ALGORITHMS);
    const [evidence] = await verifySigned(parseSample(vector, vector.raw), anchors, TIMES);
    expect(evidence).toMatchObject({ outcome: "verified", signer: { principal: "alice" }, lapsed: null });
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))(
    "is nobody's where another byte was signed (bad-signature): %s",
    async (_, vector) => {
      const anchors = createAnchors([vector.signer], ALGORITHMS);
      const signed = parseSample(vector, vector.raw);
      const payload = Uint8Array.from(signed.payload);
      payload[payload.length - 2] = (payload[payload.length - 2] ?? 0) ^ 1;
      const [evidence] = await verifySigned({ ...signed, payload }, anchors, TIMES);
      expect(evidence).toBeRefuted("bad-signature");
    },
  );

  it("comes in every kind, by every kind of key", () => {
    const names = vectors.map(({ name }) => name);
    for (const signer of [
      "gpg-ed25519",
      "gpg-rsa3072",
      "ssh-ed25519",
      "ssh-ecdsa",
      "ssh-rsa",
      "ssh-certificate",
      "ssh-sk",
    ]) {
      expect(names).toEqual(expect.arrayContaining(["commit", "tag", "push"].map((kind) => `${signer}-${kind}`)));
    }
  });
});
