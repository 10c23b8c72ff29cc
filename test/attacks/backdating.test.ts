/**
 * Attack rules 30 and 47: signature times and committer dates are the signer's choice, so whoever holds an expired,
 * retired or stolen key can date a signature into its good days; SSH signatures hold no time at all and git offers the
 * committer date. What must stop it: what arrives is judged by our clock as well, and what is history may not be dated
 * before what it builds on. The same trick against `enforceFrom`: an unsigned commit dated before enforcement began.
 */
import { describe, expect, it } from "@jest/globals";
import { SKEW } from "../../src/policy/clock.ts";
import { decideCommit } from "../../src/policy/decide-commit.ts";
import type { CommitInput } from "../../src/policy/decide-commit.ts";
import { decideTag } from "../../src/policy/decide-tag.ts";
import type { TagInput } from "../../src/policy/decide-tag.ts";
import { judgeWindow } from "../../src/signature/times.ts";
import {
  DAY,
  NOW,
  codesOf,
  commit,
  commitInput,
  history,
  identity,
  newClock,
  tag,
  tagInput,
  under,
  unverified,
  verified,
} from "../support/decisions.ts";

const RETIRED = NOW - 100 * DAY;
/** What signature/ says of an SSH commit dated `at`, by a key that the policy retired a hundred days ago. */
function byRetiredKey(at: number): Partial<CommitInput> {
  const { refuted, lapsed } = judgeWindow({ retired: RETIRED }, at, { now: NOW, claimed: at, receivedAt: null });
  const evidence =
    refuted === null
      ? verified("alice", { signedAt: at, ...(lapsed === null ? {} : { lapsed: lapsed.code }) })
      : { ...unverified(refuted.code, "alice"), signedAt: at };
  return { evidence: [evidence], commit: commit({ committer: identity("alice@example.org", at) }) };
}
const honest = RETIRED - 50 * DAY;

describe("a signature dated into the good days of its key (rules 30, 47)", () => {
  it("refuses it on what arrives, however well it is dated (key-retired)", () => {
    expect(codesOf(decideCommit(commitInput({ ...byRetiredKey(honest), clock: newClock })))).toEqual(["key-retired"]);
  });

  it("refuses it in history where it builds on newer commits (key-retired)", () => {
    const forged = { ...byRetiredKey(honest), clock: history(RETIRED + DAY) };
    const decision = decideCommit(commitInput(forged));
    expect(codesOf(decision)).toEqual(["key-retired"]);
    expect(decision.findings[0]?.message).toContain("claims to be older");
  });

  it("lets the honest commits of that time stand", () => {
    expect(decideCommit(commitInput({ ...byRetiredKey(honest), clock: history(honest - DAY) })).allow).toBe(true);
    expect(decideCommit(commitInput({ ...byRetiredKey(honest), clock: history(honest + SKEW) })).allow).toBe(true);
  });

  it("refuses the key's own date after it was retired (key-retired)", () => {
    expect(codesOf(decideCommit(commitInput({ ...byRetiredKey(RETIRED), clock: history(null) })))).toEqual([
      "key-retired",
    ]);
  });

  it("refuses a date ahead of us, which would outlive the key (signature-in-future)", () => {
    const ahead = { evidence: [verified("alice", { signedAt: NOW + DAY })] };
    for (const clock of [newClock, history()]) {
      expect(codesOf(decideCommit(commitInput({ ...ahead, clock })))).toEqual(["signature-in-future"]);
    }
  });
});

describe("a tag dated into the good days of its key (rule 30)", () => {
  const lapsed = { evidence: [verified("alice", { signedAt: honest, lapsed: "key-retired" as const })] };
  const dated = tag({ tagger: identity("alice@example.org", honest) });
  const judge = (clock: TagInput["clock"]) => decideTag(tagInput({ ...lapsed, tag: dated, clock }));

  it("is refused where it arrives, and in history where it is older than what it names (key-retired)", () => {
    expect(codesOf(judge(newClock))).toEqual(["key-retired"]);
    expect(codesOf(judge(history(RETIRED + DAY)))).toEqual(["key-retired"]);
    expect(judge(history(honest - DAY)).allow).toBe(true);
  });
});

describe("a commit dated before enforcement began", () => {
  const enforceFrom = NOW - 10 * DAY;
  const unsigned = (at: number) => ({
    evidence: [unverified("unsigned")],
    commit: commit({ signatures: [], committer: identity("alice@example.org", at) }),
    ...under({ enforceFrom }),
  });

  it("is refused where it arrives now (unsigned)", () => {
    expect(codesOf(decideCommit(commitInput({ ...unsigned(enforceFrom - DAY), clock: newClock })))).toEqual([
      "unsigned",
    ]);
  });

  it("is refused in history on top of commits that came after (unsigned)", () => {
    const on = (ancestor: number) =>
      codesOf(decideCommit(commitInput({ ...unsigned(enforceFrom - DAY), clock: history(ancestor) })));
    expect(on(enforceFrom + SKEW)).toEqual(["unsigned"]);
    expect(on(enforceFrom + SKEW - 1)).toEqual(["(unsigned)"]);
  });
});
