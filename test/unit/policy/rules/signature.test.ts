import { describe, expect, it } from "@jest/globals";
import { decideCommit } from "../../../../src/policy/decide-commit.ts";
import { EVIDENCE_CODES, codesOf, commit, commitInput, unverified, verified } from "../../../support/decisions.ts";

describe("the signature of a commit", () => {
  it("allows a verified one", () => {
    const decision = decideCommit(commitInput());
    expect(decision).toMatchObject({ allow: true, exempt: false, principal: "alice", findings: [] });
    expect(decision.rules).toEqual(["protected"]);
  });

  it.each(EVIDENCE_CODES)("denies what is not verified with the code of its evidence (%s)", (code) => {
    const decision = decideCommit(commitInput({ evidence: [unverified(code, "alice")] }));
    expect(decision).toMatchObject({ allow: false, principal: null });
    expect(codesOf(decision)).toEqual([code]);
    expect(decision.findings[0]?.rule).toBe("protected");
  });

  it("denies what nobody produced evidence for (unsigned, malformed)", () => {
    expect(codesOf(decideCommit(commitInput({ evidence: [] })))).toEqual(["malformed"]);
    expect(codesOf(decideCommit(commitInput({ evidence: [], commit: commit({ signatures: [] }) })))).toEqual([
      "unsigned",
    ]);
  });

  it("denies two signatures on one commit even if the evidence speaks of one (multiple-signatures)", () => {
    const { signatures } = commit();
    const twice = commit({ signatures: [...signatures, ...signatures] });
    expect(codesOf(decideCommit(commitInput({ commit: twice })))).toEqual(["multiple-signatures"]);
  });

  it("does not let one signature lend its signer to another", () => {
    const evidence = [unverified("bad-signature"), verified("mallory")];
    expect(codesOf(decideCommit(commitInput({ evidence })))).toEqual(["signer-not-permitted", "identity-mismatch"]);
    expect(decideCommit(commitInput({ evidence: [unverified("bad-signature"), verified("alice")] })).allow).toBe(true);
  });

  it("says literally that a sign-off is no signature", () => {
    const signedOff = commit({ signatures: [], signedOff: true });
    const [finding] = decideCommit(commitInput({ commit: signedOff, evidence: [unverified("unsigned")] })).findings;
    expect(finding?.message).toContain("Signed-off-by (git commit -s) is a line of text");
    const plain = decideCommit(commitInput({ evidence: [unverified("unsigned")] })).findings[0];
    expect(plain?.message).toBe("this commit is not signed");
  });

  it("names the key, whose it was taken for, and whom to ask", () => {
    const [bad] = decideCommit(commitInput({ evidence: [unverified("bad-signature", "alice")] })).findings;
    expect(bad?.message).toContain("key SHA256:key of alice");
    const [unknown] = decideCommit(commitInput({ evidence: [unverified("unknown-key")] })).findings;
    expect(unknown?.message).toBe(
      "signed by key SHA256:key, which belongs to nobody in the policy; the committer is alice@example.org",
    );
    expect(unknown?.hint).toContain("or ask a maintainer (bob) to add key SHA256:key to the policy");
    expect(unknown?.hint).toContain("must land before this commit");
  });
});
