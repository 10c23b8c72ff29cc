import { describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import type { AlgorithmPolicy } from "../../src/model.ts";
import { SshAnchors } from "../../src/signature/ssh/anchors.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import { ALGORITHMS } from "../support/ssh.ts";
import { VECTOR_KEYS, writeSshVectors } from "../support/ssh-vectors.ts";
import type { VectorEntry } from "../support/ssh-vectors.ts";
import { headValue, readVectors } from "../support/vectors.ts";
import type { Vector } from "../support/vectors.ts";

const folder = fileURLToPath(new URL("ssh", import.meta.url));
if (process.env["WRITE_VECTORS"] === "ssh") writeSshVectors(folder);
const vectors = readVectors(folder, VECTOR_KEYS);

async function verdict(vector: Vector): Promise<string> {
  const entries = (vector.head.get("entry") ?? []).map((text) => {
    const {
      kind,
      key,
      principal,
      window = {},
      namespaces = ["git"],
      principals = [],
    } = JSON.parse(text) as VectorEntry;
    const entry = { key: parseSshPublicKey(key), principal, window, namespaces };
    return kind === "ssh" ? { kind, ...entry } : { kind, ...entry, principals };
  });
  const own = (vector.head.get("algorithms") ?? []).map((text) => JSON.parse(text) as Partial<AlgorithmPolicy>);
  const trust = { algorithms: { ...ALGORITHMS, ...own[0] }, ssh: new SshAnchors(entries) };
  const times = JSON.parse(headValue(vector, "times")) as SigningTimes;
  const evidence = await verifySsh(vector.body, Buffer.from(headValue(vector, "payload"), "base64"), trust, times);
  if (evidence.outcome !== "verified") return `${evidence.outcome} ${evidence.code}`;
  const lapsed = evidence.lapsed === null ? "" : ` lapsed ${evidence.lapsed.code}`;
  return `verified ${evidence.signer.principal}${lapsed}`;
}

describe("SSH vectors", () => {
  it.each(vectors.map((vector) => [headValue(vector, "expect"), vector.name, vector] as const))(
    "%s: %s",
    async (expected, _, vector) => {
      expect(await verdict(vector)).toBe(expected);
    },
  );
  it("reach every code that an SSH signature can get", () => {
    const codes = new Set(vectors.flatMap((vector) => headValue(vector, "expect").split(" ").slice(1)));
    for (const code of [
      ...["bad-signature", "unknown-key", "key-expired", "key-not-yet-valid", "key-revoked", "key-retired"],
      ...["key-invalid", "signature-in-future", "weak-algorithm", "wrong-namespace", "malformed", "unsupported"],
      ...["cert-invalid", "user-presence-missing"],
    ]) {
      expect(codes).toContain(code);
    }
  });
});
