import { describe, expect, it } from "@jest/globals";
import { decideRef } from "../../../../src/policy/decide-ref.ts";
import type { RefInput } from "../../../../src/policy/decide-ref.ts";
import { NOW, codesOf, commitRule, glob, oid, ref, refInput, rule, tagRule } from "../../../support/decisions.ts";

const branch = (force: "allow" | "deny", deletion: "allow" | "deny") => [
  rule({ commits: commitRule(), updates: { force, delete: deletion } }),
];
const forward: Partial<RefInput> = {};
const rewind: Partial<RefInput> = { fastForward: false };
const unclear: Partial<RefInput> = { fastForward: null };
const deletion: Partial<RefInput> = { new: null, newKind: null, fastForward: null };
const creation: Partial<RefInput> = { old: null, fastForward: null };

describe("updates of a branch", () => {
  it("denies what is not provably a fast-forward under `force: deny` (ref-rollback)", () => {
    const decide = (over: Partial<RefInput>) => decideRef(refInput({ ...over, rules: branch("deny", "deny") }));
    expect(decide(forward).allow).toBe(true);
    expect(decide(creation).allow).toBe(true);
    expect(decide({ old: oid("2"), fastForward: null }).allow).toBe(true);
    expect(codesOf(decide(rewind))).toEqual(["ref-rollback"]);
    expect(codesOf(decide(unclear))).toEqual(["ref-rollback"]);
    expect(decideRef(refInput({ ...rewind, rules: branch("allow", "deny") })).allow).toBe(true);
  });

  it("denies a deletion under `delete: deny`, which `force: deny` implies (ref-deletion)", () => {
    const decide = (...rules: ["allow" | "deny", "allow" | "deny"]) =>
      decideRef(refInput({ ...deletion, rules: branch(...rules) }));
    expect(decide("allow", "allow").allow).toBe(true);
    expect(codesOf(decide("allow", "deny"))).toEqual(["ref-deletion"]);
    expect(codesOf(decide("deny", "allow"))).toEqual(["ref-deletion"]);
    expect(decide("deny", "deny").subject).toEqual({ kind: "ref", oid: null, ref: "refs/heads/main" });
  });
});

describe("updates of a tag", () => {
  const tags = ref("refs/tags/v1");
  const under = (over: Parameters<typeof tagRule>[0] = {}) => [
    rule({ refs: [glob("refs/tags/**")], tags: tagRule(over) }),
  ];
  const decide = (over: Partial<RefInput>, clause: Parameters<typeof tagRule>[0] = {}) =>
    decideRef(refInput({ ref: tags, newKind: "tag", ...over, rules: under(clause) }));

  it("denies a move, forward or not (ref-rollback)", () => {
    expect(codesOf(decide(forward))).toEqual(["ref-rollback"]);
    expect(codesOf(decide(rewind))).toEqual(["ref-rollback"]);
    expect(decide(creation).allow).toBe(true);
    expect(decide({ old: oid("2") }).allow).toBe(true);
    expect(decide(rewind, { move: "allow" }).allow).toBe(true);
  });

  it("denies a deletion (ref-deletion)", () => {
    expect(codesOf(decide(deletion))).toEqual(["ref-deletion"]);
    expect(decide(deletion, { delete: "allow" }).allow).toBe(true);
  });

  it("only warns below error level and before `enforceFrom`", () => {
    expect(codesOf(decide(deletion, { level: "warn" }))).toEqual(["(ref-deletion)"]);
    expect(codesOf(decide(deletion, { enforceFrom: NOW + 1 }))).toEqual(["(ref-deletion)"]);
    expect(codesOf(decide(deletion, { level: "warn", enforceFrom: NOW }))).toEqual(["ref-deletion"]);
  });

  it("asks nothing of the branches that the same rule names", () => {
    const rules = [rule({ refs: [glob("refs/**")], commits: commitRule(), tags: tagRule() })];
    expect(decideRef(refInput({ rules })).allow).toBe(true);
    expect(decideRef(refInput({ ...deletion, rules })).allow).toBe(true);
    expect(decideRef(refInput({ ref: ref("refs/notes/commits"), rules })).allow).toBe(true);
    expect(codesOf(decideRef(refInput({ ref: tags, newKind: "tag", rules })))).toEqual(["ref-rollback"]);
  });

  it("asks it outside refs/tags/ of tag objects, and where a rule speaks of tags alone", () => {
    const signed = ref("refs/signed/v1");
    const rules = [rule({ refs: [glob("refs/signed/**")], tags: tagRule() })];
    expect(codesOf(decideRef(refInput({ ref: signed, ...deletion, rules })))).toEqual(["ref-deletion"]);
    const mixed = [rule({ refs: [glob("refs/signed/**")], commits: commitRule(), tags: tagRule() })];
    expect(codesOf(decideRef(refInput({ ref: signed, newKind: "tag", rules: mixed })))).toEqual(["ref-rollback"]);
  });
});
