/**
 * Attack rules 55 and 56: a lightweight or unsigned annotated tag where signed ones are expected; an unsigned wrapper
 * around a signed tag, and a signed wrapper around an unsigned one. What must stop it: the object that the ref names is
 * judged itself, and so is every tag inside it, each on its own signature.
 */
import { describe, expect, it } from "@jest/globals";
import { decideRef } from "../../src/policy/decide-ref.ts";
import { decideTag } from "../../src/policy/decide-tag.ts";
import {
  codesOf,
  glob,
  oid,
  ref,
  refInput,
  rule,
  tag,
  tagInput,
  tagRule,
  unverified,
  verified,
} from "../support/decisions.ts";

const V1 = ref("refs/tags/v1");
const rules = [rule({ name: "releases", refs: [glob("refs/tags/v*")], tags: tagRule() })];
const unsigned = { evidence: [unverified("unsigned")], tag: tag({ signatures: [] }) };

describe("a tag without a signature (rule 55)", () => {
  it("refuses a lightweight tag (lightweight-tag)", () => {
    const input = refInput({ ref: V1, old: null, newKind: "commit", rules });
    expect(codesOf(decideRef(input))).toEqual(["lightweight-tag"]);
    expect(decideRef({ ...input, newKind: "tag" }).allow).toBe(true);
  });

  it("refuses an unsigned annotated tag (unsigned-tag)", () => {
    expect(codesOf(decideTag(tagInput({ ...unsigned, rules })))).toEqual(["unsigned-tag"]);
    expect(decideTag(tagInput({ rules })).allow).toBe(true);
  });

  it("refuses to swap a signed tag for a lightweight one (ref-rollback first)", () => {
    const input = refInput({ ref: V1, newKind: "commit", fastForward: false, rules });
    expect(codesOf(decideRef(input))).toEqual(["ref-rollback", "lightweight-tag"]);
  });
});

describe("tags of tags (rule 56)", () => {
  const outer = tag({ name: "v1", target: oid("b"), targetKind: "tag" });
  const inner = tag({ oid: oid("b"), name: "v1-rc" });
  const judge = (wrapper: Partial<Parameters<typeof tagInput>[0]>, nested: Partial<Parameters<typeof tagInput>[0]>) =>
    [
      decideTag(tagInput({ tag: outer, rules, ...wrapper })),
      decideTag(tagInput({ tag: inner, rules, outermost: false, ...nested })),
    ].map(codesOf);
  const bare = { evidence: [unverified("unsigned")] };

  it("takes a signed tag of a signed tag, whose own name is another", () => {
    expect(judge({}, {})).toEqual([[], []]);
  });

  it("refuses an unsigned wrapper around a signed tag (unsigned-tag)", () => {
    expect(judge({ ...bare, tag: { ...outer, signatures: [] } }, {})).toEqual([["unsigned-tag"], []]);
  });

  it("refuses a signed tag of an unsigned tag (unsigned-tag)", () => {
    expect(judge({}, { ...bare, tag: { ...inner, signatures: [] } })).toEqual([[], ["unsigned-tag"]]);
  });

  it("asks of the nested tag a permitted signer, too (signer-not-permitted)", () => {
    const codes = judge({}, { evidence: [verified("robot")] })[1];
    expect(codes).toEqual(["signer-not-permitted", "identity-mismatch"]);
  });
});
