/**
 * Attack rule 50: the badge trick ("Johnny, you are fired"). Author and committer are free text that anyone may write;
 * git and ssh-keygen accept any key of the list, whoever the commit says made it. What must stop it: the identity rule,
 * which binds the signer's principal to the e-mail that the commit shows. Rule 53: `.mailmap` never has a say in it.
 */
import { describe, expect, it } from "@jest/globals";
import { always } from "../../src/policy/membership.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { decideCommit } from "../../src/policy/decide-commit.ts";
import { codesOf, commitInput, oid, under, verified } from "../support/decisions.ts";
import { SSH_ARMOR, header, rawCommit } from "../support/objects.ts";

const at = "1799999940 +0000";
const raw = (author: string, committer: string) =>
  rawCommit({ author: `${author} ${at}`, committer: `${committer} ${at}`, extra: header("gpgsig", SSH_ARMOR) });
const judge = (author: string, committer: string, by: string, clause = {}) =>
  decideCommit(
    commitInput({
      commit: parseCommit(oid("c"), raw(author, committer), "sha1"),
      evidence: [verified(by)],
      // What the forge signed is a merge as git makes it: here its e-mails alone are asked about.
      forge: { problem: null, parents: 2 },
      ...under(clause),
    }),
  );

const ALICE = "Alice A <alice@example.org>";
const BOB = "Bob B <bob@example.org>";

describe("a commit in somebody else's name (rule 50)", () => {
  it("refuses bob's good signature under alice's name as committer (identity-mismatch)", () => {
    expect(codesOf(judge(ALICE, ALICE, "bob"))).toEqual(["identity-mismatch"]);
    expect(judge(BOB, BOB, "bob")).toMatchObject({ allow: true, findings: [] });
  });

  it("points out alice as author of what bob committed, and refuses it where authors are asked (identity-mismatch)", () => {
    expect(codesOf(judge(ALICE, BOB, "bob"))).toEqual(["(identity-mismatch)"]);
    expect(codesOf(judge(ALICE, BOB, "bob", { identity: "both" }))).toEqual(["identity-mismatch"]);
  });

  it("does not let a bot or an agent commit as a human (identity-mismatch)", () => {
    const anyone = { signedBy: always(["alice", "robot", "agent"]) };
    for (const by of ["robot", "agent"])
      expect(codesOf(judge(ALICE, ALICE, by, anyone))).toEqual(["identity-mismatch"]);
    expect(judge(ALICE, ALICE, "alice", anyone).allow).toBe(true);
  });

  it("does not let a user commit as the forge, nor the forge as a user (identity-mismatch)", () => {
    const both = { signedBy: always(["bob", "github-web"]) };
    const WEB = "GitHub <noreply@github.com>";
    expect(codesOf(judge(WEB, WEB, "bob", both))).toEqual(["identity-mismatch"]);
    expect(codesOf(judge(ALICE, ALICE, "github-web", both))).toEqual(["identity-mismatch"]);
    expect(judge(ALICE, WEB, "github-web", both).allow).toBe(true);
  });

  it("looks at the e-mail alone: a name, or an e-mail in the place of the name, proves nothing", () => {
    expect(codesOf(judge(BOB, "bob@example.org <eve@example.net>", "bob"))).toEqual(["identity-mismatch"]);
    expect(judge(BOB, "Somebody <bob@example.org>", "bob").allow).toBe(true);
  });
});

describe("an e-mail that .mailmap would turn into the signer's (rule 53)", () => {
  // `git log --use-mailmap` and %cE would show bob@example.org for the committer of this commit.
  it("is compared as it stands in the commit (identity-mismatch)", () => {
    const mapped = judge("Bob B <bob@example.org>", "Bob B <bob@laptop.local>", "bob");
    expect(codesOf(mapped)).toEqual(["identity-mismatch"]);
    expect(mapped.findings[0]?.message).toContain("the committer is bob@laptop.local");
  });
});
