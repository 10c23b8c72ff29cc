import { describe, expect, it } from "@jest/globals";
import { PolicyError } from "../../src/errors.ts";
import { resolveChecked, type CheckedPolicy } from "../../src/policy/checked.ts";
import { examinePolicy, parsePolicy } from "../../src/policy/parse.ts";
import { readPolicyVectors } from "../support/policy-vectors.ts";
import type { PolicyVector } from "../support/policy-vectors.ts";

const vectors = readPolicyVectors();
const bytesOf = ({ body }: PolicyVector): Uint8Array => new TextEncoder().encode(body);

/** Sets and maps as lists; of a glob its pattern, from which it is compiled. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (part instanceof Map || part instanceof Set ? [...part] : part)),
  );

describe("policy vectors", () => {
  it.each(vectors.filter(({ expect: outcome }) => outcome === "valid"))("accepts $name", async (vector) => {
    expect((await parsePolicy(bytesOf(vector), "policy", vector.member)).version).toBe(1);
  });
  it.each(vectors.filter(({ expect: outcome }) => outcome === "valid"))(
    "comes to the same policy from what was kept of $name",
    async (vector) => {
      const { policy, keys, checked } = await examinePolicy(bytesOf(vector), "policy", vector.member);
      const kept = JSON.parse(JSON.stringify(checked)) as CheckedPolicy;
      expect(plain(resolveChecked(kept))).toEqual(plain({ policy, keys }));
    },
  );
  it.each(vectors.filter(({ expect: outcome }) => outcome !== "valid"))("refuses $name", async (vector) => {
    const error: unknown = await parsePolicy(bytesOf(vector), "policy", vector.member).catch(
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof PolicyError)) throw new Error(`not refused: ${String(error)}`);
    const told = error.issues.map(({ line, path, message }) => `${line ?? 0} ${path} ${message}`);
    expect(told).toHaveLength(vector.issues.length);
    vector.issues.forEach(({ line, path, message }, index) => {
      expect(told[index]).toContain(`${line} ${path} `);
      expect(told[index]).toContain(message);
    });
    expect(error.code).toBe(vector.expect);
    for (const issue of error.issues) {
      expect(issue.file).toBe("policy");
      expect(issue.expected).not.toBe("");
    }
  });
});
