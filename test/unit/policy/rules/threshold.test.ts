import { describe, expect, it } from "@jest/globals";
import { always } from "../../../../src/policy/membership.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import type { CommitRule } from "../../../../src/policy/policy.ts";
import { codesOf, commit, commitInput, commitRule, identity, rule, verified } from "../../../support/decisions.ts";

function decide(
  signer: string,
  approvers: readonly string[] | null,
  clause: Partial<CommitRule> = {},
  place: "line" | "side" = "line",
) {
  const who = identity(`${signer}@example.org`);
  const signedBy = always(["alice", "bob", "robot"]);
  const commits = commitRule({ signedBy, side: signedBy, threshold: 2, identity: "none", ...clause });
  const asking = { rule: rule({ commits }), place, ...(approvers === null ? {} : { approvers: new Set(approvers) }) };
  return decideCommit(
    commitInput({ evidence: [verified(signer)], commit: commit({ committer: who, author: who }), applied: [asking] }),
  );
}

describe("threshold", () => {
  it("counts the signer and those who approve, each once", () => {
    expect(decide("alice", ["bob"]).allow).toBe(true);
    expect(codesOf(decide("alice", ["alice"]))).toEqual(["threshold-unmet"]);
    expect(codesOf(decide("alice", []))).toEqual(["threshold-unmet"]);
    expect(codesOf(decide("alice", null))).toEqual(["threshold-unmet"]);
  });

  it("counts no bot, as a signer or otherwise, and nobody who is not asked for (threshold-unmet)", () => {
    expect(codesOf(decide("robot", ["alice"]))).toEqual(["threshold-unmet"]);
    expect(codesOf(decide("alice", ["robot", "carol"]))).toEqual(["threshold-unmet"]);
    expect(decide("robot", ["alice", "bob"]).allow).toBe(true);
  });

  it("names who is there, who is missing, and the command", () => {
    const [finding] = decide("alice", []).findings;
    expect(finding?.message).toContain("asks for 2 people, signer and approvals together, and this commit has alice");
    expect(finding?.hint).toMatch(/^have bob approve it: signpolicy approve \S+ --push$/);
    expect(decide("robot", []).findings[0]?.message).toContain("has none");
  });

  it("asks a `side` that takes others than `signedBy` for one signature alone", () => {
    const side = always(["alice", "bob", "robot", "carol"]);
    expect(decide("alice", [], { side }, "side").allow).toBe(true);
    expect(codesOf(decide("alice", [], { side }, "line"))).toEqual(["threshold-unmet"]);
    expect(codesOf(decide("alice", [], {}, "side"))).toEqual(["threshold-unmet"]);
  });
});
