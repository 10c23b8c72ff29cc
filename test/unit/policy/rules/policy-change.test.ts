import { describe, expect, it } from "@jest/globals";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import {
  codesOf,
  commit,
  commitInput,
  exemption,
  identity,
  under,
  unverified,
  verified,
} from "../../../support/decisions.ts";

const changedPolicyFiles = [".signpolicy.yaml"];
const by = (id: string) => ({
  evidence: [verified(id)],
  commit: commit({ committer: identity(`${id}@example.org`), author: identity(`${id}@example.org`) }),
  changedPolicyFiles,
});
const all = new Set(["alice", "robot", "agent"]);

describe("a commit that changes the policy", () => {
  it("takes the signature of a human of `signedBy`", () => {
    expect(decideCommit(commitInput(by("alice"))).allow).toBe(true);
  });

  it.each(["robot", "agent"])("denies a %s of `signedBy` (policy-change)", (id) => {
    const input = commitInput({ ...by(id), ...under({ signedBy: all }) });
    expect(codesOf(decideCommit(input))).toEqual(["policy-change"]);
    expect(decideCommit({ ...input, changedPolicyFiles: [] }).allow).toBe(true);
  });

  it("denies on the side whom `side` alone would take (policy-change)", () => {
    const clause = { signedBy: new Set(["alice"]), side: new Set(["bob"]) };
    const decision = decideCommit(commitInput({ ...by("bob"), ...under(clause, "side") }));
    expect(codesOf(decision)).toEqual(["policy-change"]);
    expect(decision.findings[0]?.message).toContain(".signpolicy.yaml");
    const both = { signedBy: new Set(["alice"]), side: new Set(["alice", "bob"]) };
    expect(decideCommit(commitInput({ ...by("alice"), ...under(both, "side") })).allow).toBe(true);
  });

  it("denies without a good signature, which no exemption replaces (policy-change)", () => {
    const decision = decideCommit(
      commitInput({
        evidence: [unverified("unsigned")],
        changedPolicyFiles,
        exemptions: [exemption(["unsigned", "policy-change"])],
      }),
    );
    expect(decision.allow).toBe(false);
    expect(codesOf(decision)).toEqual(["policy-change", "(unsigned)"]);
  });

  it("denies a human whose key has lapsed, exempted or not (policy-change)", () => {
    const evidence = [verified("alice", { lapsed: "key-expired" })];
    const exempt = [exemption(["key-expired"])];
    const plain = commitInput({ evidence, exemptions: exempt });
    expect(decideCommit(plain)).toMatchObject({ allow: true, exempt: true });
    expect(codesOf(decideCommit({ ...plain, changedPolicyFiles }))).toEqual(["policy-change", "(key-expired)"]);
  });
});
