import { describe, expect, it } from "@jest/globals";
import { always } from "../../../../src/policy/membership.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import {
  codesOf,
  commit,
  commitInput,
  identity,
  rule,
  commitRule,
  under,
  verified,
} from "../../../support/decisions.ts";

const by = (id: string) => ({
  evidence: [verified(id)],
  commit: commit({ committer: identity(`${id}@example.org`), author: identity(`${id}@example.org`) }),
});

describe("who may sign", () => {
  it("takes any of `signedBy`", () => {
    expect(decideCommit(commitInput(by("alice"))).allow).toBe(true);
    expect(decideCommit(commitInput(by("bob"))).allow).toBe(true);
  });

  it("denies everyone else, with the names of both sides (signer-not-permitted)", () => {
    const decision = decideCommit(commitInput(by("robot")));
    expect(codesOf(decision)).toEqual(["signer-not-permitted"]);
    expect(decision.findings[0]?.message).toBe(
      'signed by robot with key SHA256:robot, but rule "protected" takes only alice or bob',
    );
  });

  it("asks `signedBy` on the line and `side` of what merges bring in (signer-not-permitted)", () => {
    const clause = { signedBy: always(["alice"]), side: always(["robot"]) };
    expect(decideCommit(commitInput({ ...by("robot"), ...under(clause, "side") })).allow).toBe(true);
    expect(codesOf(decideCommit(commitInput({ ...by("robot"), ...under(clause, "line") })))).toEqual([
      "signer-not-permitted",
    ]);
    expect(codesOf(decideCommit(commitInput({ ...by("alice"), ...under(clause, "side") })))).toEqual([
      "signer-not-permitted",
    ]);
  });

  it("tells whoever may come in by a merge to have it merged, and nobody else", () => {
    const hint = (side: readonly string[]) =>
      decideCommit(
        commitInput({ ...by("robot"), ...under({ signedBy: always(["alice"]), side: always(side) }, "line") }),
      ).findings[0]?.hint ?? "";
    expect(hint(["robot"])).toMatch(/^push it to another branch, and have alice merge that; or /);
    expect(hint(["robot"])).not.toContain("`side: ");
    expect(hint(["bob"])).not.toContain("another branch");
    expect(hint(["bob"])).toContain('for what merges bring in `side: ["*"]`');
  });

  it("takes a forge only where the rule holds it", () => {
    const web = { evidence: [verified("github-web")], commit: commit({ committer: identity("noreply@github.com") }) };
    expect(codesOf(decideCommit(commitInput(web)))).toEqual(["signer-not-permitted"]);
    const named = under({ signedBy: always(["github-web"]) });
    expect(decideCommit(commitInput({ ...web, ...named, forge: { problem: null, parents: 2 } })).allow).toBe(true);
    expect(codesOf(decideCommit(commitInput({ ...web, ...named })))).toEqual(["signer-not-permitted"]);
  });

  it("makes every rule hold, not one of them", () => {
    const alone = (id: string) => ({
      rule: rule({ name: `by ${id}`, commits: commitRule({ signedBy: always([id]) }) }),
    });
    const both = [
      { ...alone("alice"), place: "line" },
      { ...alone("bob"), place: "line" },
    ] as const;
    const decision = decideCommit(commitInput({ applied: both }));
    expect(decision.allow).toBe(false);
    expect(decision.rules).toEqual(["by alice", "by bob"]);
    expect(decision.findings.map((finding) => finding.rule)).toEqual(["by bob"]);
  });
});
