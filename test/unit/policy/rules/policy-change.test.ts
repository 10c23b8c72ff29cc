import { describe, expect, it } from "@jest/globals";
import { always } from "../../../../src/policy/membership.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import {
  administrators,
  codesOf,
  commit,
  commitInput,
  edit,
  exemption,
  identity,
  under,
  unverified,
  verified,
} from "../../../support/decisions.ts";

const policyEdit = edit(["rules.main"]);
const by = (id: string) => ({
  evidence: [verified(id)],
  commit: commit({ committer: identity(`${id}@example.org`), author: identity(`${id}@example.org`) }),
  policyEdit,
});
const all = always(["alice", "bob", "robot", "agent"]);

describe("a commit that changes the policy", () => {
  it("takes the signature of someone who holds the right", () => {
    expect(decideCommit(commitInput(by("alice"))).allow).toBe(true);
  });

  it.each(["robot", "agent"])("denies a %s who may sign everything else (policy-change)", (id) => {
    const input = commitInput({ ...by(id), ...under({ signedBy: all }) });
    expect(codesOf(decideCommit(input))).toEqual(["policy-change"]);
    expect(decideCommit({ ...input, policyEdit: null }).allow).toBe(true);
  });

  it("denies on the side whom `side` alone would take, and says what changes and who may (policy-change)", () => {
    const clause = { signedBy: always(["alice"]), side: always(["bob"]) };
    const input = { ...by("bob"), ...under(clause, "side"), policyEdit: edit(["rules.main"], [], 1, ["alice"]) };
    const decision = decideCommit(commitInput(input));
    expect(codesOf(decision)).toEqual(["policy-change"]);
    expect(decision.findings[0]?.message).toContain("rules.main is new (loosens: takes alice (right rules))");
    expect(decision.findings[0]?.hint).toBe("have the change signed by alice");
  });

  it("denies without a good signature, which no exemption replaces (policy-change)", () => {
    const decision = decideCommit(
      commitInput({
        evidence: [unverified("unsigned")],
        policyEdit,
        exemptions: [exemption(["unsigned", "policy-change"])],
      }),
    );
    expect(decision.allow).toBe(false);
    expect(codesOf(decision)).toEqual(["policy-change", "(unsigned)"]);
  });

  it("denies a holder whose key has lapsed, exempted or not (policy-change)", () => {
    const evidence = [verified("alice", { lapsed: "key-expired" })];
    const exempt = [exemption(["key-expired"])];
    const plain = commitInput({ evidence, exemptions: exempt });
    expect(decideCommit(plain)).toMatchObject({ allow: true, exempt: true });
    expect(codesOf(decideCommit({ ...plain, policyEdit }))).toEqual(["policy-change", "(key-expired)"]);
  });

  it("counts signer and approvals once each toward the threshold (policy-change, threshold-unmet)", () => {
    const input = commitInput({ ...by("alice"), policyEdit: edit(["rules.main"], [], 2) });
    const alone = decideCommit(input);
    expect(codesOf(alone).sort()).toEqual(["policy-change", "threshold-unmet"]);
    expect(alone.findings[0]?.hint).toContain("approved by bob as well");
    expect(decideCommit({ ...input, approvedBy: new Set(["alice"]) }).allow).toBe(false);
    expect(decideCommit({ ...input, approvedBy: new Set(["robot"]) }).allow).toBe(false);
    expect(decideCommit({ ...input, approvedBy: new Set(["bob"]) }).allow).toBe(true);
  });

  it("denies what the administrators of either policy do not allow (policy-change)", () => {
    const [step] = policyEdit.steps;
    if (step === undefined) throw new Error("no step");
    const both = { ...step, administrators: [administrators(), administrators(1, ["bob"])] };
    expect(
      codesOf(decideCommit(commitInput({ ...by("alice"), policyEdit: { ...policyEdit, steps: [both] } }))),
    ).toEqual(["policy-change"]);
    const bob = commitInput({ ...by("bob"), policyEdit: { ...policyEdit, steps: [both] } });
    expect(decideCommit(bob).allow).toBe(true);
  });

  it("only warns where the rules of its ref do, unless the change is binding (policy-change)", () => {
    const input = commitInput({ ...by("robot"), ...under({ signedBy: all, level: "warn" }) });
    expect(codesOf(decideCommit(input))).toEqual(["(policy-change)"]);
    expect(codesOf(decideCommit({ ...input, policyEdit: { ...policyEdit, binding: true } }))).toEqual([
      "policy-change",
    ]);
  });

  it("refuses one that cannot govern, whoever signed (policy-change)", () => {
    const broken = edit([], ["its serial is 6 and must be 8"]);
    const decision = decideCommit(commitInput({ ...by("alice"), policyEdit: broken }));
    expect(codesOf(decision)).toEqual(["policy-change"]);
    expect(decision.findings[0]?.message).toContain("its serial is 6 and must be 8");
  });
});
