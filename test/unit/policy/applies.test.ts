import { describe, expect, it } from "@jest/globals";
import { isEnforced, rulesFor } from "../../../src/policy/applies.ts";
import { judgingTime } from "../../../src/policy/clock.ts";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { decideTag } from "../../../src/policy/decide-tag.ts";
import {
  DAY,
  NOW,
  codesOf,
  commit,
  commitInput,
  glob,
  history,
  identity,
  newClock,
  policy,
  ref,
  rule,
  tag,
  tagInput,
  tagRule,
  under,
  unverified,
  verified,
} from "../../support/decisions.ts";

describe("rulesFor", () => {
  const names = (patterns: readonly string[], name: string) =>
    rulesFor(policy({ rules: patterns.map((p) => rule({ name: p, refs: [glob(p)] })) }), ref(name)).map((r) => r.name);

  it("gives every rule that names the ref, in the policy's order", () => {
    const patterns = ["refs/**", "refs/heads/main", "refs/heads/dev"];
    expect(names(patterns, "refs/heads/main")).toEqual(["refs/**", "refs/heads/main"]);
    expect(names(patterns, "refs/tags/v1")).toEqual(["refs/**"]);
  });

  it.each([
    ["refs/replace/0123", "refs/replace/**"],
    ["refs/signpolicy/approvals/alice", "refs/signpolicy/**"],
    ["refs/heads/HEAD", "refs/heads/HEAD"],
  ])("names %s only by a pattern that spells it out, as %s", (name, spelled) => {
    expect(names(["**", "refs/**", "refs/heads/**", spelled], name)).toEqual([spelled]);
  });
});

describe("isEnforced", () => {
  it.each([
    [{ level: "error", enforceFrom: null }, true],
    [{ level: "error", enforceFrom: NOW + 1 }, false],
    [{ level: "error", enforceFrom: NOW }, true],
    [{ level: "warn", enforceFrom: null }, false],
    [{ level: "warn", enforceFrom: NOW + 1 }, false],
    [{ level: "warn", enforceFrom: NOW }, true],
  ] as const)("%j at that time: %s", (clause, enforced) => {
    expect(isEnforced(clause, NOW)).toBe(enforced);
  });
});

describe("before `enforceFrom`, and at level warn, findings are warnings", () => {
  const unsigned = (at: number) => ({
    evidence: [unverified("unsigned")],
    commit: commit({ committer: identity("alice@example.org", at) }),
  });

  it("of what arrives by our clock, whatever date it claims", () => {
    const decide = (enforceFrom: number, at: number) =>
      decideCommit(commitInput({ ...unsigned(at), ...under({ enforceFrom }), clock: newClock }));
    expect(codesOf(decide(NOW + 1, NOW))).toEqual(["(unsigned)"]);
    expect(codesOf(decide(NOW, NOW - DAY))).toEqual(["unsigned"]);
    const warned = decideCommit(commitInput({ ...unsigned(NOW), ...under({ level: "warn" }) }));
    expect(warned).toMatchObject({ allow: true, exempt: false });
  });

  it("of history by the committer's date where unsigned, but never earlier than an ancestor", () => {
    const decide = (at: number, ancestor: number | null) =>
      decideCommit(commitInput({ ...unsigned(at), ...under({ enforceFrom: NOW - DAY }), clock: history(ancestor) }));
    expect(decide(NOW - 2 * DAY, null).allow).toBe(true);
    expect(decide(NOW - 2 * DAY, NOW - 3 * DAY).allow).toBe(true);
    expect(codesOf(decide(NOW - DAY, null))).toEqual(["unsigned"]);
    expect(codesOf(decide(NOW - 2 * DAY, NOW))).toEqual(["unsigned"]);
  });

  it("of history by a verified signature's own time", () => {
    const decide = (signedAt: number) =>
      decideCommit(
        commitInput({
          evidence: [verified("robot", { signedAt })],
          ...under({ enforceFrom: NOW - DAY, identity: "none" }),
          clock: history(),
        }),
      );
    expect(codesOf(decide(NOW - DAY - 1))).toEqual(["(signer-not-permitted)"]);
    expect(codesOf(decide(NOW - DAY))).toEqual(["signer-not-permitted"]);
  });

  it("never by the time that an unproven signature claims", () => {
    const forged = { ...unverified("bad-signature"), signedAt: NOW - 9 * DAY };
    const input = commitInput({ evidence: [forged], ...under({ enforceFrom: NOW - DAY }), clock: history() });
    expect(codesOf(decideCommit(input))).toEqual(["bad-signature"]);
  });

  it("of tags by the tagger's date, by our clock without one", () => {
    const decide = (at: number | null) =>
      decideTag(
        tagInput({
          tag: tag({ tagger: at === null ? null : identity("alice@example.org", at) }),
          evidence: [unverified("unsigned")],
          rules: [rule({ tags: tagRule({ enforceFrom: NOW - DAY }) })],
          clock: history(),
        }),
      );
    expect(codesOf(decide(NOW - 2 * DAY))).toEqual(["(unsigned-tag)"]);
    expect(codesOf(decide(NOW - DAY))).toEqual(["unsigned-tag"]);
    expect(codesOf(decide(null))).toEqual(["unsigned-tag"]);
  });

  it("judges each rule by its own level, and a warning beside the same error adds nothing", () => {
    const { applied: strict } = under({});
    const { applied: lenient } = under({ level: "warn" });
    const decision = decideCommit(
      commitInput({ evidence: [unverified("unsigned")], applied: [...lenient, ...strict] }),
    );
    expect(codesOf(decision)).toEqual(["unsigned"]);
  });
});

describe("judgingTime", () => {
  it("is ours for what arrives and the claim, bounded by the ancestors, for history", () => {
    expect(judgingTime(newClock, 5)).toBe(NOW);
    expect(judgingTime(history(), 5)).toBe(5);
    expect(judgingTime(history(1000), 5)).toBe(700);
    expect(judgingTime(history(1000), 800)).toBe(800);
  });
});
