import { describe, expect, it } from "@jest/globals";
import { always } from "../../../../src/policy/membership.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import type { ForgeFacts } from "../../../../src/policy/rules/forge.ts";
import {
  codesOf,
  commit,
  commitInput,
  commitRule,
  identity,
  policy,
  rule,
  verified,
} from "../../../support/decisions.ts";

function decide(forge: ForgeFacts | null, approvers: readonly string[] = [], squash: "allow" | "deny" = "deny") {
  const commits = commitRule({ signedBy: always(["alice", "github-web"]) });
  return decideCommit(
    commitInput({
      policy: policy({ forge: { squash } }),
      evidence: [verified("github-web")],
      commit: commit({ committer: identity("noreply@github.com") }),
      applied: [{ rule: rule({ commits }), place: "line", approvers: new Set(approvers) }],
      forge,
    }),
  );
}

const single = { problem: "it is no merge", parents: 1 };

describe("what a forge signs", () => {
  it("counts on a merge that git makes alike, and on no other (signer-not-permitted)", () => {
    expect(decide({ problem: null, parents: 2 }).allow).toBe(true);
    const other = decide({ problem: "it holds something else", parents: 2 }, ["alice"], "allow");
    expect(codesOf(other)).toEqual(["signer-not-permitted"]);
    expect(other.findings[0]?.message).toContain("it holds something else");
    expect(other.findings[0]?.hint).toBe("merge or commit it in a clone, and sign it yourself");
  });

  it("counts for nothing where nothing was found out (signer-not-permitted)", () => {
    expect(codesOf(decide(null, ["alice"], "allow"))).toEqual(["signer-not-permitted"]);
  });

  it("counts on a squash that is allowed and approved by one who may sign, and not with less (signer-not-permitted)", () => {
    expect(decide(single, ["alice"], "allow").allow).toBe(true);
    expect(codesOf(decide(single, ["alice"], "deny"))).toEqual(["signer-not-permitted"]);
    expect(codesOf(decide(single, ["bob"], "allow"))).toEqual(["signer-not-permitted"]);
    expect(codesOf(decide(single, ["github-web"], "allow"))).toEqual(["signer-not-permitted"]);
    expect(decide(single, [], "allow").findings[0]?.hint).toContain("--as-squash");
  });
});
