import type { Fix } from "../../../src/policy/fixes.ts";
import { always } from "../../../src/policy/membership.ts";
import { describe, expect, it } from "@jest/globals";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { decideRef } from "../../../src/policy/decide-ref.ts";
import { decideTag } from "../../../src/policy/decide-tag.ts";
import type { Decision } from "../../../src/model.ts";
import {
  EVIDENCE_CODES,
  NOW,
  commit,
  commitInput,
  edit,
  history,
  identity,
  policy,
  ref,
  refInput,
  rule,
  tag,
  tagInput,
  tagRule,
  under,
  unverified,
  verified,
} from "../../support/decisions.ts";

const evil = "x\x1b[31m\xff@evil";
const decisions: Decision[] = [
  ...EVIDENCE_CODES.map((code) => decideCommit(commitInput({ evidence: [unverified(code)] }))),
  ...EVIDENCE_CODES.map((code) => decideTag(tagInput({ evidence: [unverified(code)] }))),
  decideCommit(commitInput({ evidence: [verified("robot")] })),
  decideCommit(commitInput({ commit: commit({ committer: identity(evil) }) })),
  decideCommit(commitInput({ commit: commit({ committer: identity("Alice@example.org") }) })),
  decideCommit(commitInput({ commit: commit({ author: identity("bob@example.org") }) })),
  decideCommit(commitInput({ commit: commit({ committer: identity("", NOW + 999) }) })),
  decideCommit(commitInput({ evidence: [verified("robot")], policyEdit: edit(["a", "b", "c", "d", "e"]) })),
  decideCommit(commitInput({ policyEdit: edit([], ["its serial is gone; it must be 8"]) })),
  decideCommit(commitInput({ policyEdit: edit(["a"], [], 2) })),
  decideCommit(commitInput({ evidence: [verified("alice", { lapsed: "key-retired" })] })),
  decideCommit(commitInput({ evidence: [verified("alice", { lapsed: "key-retired" })], clock: history(NOW + 200) })),
  decideCommit(commitInput({ evidence: [], applied: [] })),
  decideCommit(commitInput({ ...under({ signedBy: always("abcdef") }) })),
  decideTag(tagInput({ ref: ref("refs/tags/v9") })),
  decideTag(tagInput({ ref: ref("refs/other/v1"), tag: tag({ tagger: null }) })),
  decideTag(tagInput({ targetProblem: { code: "tag-target", message: "the tag names a tree" } })),
  ...["refs/replace/x", "refs/signpolicy/x", "refs/heads/HEAD", "refs/x"].map((name) =>
    decideRef(refInput({ ref: ref(name), rules: [] })),
  ),
  decideRef(refInput({ fastForward: false, policyRef: true })),
  decideRef(refInput({ new: null, newKind: null, policyRef: true, rules: [], policy: policy({ unmatched: "allow" }) })),
  decideRef(refInput({ newKind: "tag" })),
  decideRef(refInput({ newKind: "blob" })),
  decideRef(refInput({ newKind: "missing", fastForward: null })),
  decideRef(refInput({ ref: ref("refs/tags/v1"), rules: [rule({ tags: tagRule() })] })),
];

