/**
 * Attack: a rule is enforced since some day (`enforceFrom`), and a commit dated before it reaches the rule's ref by way of
 * another one that asks for less, or that took what stood there as its baseline. There some rule's judged tip reaches it,
 * so its keys are judged as history; if its enforcement were, too, the date that its maker chose would turn every
 * finding into a warning, and the value would then count as judged.
 * Stopped by: `enforceFrom` goes by our clock for whatever a push brings (policy/clock.ts); claimed dates count in audits.
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, policyOf, withServer } from "../support/push-server.ts";

const LONG_AGO = Math.floor(Date.UTC(2020, 0, 1) / 1000);
const enforced = {
  name: "main",
  refs: ["refs/heads/main"],
  commits: { signedBy: ["alice"], enforceFrom: "2024-01-01T00:00:00Z" },
};
const weaker = { name: "wip", refs: ["refs/heads/wip"], commits: { signedBy: ["devs"] } };

describe("a commit dated before a rule was enforced", () => {
  it("is not let in by way of a ref whose rule asks for less (signer-not-permitted)", () =>
    withServer(policyOf([enforced, weaker]), (server) => {
      const old = server.commit(bob, { date: LONG_AGO });
      expect(server.push([`${old}:refs/heads/wip`]).status).toBe(0);
      const result = server.push([`${old}:refs/heads/main`]);
      expect(result.text).toContain("signer-not-permitted");
      expect(server.value("refs/heads/main")).toBeNull();
      const onTop = server.commit(alice, { parents: [old] });
      expect(server.push([`${onTop}:refs/heads/main`]).text).toContain("signer-not-permitted");
    }));

  it("is not let in from what another rule took as its baseline (unsigned)", () =>
    withServer(policyOf([enforced, weaker]), (server) => {
      const old = server.commit(null, { date: LONG_AGO });
      server.server.git(["fetch", "-q", server.clone.dir, `${old}:refs/heads/wip`]);
      expect(server.push([`${old}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("passes where its signer may sign, and is only warned about in an audit by the date it claims", () =>
    withServer(policyOf([enforced, weaker]), (server) => {
      const good = server.commit(alice, { date: LONG_AGO });
      expect(server.push([`${good}:refs/heads/wip`, `${good}:refs/heads/main`]).status).toBe(0);
      const old = server.commit(bob, { date: LONG_AGO });
      server.server.git(["fetch", "-q", server.clone.dir, `${old}:refs/keep/old`]);
      const audit = server.verify(["--policy", `${server.server.root}/policy.json`, "--as", "main", old]);
      expect(audit.text).toContain("signer-not-permitted");
      expect(audit.status).toBe(0);
    }));
});
