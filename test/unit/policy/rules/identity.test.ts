import { describe, expect, it } from "@jest/globals";
import { always } from "../../../../src/policy/membership.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import { decideTag } from "../../../../src/policy/decide-tag.ts";
import {
  codesOf,
  commit,
  commitInput,
  identity,
  policy,
  principal,
  rule,
  tag,
  tagInput,
  tagRule,
  under,
  verified,
} from "../../../support/decisions.ts";

const ALICE = "alice@example.org";
const STRANGER = "mallory@example.net";
const written = (author: string, committer: string) =>
  commit({ author: identity(author), committer: identity(committer) });
const decide = (asked: "committer" | "author" | "both" | "none", author: string, committer: string, by = "alice") =>
  decideCommit(
    commitInput({
      ...under({ identity: asked, signedBy: always([by]) }),
      evidence: [verified(by)],
      commit: written(author, committer),
      forge: { problem: null, parents: 2 },
    }),
  );

describe("whose e-mail a commit shows", () => {
  it.each([
    ["committer", [ALICE, ALICE], [STRANGER, STRANGER]],
    ["committer", [STRANGER, ALICE], [ALICE, STRANGER]],
    ["author", [ALICE, STRANGER], [STRANGER, ALICE]],
    ["both", [ALICE, ALICE], [ALICE, STRANGER]],
    ["both", [ALICE, ALICE], [STRANGER, ALICE]],
  ] as const)(
    "identity %s takes %j and denies %j (identity-mismatch)",
    (asked, [goodAuthor, goodCommitter], [badAuthor, badCommitter]) => {
      expect(decide(asked, goodAuthor, goodCommitter)).toMatchObject({ allow: true, findings: [] });
      expect(codesOf(decide(asked, badAuthor, badCommitter))).toEqual(["identity-mismatch"]);
    },
  );

  it("identity none asks nothing", () => {
    expect(decide("none", STRANGER, STRANGER)).toMatchObject({ allow: true, findings: [] });
    expect(decide("none", "bob@example.org", STRANGER)).toMatchObject({ allow: true, findings: [] });
  });

  it("names signer, key and both e-mails", () => {
    expect(decide("committer", ALICE, STRANGER).findings[0]?.message).toBe(
      `signed by alice with key SHA256:alice (${ALICE}), but the committer is ${STRANGER}`,
    );
  });

  it("warns of an author who is another principal, and of no other stranger", () => {
    const borrowed = decide("committer", "bob@example.org", ALICE);
    expect(borrowed.allow).toBe(true);
    expect(codesOf(borrowed)).toEqual(["(identity-mismatch)"]);
    expect(borrowed.findings[0]?.message).toContain("the author bob@example.org is bob");
    expect(borrowed.findings[0]?.hint).toMatch(
      /^unless bob wrote it: git rebase -x 'git commit --amend .*' dddddddddddd$/,
    );
    expect(decide("committer", STRANGER, ALICE).findings).toEqual([]);
    expect(decide("committer", "bob@EXAMPLE.org", ALICE).findings).toHaveLength(1);
  });

  it("asks of a forge only the committer's, whoever the author is", () => {
    const web = "noreply@github.com";
    for (const asked of ["committer", "author", "both"] as const) {
      expect(decide(asked, ALICE, web, "github-web")).toMatchObject({ allow: true, findings: [] });
      expect(codesOf(decide(asked, ALICE, ALICE, "github-web"))).toEqual(["identity-mismatch"]);
    }
  });

  it("folds ASCII case in the domain alone, and says where only case differs", () => {
    expect(decide("committer", ALICE, "alice@EXAMPLE.Org").allow).toBe(true);
    const cased = decide("committer", ALICE, "Alice@example.org");
    expect(codesOf(cased)).toEqual(["identity-mismatch"]);
    expect(cased.findings[0]?.message).toContain("only upper and lower case differ");
    expect(decide("committer", ALICE, STRANGER).findings[0]?.message).not.toContain("case");
  });

  it("compares bytes, not letters", () => {
    const umlaut = policy({
      principals: new Map([["alice", principal("alice", "human", ["\xc3\xa4lice@example.org"])]]),
    });
    const by = (email: string) =>
      decideCommit(commitInput({ policy: umlaut, commit: commit({ committer: identity(email) }) }));
    expect(by("\xc3\xa4lice@example.org").allow).toBe(true);
    // The same letter in Latin-1 is another byte.
    expect(codesOf(by("\xe4lice@example.org"))).toEqual(["identity-mismatch"]);
  });

  it("prints the command that sets the e-mail right, an author of his own left alone", () => {
    const hint = (author: string, committer: string, by = "alice") =>
      decide("committer", author, committer, by).findings[0]?.hint;
    expect(hint(STRANGER, STRANGER)).toContain(`git config user.email ${ALICE} && git rebase -x 'git commit --amend`);
    expect(hint("bob@example.org", STRANGER)).toBe(`git config user.email ${ALICE} && git rebase -f -S dddddddddddd`);
    // Of a principal without e-mails, and of a forge, there is none to set.
    expect(hint(ALICE, ALICE, "github-web")).toContain("have the committer's e-mail added to `emails` of github-web");
    const silent = policy({ principals: new Map([["alice", principal("alice", "human", [])]]) });
    const [finding] = decideCommit(commitInput({ policy: silent })).findings;
    expect(finding?.message).toContain("(no e-mail)");
    expect(finding?.hint).toContain("have the committer's e-mail added");
    const [tagged] = decideTag(tagInput({ policy: silent })).findings;
    expect(tagged?.hint).toContain("have the tagger's e-mail added");
    const odd = policy({ principals: new Map([["alice", principal("alice", "human", ["\xc3\xa4@example.org"])]]) });
    expect(decideTag(tagInput({ policy: odd })).findings[0]?.hint).toContain("git config user.email E-MAIL &&");
  });

  it("denies whom the policy does not know (fails closed)", () => {
    const decision = decide("committer", ALICE, ALICE, "nobody");
    expect(codesOf(decision)).toEqual(["identity-mismatch"]);
  });
});

describe("whose e-mail a tag shows", () => {
  it("takes the signer's and denies another's (identity-mismatch)", () => {
    expect(decideTag(tagInput()).allow).toBe(true);
    const decision = decideTag(tagInput({ tag: tag({ tagger: identity(STRANGER) }) }));
    expect(codesOf(decision)).toEqual(["identity-mismatch"]);
    expect(decision.findings[0]?.hint).toBe("git config user.email alice@example.org && git tag -f -s v1 v1^{}");
  });

  it("denies a tag without a tagger unless identity is none (identity-mismatch)", () => {
    const anonymous = tag({ tagger: null });
    expect(codesOf(decideTag(tagInput({ tag: anonymous })))).toEqual(["identity-mismatch"]);
    const rules = [rule({ tags: tagRule({ identity: "none" }) })];
    expect(decideTag(tagInput({ tag: anonymous, rules })).allow).toBe(true);
  });
});
