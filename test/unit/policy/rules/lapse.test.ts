import { describe, expect, it } from "@jest/globals";
import { SKEW } from "../../../../src/policy/clock.ts";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import { DAY, NOW, codesOf, commitInput, history, newClock, verified } from "../../../support/decisions.ts";

const THEN = NOW - 400 * DAY;
const lapsed = (signedAt: number | null = THEN) => [verified("alice", { signedAt, lapsed: "key-expired" })];

describe("a key that was good when it signed and is not today", () => {
  it("still stands in history", () => {
    expect(decideCommit(commitInput({ evidence: lapsed(), clock: history(THEN - DAY) })).allow).toBe(true);
    expect(decideCommit(commitInput({ evidence: lapsed(), clock: history(null) })).allow).toBe(true);
  });

  it("does not stand on what arrives now (its own code)", () => {
    const decision = decideCommit(commitInput({ evidence: lapsed(), clock: newClock }));
    expect(codesOf(decision)).toEqual(["key-expired"]);
    expect(decision.principal).toBe("alice");
    expect(decision.findings[0]?.message).toContain("alice with key SHA256:alice");
  });

  it("does not stand in history where it is dated before an ancestor, skew aside", () => {
    const on = (ancestor: number) => decideCommit(commitInput({ evidence: lapsed(), clock: history(ancestor) }));
    expect(on(THEN + SKEW).allow).toBe(true);
    expect(codesOf(on(THEN + SKEW + 1))).toEqual(["key-expired"]);
  });

  it("does not stand in history where it has no date to compare", () => {
    expect(codesOf(decideCommit(commitInput({ evidence: lapsed(null), clock: history(THEN) })))).toEqual([
      "key-expired",
    ]);
  });

  it("asks nothing of the dates of a key that is good today", () => {
    const old = [verified("alice", { signedAt: THEN })];
    expect(decideCommit(commitInput({ evidence: old, clock: history(NOW - DAY) })).allow).toBe(true);
  });
});
