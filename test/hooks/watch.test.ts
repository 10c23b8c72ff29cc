import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import {
  alice,
  BIN,
  bob,
  eve,
  mainRule,
  policyOf,
  principal,
  withServer,
  type PushServer,
} from "../support/push-server.ts";
import { ed25519Key } from "../support/ssh.ts";

const POLICY = ".signpolicy.json";
const DAY = 86_400;
const now = (): number => Math.floor(Date.now() / 1000);
const guarded = { ...mainRule, updates: { force: "deny" } };
const laptop = ed25519Key(Buffer.alloc(32, "laptop"));
const line = (key: typeof laptop): string => key.line.trim();
const fingerprint = (key: typeof laptop): string => parseSshPublicKey(line(key)).fingerprint;

interface Finding {
  readonly code: string;
  readonly oid?: string;
  readonly key?: string;
  readonly principal?: string;
  readonly ref?: string;
}
interface Told {
  readonly status: number | null;
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly principal: string | null;
}

function watch(server: PushServer, args: readonly string[] = []): Told {
  const run = server.clone.run(process.execPath, [BIN, "watch", "--format", "json", ...args]);
  const text = run.stdout.toString("utf8");
  if (text === "") return { status: run.status, text: run.stderr, findings: [], principal: null };
  return { status: run.status, text, ...(JSON.parse(text) as Pick<Told, "findings" | "principal">) };
}
const codes = ({ findings }: Told): readonly string[] => findings.map(({ code }) => code);
const of = (told: Told, code: string): readonly Finding[] => told.findings.filter((one) => one.code === code);

/** A policy on main, as the clone last fetched it. */
function started(server: PushServer, more: object = {}, date = now() - 100 * DAY): string {
  const first = server.commit(bob, {
    files: { [POLICY]: JSON.stringify(policyOf([guarded], { serial: 1, unmatched: "allow", ...more })) },
    date,
  });
  fetched(server, first);
  return first;
}
/** What a fetch would leave behind. */
function fetched(server: PushServer, oid: string): void {
  server.clone.updateRef("refs/remotes/origin/main", oid);
}

describe("watch", () => {
  it("tells nothing of an old history, and remembers what it verified", () =>
    withServer(null, (server) => {
      started(server);
      expect(codes(watch(server, ["--fail"]))).toEqual([]);
      expect(watch(server, ["--fail"]).status).toBe(0);
    }));

  it("tells commits by one's own key that were not made in this clone (foreign-commit)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const known = server.commit(alice, { parents: [first], date: now() - 90 * DAY });
      const own = server.commit(alice, { parents: [known] });
      server.clone.git(["update-ref", "--create-reflog", "-m", "commit: mine", "refs/heads/main", own]);
      const foreign = server.commit(alice, { parents: [own] });
      fetched(server, foreign);
      const told = watch(server, ["--fail"]);
      expect(told.principal).toBe("alice");
      expect(of(told, "foreign-commit")).toMatchObject([{ oid: foreign, principal: "alice" }]);
      expect(told.status).toBe(1);
      expect(watch(server).status).toBe(0);
      expect(of(watch(server, ["--since", foreign]), "foreign-commit")).toEqual([]);
      expect(of(watch(server, ["--principal", "bob"]), "foreign-commit")).toEqual([]);
    }));

  it("does not take a commit that was fetched for one's own, whatever branch came to stand on it (foreign-commit)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const foreign = server.commit(alice, { parents: [first] });
      const move = (oid: string, how: string): string =>
        server.clone.git(["update-ref", "--create-reflog", "-m", how, "refs/heads/main", oid]);
      move(first, "clone: from server");
      for (const how of ["pull: Fast-forward", "reset: moving to origin/main", "checkout: moving from x to main"]) {
        move(foreign, how);
        expect(of(watch(server), "foreign-commit")).toMatchObject([{ oid: foreign }]);
        move(first, "reset: moving to HEAD~1");
      }
      move(foreign, "commit: mine");
      expect(of(watch(server), "foreign-commit")).toEqual([]);
    }));

  it("tells a key first used, an identity with a new key, and a key after long silence", () =>
    withServer(null, (server) => {
      const keys = { alice: principal(alice, { keys: [{ ssh: line(alice.key) }, { ssh: line(laptop) }] }) };
      const first = started(server, { principals: { ...keys, bob: principal(bob) } });
      const one = server.commit(alice, { parents: [first] });
      const two = server.commit({ ...alice, key: laptop }, { parents: [one] });
      const three = server.commit(bob, { parents: [two] });
      fetched(server, three);
      const told = watch(server);
      expect(of(told, "key-first-used")).toMatchObject([{ oid: one, key: fingerprint(alice.key) }]);
      expect(of(told, "identity-new-key")).toMatchObject([{ oid: two, key: fingerprint(laptop) }]);
      expect(of(told, "key-after-silence")).toMatchObject([{ oid: three, principal: "bob" }]);
      expect(of(watch(server, ["--silence", "200d"]), "key-after-silence")).toEqual([]);
      // A stranger's key under a known e-mail is as new as any.
      const four = server.commit({ ...bob, key: eve.key }, { parents: [three] });
      server.clone.updateRef("refs/heads/odd", four);
      expect(of(watch(server), "identity-new-key")).toMatchObject([{ oid: two }, { oid: four, principal: "bob" }]);
    }));

  it("tells a signature dated before its parent, however old it says it is (dated-before-parent)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const second = server.commit(bob, { parents: [first] });
      const backdated = server.commit(bob, { parents: [second], date: now() - 400 * DAY });
      fetched(server, backdated);
      expect(of(watch(server), "dated-before-parent")).toMatchObject([{ oid: backdated, principal: "bob" }]);
      expect(of(watch(server, ["--since", backdated]), "dated-before-parent")).toEqual([]);
    }));

  it("tells keys and exemptions that end soon (key-lapses, exemption-lapses)", () =>
    withServer(null, (server) => {
      const soon = new Date((now() + 10 * DAY) * 1000).toISOString().replace(/\.\d+Z/, "Z");
      started(server, {
        principals: {
          alice: principal(alice, { keys: [{ ssh: line(alice.key), until: soon }] }),
          bob: principal(bob),
        },
        trust: { exempt: [{ commit: "1".repeat(40), reason: "old", until: soon }] },
      });
      expect(codes(watch(server))).toEqual(["key-lapses", "exemption-lapses"]);
      expect(of(watch(server), "key-lapses")).toMatchObject([{ principal: "alice", key: fingerprint(alice.key) }]);
      expect(codes(watch(server, ["--within", "5d"]))).toEqual([]);
    }));

  it("says of what is no repository, principal or length of time that it is none", () =>
    withServer(null, (server) => {
      started(server);
      expect(watch(server, ["--principal", "nobody"]).status).toBe(2);
      expect(watch(server, ["--silence", "long"]).status).toBe(2);
      expect(watch(server, ["--since", "nothing"]).status).toBe(2);
    }));
});

