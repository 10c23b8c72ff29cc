import { describe, expect, it } from "@jest/globals";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import { codesOf, glob, policy, ref, refInput, rule } from "../../../support/decisions.ts";

describe("what a ref may hold", () => {
  it.each(["tag", "tree", "blob"] as const)(
    "denies a %s under refs/heads/, whatever the rules (malformed)",
    (newKind) => {
      expect(codesOf(decideRef(refInput({ newKind })))).toEqual(["malformed"]);
      const free = { policy: policy({ unmatched: "allow" }), rules: [] };
      expect(codesOf(decideRef(refInput({ newKind, ...free })))).toEqual(["malformed"]);
      expect(
        decideRef(refInput({ newKind, ref: ref("refs/other/x"), rules: [rule({ refs: [glob("refs/other/*")] })] }))
          .allow,
      ).toBe(true);
      expect(decideRef(refInput({ newKind: "commit" })).allow).toBe(true);
    },
  );

  it("denies an object that is missing or of unknown kind, by its id (missing-object)", () => {
    for (const newKind of ["missing", null] as const) {
      const decision = decideRef(refInput({ newKind }));
      expect(codesOf(decision)).toEqual(["missing-object"]);
      expect(decision.findings[0]?.message).toContain("2222222222222222222222222222222222222222");
    }
    expect(decideRef(refInput({ new: null, newKind: null, rules: [rule()] })).allow).toBe(true);
  });
});
