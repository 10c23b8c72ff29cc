/**
 * Attack rule 51: e-mails that look like, fold to, begin with or contain the signer's. What must stop it: the comparison
 * of bytes, with ASCII case of the domain as its only freedom. No pattern, no Unicode folding, no trimming.
 */
import { describe, expect, it } from "@jest/globals";
import { latin1 } from "../../src/encoding/bytes.ts";
import { decideCommit } from "../../src/policy/decide-commit.ts";
import { codesOf, commit, commitInput, identity, policy, principal } from "../support/decisions.ts";

const people = policy({ principals: new Map([["alice", principal("alice", "human", ["kate.k@example.org"])]]) });
const judge = (email: string) =>
  decideCommit(
    commitInput({ policy: people, commit: commit({ committer: identity(latin1(new TextEncoder().encode(email))) }) }),
  );

describe("an e-mail that is not quite the signer's (rule 51)", () => {
  it.each(["kate.k@example.org", "kate.k@EXAMPLE.ORG"])("the signer's own is taken: %s", (email) => {
    expect(judge(email).allow).toBe(true);
  });

  it.each([
    ["Cyrillic letters", "k\u0430te.k@example.org"],
    ["KELVIN SIGN, which toLowerCase() makes a k", "\u212aate.k@example.org"],
    ["KELVIN SIGN in the domain", "kate.k@example.or\u212a"],
    ["fullwidth letters, which NFKC folds", "\uff4bate.k@example.org"],
    ["a ligature, which NFKC folds", "kate.k@exam\ufb02e.org"],
    ["dotless i and long s", "kate.k@example.\u0131\u017f"],
    ["a zero-width space", "kate.k\u200b@example.org"],
    ["a soft hyphen", "kate\u00ad.k@example.org"],
    ["a bidirectional override", "\u202egro.elpmaxe@k.etak"],
    ["another character for the unescaped dot of a pattern", "katexk@example.org"],
    ["the unescaped dot of the domain", "kate.k@exampleXorg"],
    ["a longer domain", "kate.k@example.org.evil.net"],
    ["a subdomain", "kate.k@mail.example.org"],
    ["a prefix", "xkate.k@example.org"],
    ["plus addressing", "kate.k+x@example.org"],
    ["dots that some providers ignore", "katek@example.org"],
    ["upper case before the @", "Kate.k@example.org"],
    ["a blank at the end", "kate.k@example.org "],
    ["a trailing dot", "kate.k@example.org."],
    ["another one beside it", "kate.k@example.org,eve@example.net"],
    ["a second @", "kate.k@example.org@evil.net"],
    ["a NUL that would end a C string", "kate.k@example.org\0.evil.net"],
    ["nothing", ""],
    ["a wildcard", "*"],
  ])("refuses %s (identity-mismatch)", (_, email) => {
    expect(codesOf(judge(email))).toEqual(["identity-mismatch"]);
  });

  it("refuses bytes that are no UTF-8 and would decode to the same text (identity-mismatch)", () => {
    const overlong = commit({ committer: identity("\xc1\xabate.k@example.org") });
    expect(codesOf(decideCommit(commitInput({ policy: people, commit: overlong })))).toEqual(["identity-mismatch"]);
  });

  it("tells a mismatch by case from every other", () => {
    expect(judge("Kate.K@example.org").findings[0]?.message).toContain("only upper and lower case differ");
    expect(judge("\u212aate.k@example.org").findings[0]?.message).not.toContain("case differ");
  });
});
