import { describe, expect, it } from "@jest/globals";
import { always } from "../../../src/policy/membership.ts";
import type { EvidenceCode } from "../../../src/model.ts";
import { decideTag } from "../../../src/policy/decide-tag.ts";
import {
  codesOf,
  history,
  identity,
  rule,
  tag,
  tagInput,
  tagRule,
  unverified,
  verified,
} from "../../support/decisions.ts";

describe("decideTag", () => {
  it("allows a tag signed by whom the rule asks, under its name", () => {
    expect(decideTag(tagInput())).toMatchObject({
      subject: { kind: "tag", ref: "refs/tags/v1" },
      allow: true,
      principal: "alice",
      rules: ["releases"],
      findings: [],
    });
  });

  it("denies an unsigned one with the command that signs it (unsigned-tag)", () => {
    const decision = decideTag(tagInput({ evidence: [unverified("unsigned")], tag: tag({ signatures: [] }) }));
    expect(codesOf(decision)).toEqual(["unsigned-tag"]);
    expect(decision.findings[0]).toMatchObject({ message: "this tag is not signed", hint: "git tag -f -s v1 v1^{}" });
    expect(codesOf(decideTag(tagInput({ evidence: [], tag: tag({ signatures: [] }) })))).toEqual(["unsigned-tag"]);
    const clock = history();
    const standing = decideTag(tagInput({ evidence: [unverified("unsigned")], tag: tag({ signatures: [] }), clock }));
    expect(standing.findings[0]?.hint).toMatch(
      /^git tag -f -s v1 v1\^\{\}; or, .*\(trust\.exempt, codes: \[unsigned-tag\]\)$/,
    );
    expect(codesOf(decideTag(tagInput({ evidence: [] })))).toEqual(["malformed"]);
  });

  it.each(["bad-signature", "unknown-key", "key-revoked", "wrong-namespace"] as EvidenceCode[])("denies %s", (code) => {
    expect(codesOf(decideTag(tagInput({ evidence: [unverified(code)] })))).toEqual([code]);
  });

  it("denies a signer whom the rule does not name (signer-not-permitted)", () => {
    const byRobot = { evidence: [verified("robot")], tag: tag({ tagger: identity("robot@example.org") }) };
    expect(codesOf(decideTag(tagInput(byRobot)))).toEqual(["signer-not-permitted"]);
    const rules = [rule({ tags: tagRule({ signedBy: always(["robot"]) }) })];
    expect(decideTag(tagInput({ ...byRobot, rules })).allow).toBe(true);
  });

  it("denies two signatures (multiple-signatures)", () => {
    const { signatures } = tag();
    const twice = tag({ signatures: [...signatures, ...signatures] });
    expect(codesOf(decideTag(tagInput({ tag: twice })))).toEqual(["multiple-signatures"]);
  });

  it("denies a lapsed key on a tag that arrives (key-retired)", () => {
    expect(codesOf(decideTag(tagInput({ evidence: [verified("alice", { lapsed: "key-retired" })] })))).toEqual([
      "key-retired",
    ]);
  });

  it("asks nothing where no rule has `tags`", () => {
    const evidence = [unverified("unsigned")];
    expect(decideTag(tagInput({ evidence, rules: [rule()] }))).toMatchObject({ allow: true, rules: [] });
    expect(decideTag(tagInput({ evidence })).allow).toBe(false);
  });

  it("makes every rule hold", () => {
    const strict = rule({ name: "bob's", tags: tagRule({ signedBy: always(["bob"]) }) });
    const rules = [...tagInput().rules, strict];
    const decision = decideTag(tagInput({ rules }));
    expect(decision.rules).toEqual(["releases", "bob's"]);
    expect(decision.findings.map((f) => f.rule)).toEqual(["bob's"]);
  });
});
