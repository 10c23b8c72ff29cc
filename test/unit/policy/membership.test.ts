import { describe, expect, it } from "@jest/globals";
import { formatTime } from "../../../src/encoding/time.ts";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { always, isSameSelector, membersAt, membersFor } from "../../../src/policy/membership.ts";
import type { Selector, Term } from "../../../src/policy/policy.ts";
import {
  codesOf,
  commit,
  commitInput,
  commitRule,
  DAY,
  identity,
  NOW,
  rule,
  verified,
} from "../../support/decisions.ts";

const [BEGIN, END] = [NOW - 20 * DAY, NOW - 10 * DAY];
const left: Term = { from: BEGIN, until: END };
const dated = (...terms: Term[]): Selector => ({ names: new Set(["alice", "bob"]), dated: new Map([["bob", terms]]) });

describe("a dated membership", () => {
  it("holds from its `from` on, up to its `until` and not at it, and in any of several", () => {
    const at = (moment: number, ...terms: Term[]): boolean => membersAt(dated(...terms), moment).has("bob");
    expect([BEGIN - 1, BEGIN, END - 1, END].map((moment) => at(moment, left))).toEqual([false, true, true, false]);
    expect([0, END - 1, END].map((moment) => at(moment, { from: null, until: END }))).toEqual([true, true, false]);
    expect([BEGIN - 1, BEGIN].map((moment) => at(moment, { from: BEGIN, until: null }))).toEqual([false, true]);
    const back = { from: NOW, until: null };
    expect([END - 1, END, NOW].map((moment) => at(moment, left, back))).toEqual([true, false, true]);
    expect(membersAt(dated(left), NOW)).toEqual(new Set(["alice"]));
    expect(membersAt(dated(left), END - 1, NOW)).toEqual(new Set(["alice"]));
  });

  it("is asked for at the signature's time in history, and now as well of what arrives or is dated before its ancestors", () => {
    const counts = (signedAt: number | null, mode: "new" | "history", latestAncestor: number | null = null): boolean =>
      membersFor(dated(left), signedAt, { mode, now: NOW, latestAncestor }).has("bob");
    expect(counts(END - 1, "history")).toBe(true);
    expect(counts(END, "history")).toBe(false);
    expect(counts(END - 1, "history", END - 1)).toBe(true);
    expect(counts(END - 1, "history", END + 300)).toBe(false);
    expect(counts(END - 1, "new")).toBe(false);
    expect(counts(null, "history")).toBe(false);
    expect(
      membersFor(dated({ from: BEGIN, until: null }), NOW, { mode: "new", now: NOW, latestAncestor: null }),
    ).toEqual(new Set(["alice", "bob"]));
    expect(
      membersFor(dated({ from: BEGIN, until: null }), BEGIN - 1, { mode: "new", now: NOW, latestAncestor: null }),
    ).toEqual(new Set(["alice"]));
  });

  it("makes another selector of the same people", () => {
    expect(isSameSelector(always(["alice", "bob"]), always(["bob", "alice"]))).toBe(true);
    expect(isSameSelector(dated(left), dated(left))).toBe(true);
    expect(isSameSelector(dated(left), always(["alice", "bob"]))).toBe(false);
    expect(isSameSelector(dated(left), dated({ ...left, until: NOW }))).toBe(false);
    expect(isSameSelector(always(["alice"]), always(["alice", "bob"]))).toBe(false);
  });
});

describe("a commit by a member of a time", () => {
  const decide = (signedBy: Selector, signedAt: number, mode: "new" | "history", threshold: number | null = null) => {
    const who = identity("bob@example.org", signedAt);
    const commits = commitRule({ signedBy, side: signedBy, threshold, identity: "none" });
    const asking = { rule: rule({ commits }), place: "line" as const, approvers: new Set(["alice"]) };
    return decideCommit(
      commitInput({
        evidence: [verified("bob", { signedAt })],
        commit: commit({ committer: who, author: who }),
        applied: [asking],
        clock: { mode, now: NOW, latestAncestor: null },
      }),
    );
  };

  it("counts within it, and is told when it ended or begins (signer-not-permitted)", () => {
    expect(decide(dated(left), END - 1, "history").allow).toBe(true);
    const told = (signedBy: Selector, signedAt: number, mode: "new" | "history"): string => {
      const decision = decide(signedBy, signedAt, mode);
      expect(codesOf(decision)).toEqual(["signer-not-permitted"]);
      return decision.findings[0]?.message ?? "";
    };
    expect(told(dated(left), END, "history")).toContain(
      `takes only alice; bob was a member until ${formatTime(END)}, and this is dated ${formatTime(END)}`,
    );
    expect(told(dated(left), END - 1, "new")).toContain(
      `bob was a member until ${formatTime(END)}, and what is new, or dated before what it builds on, takes a member of today`,
    );
    expect(told(dated({ from: NOW, until: null }), NOW - DAY, "new")).toContain(
      `bob is a member from ${formatTime(NOW)} on, and this is dated ${formatTime(NOW - DAY)}`,
    );
    expect(told(dated(left, { from: NOW + DAY, until: null }), BEGIN - 1, "history")).toContain(
      `bob is a member from ${formatTime(BEGIN)} on`,
    );
  });

  it("is one of a threshold within it alone (threshold-unmet)", () => {
    expect(decide(dated(left), END - 1, "history", 2).allow).toBe(true);
    expect(codesOf(decide(dated(left), END, "history", 2))).toEqual(["threshold-unmet"]);
    expect(codesOf(decide(dated(left), END - 1, "new", 2))).toEqual(["threshold-unmet"]);
  });
});
