/**
 * Attack: whose membership of a group ended goes on with what it let him do, or dates it into his time there.
 * Stopped by: terms asked for at the signature's time and, of what arrives or is dated before what it builds on, today
 * (policy/membership.ts), the same for rights over the policy (check/policy-edits.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import { alice, bob, carol, POLICY, policyText, withHistory } from "../support/authenticated.ts";
import { mainRule, policyOf, withServer, type Person, type PushServer } from "../support/push-server.ts";

jest.setTimeout(120_000);

const HOUR = 3600;
const now = (): number => Math.floor(Date.now() / 1000);
const time = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z/, "Z");
const until = (seconds: number): object => ({ principal: "bob", until: time(seconds) });
const from = (seconds: number): object => ({ principal: "bob", from: time(seconds) });
const devs = (...members: (string | object)[]): object => ({ groups: { devs: members } });

function push(server: PushServer, oid: string, ref = "refs/heads/main"): string {
  const { status, text } = server.push([`+${oid}:${ref}`]);
  return status === 0 ? "landed" : text.replace(/\s*\nremote:(?: error:)?\s*/g, " ");
}

describe("a member whose term ended", () => {
  it("signs nothing new, whatever its date, and what he signed before stands (signer-not-permitted)", () =>
    withServer(policyOf([mainRule], devs("alice", until(now() + HOUR))), (server) => {
      const first = server.commit(bob, { date: now() - 2 * HOUR });
      expect(push(server, first)).toBe("landed");
      server.setPolicy(policyOf([mainRule], devs("alice", until(now() - HOUR))));
      const next = (date: number): string => server.commit(bob, { parents: [first], date });
      const refused = push(server, next(now()));
      expect(refused).toContain("signer-not-permitted");
      expect(refused).toContain("bob was a member until");
      expect(push(server, next(now() - HOUR - 60))).toContain("signer-not-permitted");
      expect(push(server, server.commit(alice, { parents: [first] }))).toBe("landed");
      expect(server.verify(["main"])).toMatchObject({ status: 0 });
    }));

  it("counts in history at its date, and not dated before what it builds on (signer-not-permitted)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const [early, late] = [now() - 3 * HOUR, now() - HOUR];
      const one = server.commit(bob, { date: early });
      const two = server.commit(alice, { parents: [one], date: late });
      const three = server.commit(bob, { parents: [two], date: early });
      for (const oid of [two, three]) expect(push(server, oid)).toBe("landed");
      server.setPolicy(policyOf([mainRule], devs("alice", until(now() - 2 * HOUR))));
      const { decisions } = JSON.parse(server.verify(["--format", "json", "main"]).text) as {
        decisions: { allow: boolean; findings: { code: string }[] }[];
      };
      expect(decisions.map(({ allow }) => allow)).toEqual([true, true, false]);
      expect(decisions[2]?.findings[0]?.code).toBe("signer-not-permitted");
    }));

  it("signs no tag and no push that asks for a member (signer-not-permitted)", () =>
    withServer(null, (server) => {
      const tags = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };
      const rules = [{ ...mainRule, commits: { signedBy: ["*"] } }, tags];
      server.setPolicy(policyOf(rules, devs("alice", until(now() - HOUR))));
      const commit = server.commit(bob);
      expect(push(server, commit)).toBe("landed");
      expect(push(server, server.tag(bob, "v1", commit), "refs/tags/v1")).toContain("signer-not-permitted");
      expect(push(server, server.tag(alice, "v1", commit), "refs/tags/v1")).toBe("landed");
    }));
});

describe("a member whose term has not begun", () => {
  it("signs nothing, and from then on what is dated from then on (signer-not-permitted)", () =>
    withServer(policyOf([mainRule], devs("alice", from(now() + HOUR))), (server) => {
      expect(push(server, server.commit(bob))).toContain("bob is a member from");
      server.setPolicy(policyOf([mainRule], devs("alice", from(now() - HOUR))));
      expect(push(server, server.commit(bob, { date: now() - 2 * HOUR }))).toContain("signer-not-permitted");
      expect(push(server, server.commit(bob))).toBe("landed");
    }));

  it("counts where another member of the selector stands for him at any time", () =>
    withServer(policyOf([mainRule], devs("alice", from(now() + HOUR))), (server) => {
      const rule = { ...mainRule, commits: { signedBy: ["devs", "bob"] } };
      server.setPolicy(policyOf([rule], devs("alice", from(now() + HOUR))));
      expect(push(server, server.commit(bob))).toBe("landed");
    }));
});

describe("rights over the policy", () => {
  const policy = (members: readonly (string | object)[], more: object = {}): string =>
    JSON.stringify({
      ...policyOf([{ ...mainRule, commits: { signedBy: ["*"] } }]),
      groups: { devs: members },
      administration: { rules: ["devs"], principals: ["devs"], keys: ["devs"], exempt: ["devs"] },
      ...more,
    });

  it("end with the term that gave them, and nobody dates a change back into it (policy-change)", () =>
    withServer(null, (server) => {
      const onto = (who: Person, files: Record<string, string>, date = now()): string => {
        const parent = server.value("refs/heads/main");
        return push(server, server.commit(who, { parents: parent === null ? [] : [parent], files, date }));
      };
      const ended = ["alice", until(now() - HOUR)];
      server.hooks(false);
      expect(onto(alice, { [POLICY]: policy(ended) }, now() - 3 * HOUR)).toBe("landed");
      server.hooks(true);
      const change = { [POLICY]: policy(ended, { unmatched: "allow" }) };
      expect(onto(bob, change)).toContain("policy-change");
      expect(onto(bob, change, now() - 2 * HOUR)).toContain("policy-change");
      expect(onto(alice, change)).toBe("landed");
    }));

  it("were his in the time of the change, from a trust root and in an audit (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ people: [alice, bob, carol] }));
      const { committed } = { committed: Number(history.repo.git(["show", "-s", "--format=%ct", root])) };
      const text = (end: number, more: object = {}): string =>
        policyText({
          people: [alice, bob, carol],
          more: {
            groups: { devs: ["alice", until(end)] },
            administration: { rules: ["devs"], principals: ["devs"], keys: ["devs"], exempt: ["devs"] },
            ...more,
          },
        });
      const by = (end: number): string => {
        const begin = history.change(alice, [root], text(end));
        return history.change(bob, [begin], text(end, { unmatched: "allow" }));
      };
      const good = by(committed + 100 * HOUR);
      expect((await history.verify(root, [good])).allowed).toBe(true);
      expect((await history.verify(root, [by(committed + 1)])).codes).toEqual(["policy-change"]);
      history.repo.updateRef("refs/heads/main", good);
      history.repo.git(["symbolic-ref", "HEAD", "refs/heads/main"]);
      const before = history.repo.git(["rev-parse", `${good}^`]);
      const audit = await history.verify(undefined, [`${before}..${good}`], {
        configuredRoot: false,
        policyRef: "refs/heads/main",
      });
      expect(audit.messages).toEqual([]);
    }));

  it("need a holder who is one when the policy is changed: nobody leaves it to one whose term ended (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText());
      const left = policyText({
        more: {
          groups: { devs: [{ principal: "bob", until: "2020-01-01T00:00:00Z" }] },
          administration: { rules: ["devs"], principals: ["devs"], keys: ["devs"], exempt: ["devs"] },
        },
      });
      expect((await history.verify(root, [history.change(alice, [root], left)])).codes).toEqual(["policy-change"]);
    }));
});
