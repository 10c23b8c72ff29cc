import { beforeAll, describe, expect, it } from "@jest/globals";
import { rulesFor } from "../../../src/policy/applies.ts";
import { decideCommit } from "../../../src/policy/decide-commit.ts";
import { decideRef } from "../../../src/policy/decide-ref.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import {
  codesOf,
  commit,
  commitInput,
  exemption,
  identity,
  oid,
  ref,
  refInput,
  unverified,
  verified,
} from "../../support/decisions.ts";

// What the parser makes is what decisions take: names, bytes and defaults mean the same on both sides.
const FILE = `
version: 1
principals:
  kate: { emails: ["käte@Example.org"], keys: [{ ssh: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8bRuWkQTU7YV2vKXbRJnVlOYDsxRWLUxZT9aX1Yq3f }] }
  web: { role: forge, emails: [noreply@github.com], keys: [{ openpgp: keys/web.asc }] }
rules:
  - name: "zweige für alle"
    refs: ["refs/**"]
    commits: { signedBy: ["*"] }
    updates: { force: deny }
trust:
  exempt: [{ commit: ${"c".repeat(40)}, reason: "früher" }]
`;

describe("a policy as the parser reads it", () => {
  let policy: Policy;
  beforeAll(async () => {
    policy = await parsePolicy(new TextEncoder().encode(FILE), "p.yaml");
  });
  const decide = (by: string, email: string, name = "refs/heads/x") =>
    decideCommit(
      commitInput({
        policy,
        ref: ref(name),
        applied: rulesFor(policy, ref(name)).map((rule) => ({ rule, place: "line" as const })),
        evidence: [verified(by)],
        commit: commit({ committer: identity(email), author: identity(email) }),
      }),
    );

  it("compares e-mails as UTF-8 bytes, but for ASCII case in the domain", () => {
    expect(decide("kate", "k\xc3\xa4te@EXAMPLE.org").allow).toBe(true);
    expect(codesOf(decide("kate", "k\xe4te@example.org"))).toEqual(["identity-mismatch"]);
    const [finding] = decide("kate", "kate@example.org").findings;
    expect(finding?.message).toContain("kate with key SHA256:kate (k\xc3\xa4te@Example.org)");
  });

  it("keeps forges out of `*`, and quotes a rule's name as bytes", () => {
    const decision = decide("web", "noreply@github.com");
    expect(codesOf(decision)).toEqual(["signer-not-permitted"]);
    expect(decision.findings[0]?.message).toContain('rule "zweige f\xc3\xbcr alle" takes only kate');
    expect(decision.rules).toEqual(["zweige für alle"]);
  });

  it("names reserved refs by no wildcard (replaced-object, ref-unmatched)", () => {
    const at = (name: string) => decideRef(refInput({ policy, ref: ref(name), rules: rulesFor(policy, ref(name)) }));
    expect(codesOf(at("refs/replace/1"))).toEqual(["replaced-object", "ref-unmatched"]);
    expect(codesOf(at("refs/heads/HEAD"))).toEqual(["ref-unmatched"]);
    expect(at("refs/heads/x").allow).toBe(true);
  });

  it("denies deletions where force is denied (ref-deletion)", () => {
    const rules = rulesFor(policy, ref("refs/heads/x"));
    const gone = refInput({ policy, ref: ref("refs/heads/x"), new: null, newKind: null, rules });
    expect(codesOf(decideRef(gone))).toEqual(["ref-deletion"]);
  });

  it("forgives `unsigned` and `unknown-key` where an exemption lists no codes", () => {
    const { exempt } = policy;
    expect(exempt).toEqual([exemption(["unsigned", "unknown-key"], { commit: oid("c"), reason: "früher" })]);
    const on = (code: "unsigned" | "key-revoked") => {
      const applied = rulesFor(policy, ref("refs/heads/x")).map((rule) => ({ rule, place: "line" as const }));
      return decideCommit(commitInput({ policy, applied, evidence: [unverified(code)], exemptions: exempt }));
    };
    expect(on("unsigned").findings[0]?.message).toContain("(exempt: fr\xc3\xbcher)");
    expect(on("unsigned").exempt).toBe(true);
    expect(on("key-revoked").allow).toBe(false);
  });
});
