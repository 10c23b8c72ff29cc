import { describe, expect, it } from "@jest/globals";
import { SKEW } from "../../../../src/policy/clock.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import { decideTag } from "../../../../src/policy/decide-tag.ts";
import { SKEW as SIGNATURE_SKEW } from "../../../../src/signature/times.ts";
import {
  NOW,
  codesOf,
  commit,
  commitInput,
  history,
  identity,
  newClock,
  tag,
  tagInput,
  verified,
} from "../../../support/decisions.ts";

const committedAt = (at: number) => commit({ committer: identity("alice@example.org", at) });

describe.each([
  ["new objects", newClock],
  ["history", history()],
])("dates ahead of our clock, in %s", (_, clock) => {
  it("refuses a signature dated more than five minutes ahead (signature-in-future)", () => {
    const signedAt = (at: number) =>
      decideCommit(commitInput({ clock, evidence: [verified("alice", { signedAt: at })] }));
    expect(signedAt(NOW + SKEW).allow).toBe(true);
    expect(codesOf(signedAt(NOW + SKEW + 1))).toEqual(["signature-in-future"]);
  });

  it("refuses a committer date more than five minutes ahead (signature-in-future)", () => {
    expect(decideCommit(commitInput({ clock, commit: committedAt(NOW + SKEW) })).allow).toBe(true);
    const ahead = decideCommit(commitInput({ clock, commit: committedAt(NOW + SKEW + 1) }));
    expect(codesOf(ahead)).toEqual(["signature-in-future"]);
    expect(ahead.findings[0]?.message).toContain("the committer's date is 2027-01-15T08:05:01Z");
  });

  it("refuses a tagger's date ahead (signature-in-future)", () => {
    const taggedAt = (at: number) => tag({ tagger: identity("alice@example.org", at) });
    expect(decideTag(tagInput({ clock, tag: taggedAt(NOW + SKEW) })).allow).toBe(true);
    expect(codesOf(decideTag(tagInput({ clock, tag: taggedAt(NOW + SKEW + 1) })))).toEqual(["signature-in-future"]);
  });
});

it("the policy's skew is the one that signatures are verified with", () => {
  expect(SKEW).toBe(SIGNATURE_SKEW);
});
