import { describe, expect, it } from "@jest/globals";
import { matchEmail, ownerOf } from "../../../src/policy/emails.ts";
import { policy, principal } from "../../support/decisions.ts";

const alice = principal("alice", "human", ["Alice@example.org", "a@b@Example.ORG", "plain"]);
const people = policy({ principals: new Map([["alice", alice]]) });

describe("matchEmail", () => {
  it.each([
    ["Alice@example.org", "same"],
    ["Alice@EXAMPLE.org", "same"],
    ["a@b@example.org", "same"],
    ["plain", "same"],
    ["alice@example.org", "by-case"],
    ["a@B@example.org", "by-case"],
    ["PLAIN", "by-case"],
    ["Alice@example.org ", "other"],
    ["Alice@example.org.evil.net", "other"],
    ["xAlice@example.org", "other"],
    ["Alice+x@example.org", "other"],
    ["Alice@exampleXorg", "other"],
    ["", "other"],
  ])("%j is %s", (email, expected) => {
    expect(matchEmail(alice, email)).toBe(expected);
  });
});

describe("ownerOf", () => {
  it("finds whose it is by the same comparison", () => {
    expect(ownerOf(people, "Alice@Example.Org")?.id).toBe("alice");
    expect(ownerOf(people, "alice@example.org")).toBeNull();
  });
});
