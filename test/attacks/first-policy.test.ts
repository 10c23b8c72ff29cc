/**
 * Attack: a new server that was told a trust root, and has nothing yet, is given another history than the one that root
 * authenticates, or a branch beside it by somebody whom that history has removed. The honest bring a history there in which
 * people joined, left and lost keys since.
 * Stopped by: the pushed history's own policy is believed only where all of it chains from the root (check/first-policy.ts);
 * then it binds every ref of the push.
 */
import { describe, expect, it, jest } from "@jest/globals";
import { alice, bob, carol, eve, keyed, POLICY, policyText } from "../support/authenticated.ts";
import { withServer, type PushServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const rights = { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 };
const at = (serial: number, people: readonly (typeof alice)[], principals: object = {}): string =>
  policyText({ people, principals, more: { serial, administration: rights } });
const policy = (text: string): { files: Record<string, string> } => ({ files: { [POLICY]: text } });
const DAY = 86_400;

/** bob joins, carol joins, signs and leaves, bob's key retires and he has another; the last commit is by him. */
function begin(server: PushServer, middle: typeof alice | null = bob): { root: string; left: string; tip: string } {
  const start = Math.floor(Date.now() / 1000) - 10 * DAY;
  let days = 0;
  const date = (): number => start + (days += 1) * DAY;
  const root = server.commit(alice, { ...policy(at(1, [alice])), date: date() });
  server.server.config("signpolicy.trustRoot", root);
  const joined = server.commit(alice, { parents: [root], ...policy(at(2, [alice, bob, carol])), date: date() });
  const byBob = server.commit(middle, { parents: [joined], files: { b: "1" }, date: date() });
  const left = server.commit(carol, { parents: [byBob], files: { c: "1" }, date: date() });
  const retired = new Date((start + (days + 1) * DAY) * 1000).toISOString().replace(/\.\d+/, "");
  const old = keyed(bob, { ssh: bob.key.line.trim(), retired }, { ssh: eve.key.line.trim() });
  const gone = server.commit(alice, { parents: [left], ...policy(at(3, [alice], old)), date: date() });
  const tip = server.commit({ ...bob, key: eve.key }, { parents: [gone], files: { b: "2" }, date: date() });
  return { root, left, tip };
}

describe("a branch that takes its first policy", () => {
  it("takes a whole history that chains from the trust root, and goes on by the policy at its end (unknown-key)", () =>
    withServer(null, (server) => {
      const { tip } = begin(server);
      const pushed = server.push([`${tip}:refs/heads/main`]);
      expect(pushed.text).toContain("takes its first policy from");
      expect(server.value("refs/heads/main")).toBe(tip);
      const now = Math.floor(Date.now() / 1000);
      const late = server.commit(carol, { parents: [tip], files: { c: "2" }, date: now });
      expect(server.push([`${late}:refs/heads/main`]).text).toContain("unknown-key");
      const retired = server.commit(bob, { parents: [tip], files: { b: "3" }, date: now });
      expect(server.push([`${retired}:refs/heads/main`]).text).toContain("key-retired");
      const next = server.commit(alice, { parents: [tip], files: { a: "3" }, date: now });
      expect(server.push([`${next}:refs/heads/main`, `${tip}:refs/heads/topic`]).status).toBe(0);
    }));

  it("takes none of it where one commit on the way is not authenticated (unsigned, unknown-key)", async () => {
    for (const [who, code] of [
      [null, "unsigned"],
      [eve, "unknown-key"],
    ] as const) {
      await withServer(null, (server) => {
        const { tip } = begin(server, who);
        expect(server.push([`${tip}:refs/heads/main`]).text).toContain(code);
        expect(server.value("refs/heads/main")).toBe(null);
      });
    }
  });

  it("takes no policy that somebody without the right made on the way (policy-change)", () =>
    withServer(null, (server) => {
      const { tip } = begin(server);
      const grabbed = server.commit({ ...bob, key: eve.key }, { parents: [tip], ...policy(at(4, [alice, bob, eve])) });
      expect(server.push([`${grabbed}:refs/heads/main`]).text).toContain("policy-change");
      expect(server.push([`${tip}:refs/heads/main`]).status).toBe(0);
    }));

  it("takes nothing beside it by whom that history removed (unknown-key)", () =>
    withServer(null, (server) => {
      const { left, tip } = begin(server);
      const fork = server.commit(carol, { parents: [left], files: { c: "3" } });
      const pushed = server.push([`${tip}:refs/heads/main`, `${fork}:refs/heads/carol`]);
      expect(pushed.text).toContain("unknown-key");
      expect(server.value("refs/heads/main")).toBe(null);
      expect(server.push([`${tip}:refs/heads/main`, `${left}:refs/heads/old`]).status).toBe(0);
    }));
});
