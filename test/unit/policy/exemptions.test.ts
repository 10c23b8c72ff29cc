import { describe, expect, it } from "@jest/globals";
import type { VerdictCode } from "../../../src/model.ts";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { decideTag } from "../../../src/policy/decide-tag.ts";
import {
  NOW,
  codesOf,
  commitInput,
  exemption,
  history,
  newClock,
  oid,
  rule,
  tagInput,
  under,
  unverified,
  verified,
} from "../../support/decisions.ts";

const unsigned = [unverified("unsigned")];

describe("an exemption", () => {
  it("turns the error it lists into a warning that names the reason", () => {
    const decision = decideCommit(commitInput({ evidence: unsigned, exemptions: [exemption(["unsigned"])] }));
    expect(decision).toMatchObject({ allow: true, exempt: true, principal: null });
    expect(codesOf(decision)).toEqual(["(unsigned)"]);
    expect(decision.findings[0]?.message).toBe("this commit is not signed (exempt: history before signing)");
  });

  it("forgives no code that it does not list", () => {
    const decision = decideCommit(commitInput({ evidence: unsigned, exemptions: [exemption(["unknown-key"])] }));
    expect(decision).toMatchObject({ allow: false, exempt: false });
  });

  it("forgives nothing of another object", () => {
    const other = exemption(["unsigned"], { commit: oid("e") });
    expect(decideCommit(commitInput({ evidence: unsigned, exemptions: [other] })).allow).toBe(false);
    const reached = exemption(["unsigned"], { commit: null, reachableFrom: oid("e") });
    expect(decideCommit(commitInput({ evidence: unsigned, exemptions: [reached] })).exempt).toBe(true);
  });

  it.each(["bad-signature", "malformed"] as const)("never forgives %s", (code) => {
    const evidence = [unverified(code)];
    const decision = decideCommit(commitInput({ evidence, exemptions: [exemption([code])] }));
    expect(codesOf(decision)).toEqual([code]);
    expect(decision).toMatchObject({ allow: false, exempt: false });
  });

  it("leaves a denial a denial where another error stands", () => {
    const codes: VerdictCode[] = ["signer-not-permitted"];
    const input = commitInput({ evidence: [verified("robot")], exemptions: [exemption(codes)] });
    const decision = decideCommit(input);
    expect(decision).toMatchObject({ allow: false, exempt: false });
    expect(codesOf(decision)).toEqual(["identity-mismatch", "(signer-not-permitted)"]);
    expect(decideCommit({ ...input, exemptions: [exemption([...codes, "identity-mismatch"])] }).exempt).toBe(true);
  });

  it("is not used up by a mere warning", () => {
    const input = commitInput({
      evidence: unsigned,
      ...under({ level: "warn" }),
      exemptions: [exemption(["unsigned"])],
    });
    expect(decideCommit(input)).toMatchObject({ allow: true, exempt: false });
  });

  it("ends for what newly arrives, never for what stands", () => {
    const until = (time: number, clock: typeof newClock | ReturnType<typeof history>) =>
      decideCommit(commitInput({ evidence: unsigned, clock, exemptions: [exemption(["unsigned"], { until: time })] }));
    expect(until(NOW + 1, newClock).allow).toBe(true);
    expect(until(NOW, newClock).allow).toBe(false);
    expect(until(NOW, history()).allow).toBe(true);
  });

  it("forgives tags by their own code", () => {
    const input = tagInput({ evidence: unsigned, exemptions: [exemption(["unsigned-tag"], { commit: oid("a") })] });
    expect(decideTag(input)).toMatchObject({ allow: true, exempt: true });
    const ofCommits = exemption(["unsigned"], { commit: oid("a") });
    expect(codesOf(decideTag({ ...input, exemptions: [ofCommits] }))).toEqual(["unsigned-tag"]);
  });

  it("keeps its reason on one line", () => {
    const exemptions = [exemption(["unsigned"], { reason: "two\nlines" })];
    const [finding] = decideCommit(commitInput({ evidence: unsigned, exemptions })).findings;
    expect(finding?.message).toContain("(exempt: two lines)");
  });
});

it("a rule's name stays on one line, too", () => {
  const applied = [{ rule: rule({ ...under({}).applied[0]?.rule, name: "a\nb" }), place: "line" }] as const;
  const [finding] = decideCommit(commitInput({ applied, evidence: [verified("robot")] })).findings;
  expect(finding?.message).toContain('rule "a b"');
});