describe("what a clone remembers of a remote", () => {
  it("shows that it goes back, withholds or shows another history, until that is forgotten", () =>
    withServer(null, (server) => {
      const first = started(server);
      const second = server.commit(bob, { parents: [first], date: now() - 99 * DAY });
      fetched(server, second);
      expect(codes(watch(server))).toEqual([]);
      fetched(server, first);
      expect(of(watch(server), "remote-withholds")).toMatchObject([{ ref: "refs/heads/main", oid: first }]);
      const other = server.commit(bob, { parents: [first], date: now() - 98 * DAY, message: "other" });
      fetched(server, other);
      expect(of(watch(server), "remote-went-back")).toMatchObject([{ ref: "refs/heads/main", oid: other }]);
      expect(codes(watch(server, ["--forget", "origin"]))).toEqual([]);
      fetched(server, second);
      expect(codes(watch(server))).toEqual(["remote-went-back"]);
    }));

  it("is not moved on by what would be denied (remote-unverified)", () =>
    withServer(null, (server) => {
      const first = started(server);
      expect(codes(watch(server))).toEqual([]);
      const unsigned = server.commit(null, { parents: [first], date: now() - 99 * DAY });
      fetched(server, unsigned);
      expect(codes(watch(server))).toEqual(["remote-unverified"]);
      fetched(server, first);
      expect(codes(watch(server))).toEqual([]);
    }));

  it("shows a policy of a lower serial (policy-went-back)", () =>
    withServer(null, (server) => {
      const rules = [{ ...mainRule, updates: { force: "deny" } }];
      const policy = (serial: number): object => policyOf(rules, { serial, unmatched: "allow" });
      const first = started(server);
      const files = { [POLICY]: JSON.stringify(policy(2)) };
      const second = server.commit(bob, { parents: [first], files, date: now() - 99 * DAY });
      fetched(server, second);
      expect(codes(watch(server))).toEqual([]);
      fetched(server, first);
      expect(codes(watch(server))).toEqual(["remote-withholds", "policy-went-back"]);
    }));

  it("is said to be unreadable where somebody changed it, and begins anew (memory-unreadable)", () =>
    withServer(null, (server) => {
      started(server);
      watch(server);
      writeFileSync(
        join(server.clone.gitDir, "signpolicy", "watched.json"),
        '{"origin":{"refs":{"refs/heads/main":7}}}',
      );
      expect(codes(watch(server))).toEqual(["memory-unreadable"]);
      expect(codes(watch(server))).toEqual([]);
    }));
});