describe("the sentences of findings", () => {
  const findings = decisions.flatMap((decision) => decision.findings);

  it.each(findings.map(({ code, message, hint }) => ({ code, message, hint: hint ?? "" })))(
    "$code: one lower-case line without a final period, and a hint: $message",
    ({ message, hint }) => {
      for (const sentence of [message, hint]) {
        expect(sentence).not.toBe("");
        expect(sentence).not.toMatch(/[\r\n]/);
        expect(sentence).not.toMatch(/\.$/);
        expect(sentence).not.toMatch(/undefined|null|\[object/);
        if (!message.includes(evil)) expect(sentence).toMatch(/^[\x20-\x7e]+$/);
      }
      expect(message.charAt(0)).toBe(message.charAt(0).toLowerCase());
    },
  );

  it("quote hostile bytes as they are, for the renderer to escape, and never in a command", () => {
    const hostile = findings.filter((finding) => finding.message.includes(evil));
    expect(hostile.length).toBeGreaterThan(0);
    for (const { hint } of hostile) expect(hint).not.toContain("\x1b");
  });

  it("list three principals and a number where there are many, and a maintainer to ask where no human is named", () => {
    const many = under({ signedBy: always(["robot", "bob", "carol", "dave", "erin"]) });
    const [finding] = decideCommit(commitInput(many)).findings;
    expect(finding?.message).toContain("takes only robot, bob, carol or 2 more");
    const machines = under({ signedBy: always(["robot"]) });
    expect(decideCommit(commitInput(machines)).findings[0]?.hint).toContain(
      "or ask a maintainer to let alice sign here",
    );
    const change = decideCommit(commitInput({ ...machines, policyEdit: edit(["p"], [], 1, []) })).findings.at(-1);
    expect(change?.hint).toContain("nobody may make this change");
  });

  it("say of an unknown key without a name and without an owner what can be said", () => {
    const nameless = { ...unverified("unknown-key"), issuer: null };
    const stranger = commit({ committer: identity("x@y.example") });
    const [finding] = decideCommit(commitInput({ evidence: [nameless], commit: stranger })).findings;
    expect(finding?.message).toContain("signed by a key that it does not name");
    expect(finding?.hint).toMatch(/^ask a maintainer \(alice or bob\) to add the key to the policy/);
    const [tagged] = decideTag(tagInput({ evidence: [nameless], tag: tag({ tagger: null }) })).findings;
    expect(tagged?.message).toBe("signed by a key that it does not name, which belongs to nobody in the policy");
    for (const suspect of [null, "alice"]) {
      const bad = { ...unverified("bad-signature", suspect), issuer: null };
      const [said] = decideCommit(commitInput({ evidence: [bad] })).findings;
      expect(said?.message.endsWith("(alice)")).toBe(suspect !== null);
    }
  });

  it("name what to sign with in place of an unknown key, where it was looked for", () => {
    const hint = (fix: Fix) =>
      decideCommit(commitInput({ evidence: [unverified("unknown-key")], fix })).findings[0]?.hint;
    const base = "b".repeat(12);
    expect(hint({ base })).toMatch(/^sign with a key that the policy has for alice: git rebase/);
    const newer = new Map<string, string>();
    expect(
      hint({ base, signWith: { principal: "alice", fingerprints: ["K1"], command: "git config x y", newer } }),
    ).toMatch(/^sign with alice's key K1: git config x y && git rebase -f -S b{12}; or /);
    expect(hint({ base, signWith: { principal: "alice", fingerprints: ["K1", "K2"], command: null, newer } })).toMatch(
      /^sign with alice's key K1 or K2 \(`signpolicy doctor` tells the setting\): git rebase/,
    );
    expect(hint({ base, signWith: { principal: "alice", fingerprints: [], command: null, newer } })).not.toContain(
      "sign with",
    );
  });

  it.each(["key-retired", "key-revoked"] as const)("send nobody to a successor that is not there (%s)", (code) => {
    const detail = "out of use";
    const lapsed = { ...verified("alice"), lapsed: { code, detail } };
    const newer = new Map<string, string>();
    const base = "b".repeat(12);
    const hints = (fix: Fix) =>
      [unverified(code), lapsed].map((one) => decideCommit(commitInput({ evidence: [one], fix })).findings[0]?.hint);
    const is = (pattern: RegExp): readonly unknown[] => [
      expect.stringMatching(pattern),
      expect.stringMatching(pattern),
    ];
    const unknown = is(
      /^sign with another key that the policy has, or have one added \(signpolicy join --new-key\): git/,
    );
    expect(hints({ base })).toEqual(unknown);
    expect(hints({ base, signWith: { principal: "alice", fingerprints: [], command: null, newer } })).toEqual(unknown);
    expect(
      hints({ base, signWith: { principal: "alice", fingerprints: ["K1"], command: "git config x y", newer } }),
    ).toEqual(is(/^sign with alice's key K1: git config x y && git rebase -f -S b{12}$/));
  });

  it("have the policy's copy renewed where a newer subkey of a key that it has signed (unknown-key)", () => {
    const evidence = [unverified("unknown-key")];
    const { issuer } = evidence[0] ?? {};
    const newer = new Map([[issuer ?? "", "K1"]]);
    const fix: Fix = { base: "b".repeat(12), signWith: { principal: "alice", fingerprints: [], command: null, newer } };
    const [finding] = decideCommit(commitInput({ evidence, fix })).findings;
    expect(finding?.message).toContain(`a subkey that the policy's copy of K1 does not have`);
    expect(finding?.hint).toMatch(/^have the policy's copy renewed, .*: signpolicy keys renew K1; /);
  });

  it("are the same for the same input", () => {
    expect(decideCommit(commitInput({ evidence: [verified("robot")] }))).toEqual(
      decideCommit(commitInput({ evidence: [verified("robot")] })),
    );
  });
});
