import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { approval } from "../support/approvals.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import type { RefName } from "../../src/model.ts";
import {
  alice,
  BIN,
  bob,
  eve,
  mainRule,
  person,
  policyOf,
  principal,
  withServer,
  type PushServer,
} from "../support/push-server.ts";

const POLICY = ".signpolicy.json";
const fingerprint = (who: typeof alice): string => parseSshPublicKey(who.key.line.trim()).fingerprint;
const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString().replace(/\.\d+Z/, "Z");

interface Told {
  commits: { oid: string; refs: string[]; falls: boolean }[];
  tags: { oid: string; refs: string[]; falls: boolean }[];
  approvals: { refs: string[]; deed: string }[];
  policyChanges: { oid: string; changes: string[] }[];
  broughtIn: { principal: string; fingerprint: string; falls: boolean }[];
  alsoFall: {
    kind: string;
    oid: string;
    by: { fingerprint: string; principal: string } | null;
    refs: string[];
    falls: boolean;
  }[];
  otherKeys: { fingerprint: string; falls: boolean }[];
  summary: { commits: { signed: number; fall: number }; alsoFall: { commits: number; tags: number } };
}

function run(server: PushServer, args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, ...args]);
  return { status, text: `${stdout.toString("latin1")}${stderr}` };
}
const blast = (server: PushServer, who: typeof alice, args: readonly string[] = []): Told =>
  JSON.parse(run(server, ["keys", "blast", fingerprint(who), "--format", "json", ...args]).text) as Told;
const push = (server: PushServer, refspec: string): void => {
  const { status, text } = server.push([refspec]);
  expect(status === 0 ? "landed" : text).toBe("landed");
};

const tagRule = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };

describe("keys blast", () => {
  it("tells every commit and tag of a key with its refs, and what would fall, of the others nothing", () =>
    withServer(policyOf([mainRule, tagRule], { unmatched: "allow" }), (server) => {
      const first = server.commit(alice);
      const second = server.commit(bob, { parents: [first] });
      push(server, `${second}:refs/heads/main`);
      const aside = server.commit(alice, { parents: [first] });
      push(server, `${aside}:refs/heads/free`);
      const tag = server.tag(alice, "v1", second);
      push(server, `${tag}:refs/tags/v1`);
      const told = blast(server, alice);
      expect(told.commits).toHaveLength(2);
      expect(told.commits).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            oid: first,
            refs: ["refs/heads/free", "refs/heads/main", "refs/tags/v1"],
            falls: true,
          }),
          // No rule asks anything of that branch.
          expect.objectContaining({ oid: aside, refs: ["refs/heads/free"], falls: false }),
        ]),
      );
      expect(told.tags).toMatchObject([{ oid: tag, refs: ["refs/tags/v1"], falls: true }]);
      expect(blast(server, bob).commits.map(({ oid }) => oid)).toEqual([second]);
      const { status, text } = run(server, ["keys", "blast", fingerprint(alice)]);
      expect(status).toBe(0);
      expect(text).toContain("compromised from the beginning, 1 of 2 commits and 1 of 1 tag would be denied");
    }));

  it("lets stand what the record shows received before the time asked for, and what the policy exempts", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      push(server, `${first}:refs/heads/main`);
      expect(blast(server, alice, ["--at", minutes(1)]).summary.commits).toEqual({ signed: 1, fall: 0 });
      expect(blast(server, alice, ["--at", minutes(-30)]).summary.commits).toEqual({ signed: 1, fall: 1 });
      expect(blast(server, alice, ["--since", minutes(-30)]).summary.commits).toEqual({ signed: 1, fall: 1 });
      server.setPolicy(
        policyOf([mainRule], {
          principals: {
            alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), compromised: true }] }),
            bob: principal(bob),
          },
          trust: { exempt: [{ key: fingerprint(alice), reachableFrom: first, reason: "looked at" }] },
        }),
      );
      expect(blast(server, alice).summary.commits).toEqual({ signed: 1, fall: 0 });
    }));

  it("tells what a key changed of the policy, the keys it brought in that are there still, and its approvals", () =>
    withServer(null, (server) => {
      const carol = person("carol");
      const rules = [mainRule, { name: "a", refs: ["refs/signpolicy/approvals/*"], commits: { signedBy: ["devs"] } }];
      const policy = (principals: object): string =>
        JSON.stringify(
          policyOf(rules, { principals: { alice: principal(alice), bob: principal(bob), ...principals } }),
        );
      server.hooks(false);
      const first = server.commit(bob, { files: { [POLICY]: policy({}) } });
      push(server, `${first}:refs/heads/main`);
      server.hooks(true);
      const files = { [POLICY]: policy({ carol: principal(carol), eve: principal(eve) }) };
      const second = server.commit(alice, { parents: [first], files });
      const third = server.commit(bob, {
        parents: [second],
        files: { [POLICY]: policy({ carol: principal(carol) }) },
      });
      push(server, `${third}:refs/heads/main`);
      const next = server.commit(bob, { parents: [third] });
      expect(server.push([approval(server, alice, [next])])).toMatchObject({ status: 0 });
      const told = blast(server, alice);
      expect(told.policyChanges).toMatchObject([{ oid: second }]);
      expect(told.policyChanges[0]?.changes).toContain("principals.carol adds human carol");
      expect(told.broughtIn).toEqual([{ principal: "carol", fingerprint: fingerprint(carol), falls: true }]);
      expect(told.approvals).toMatchObject([{ deed: "approve", refs: ["refs/signpolicy/approvals/alice"] }]);
      // The first policy was his.
      expect(blast(server, bob)).toMatchObject({ broughtIn: [{ principal: "alice", falls: false }], approvals: [] });
    }));

  it("tells what falls though others signed it: by a key that it brought in, and for its approval", () =>
    withServer(null, (server) => {
      const carol = person("carol");
      const second = { ...alice, key: person("alice at home").key };
      const rules = [
        { ...mainRule, commits: { signedBy: ["*"] } },
        { ...tagRule, tags: { signedBy: ["*"] } },
        { name: "a", refs: ["refs/signpolicy/approvals/*"], commits: { signedBy: ["*"] } },
        {
          name: "two",
          refs: ["refs/heads/two"],
          commits: { signedBy: ["alice", "bob"], side: ["*"], threshold: 2, base: ["refs/heads/main"] },
        },
      ];
      const twice = principal(alice, { keys: [{ ssh: alice.key.line.trim() }, { ssh: second.key.line.trim() }] });
      const policy = (principals: object): string =>
        JSON.stringify(policyOf(rules, { principals: { alice: twice, bob: principal(bob), ...principals } }));
      server.hooks(false);
      const first = server.commit(bob, { files: { [POLICY]: policy({}) } });
      push(server, `${first}:refs/heads/main`);
      server.hooks(true);
      const brings = server.commit(alice, {
        parents: [first],
        files: { [POLICY]: policy({ carol: principal(carol) }) },
      });
      push(server, `${brings}:refs/heads/main`);
      const hers = server.commit(carol, { parents: [brings] });
      const his = server.commit(bob, { parents: [hers] });
      push(server, `${his}:refs/heads/main`);
      const tag = server.tag(carol, "v1", his);
      push(server, `${tag}:refs/tags/v1`);
      const approved = server.commit(bob, { parents: [his] });
      push(server, approval(server, alice, [approved], { ref: "refs/heads/two" as RefName }));
      push(server, `${approved}:refs/heads/two`);
      const told = blast(server, alice);
      const hersAlone = { fingerprint: fingerprint(carol), principal: "carol" };
      const onMain = ["refs/heads/main", "refs/heads/two", "refs/tags/v1"];
      expect(told.alsoFall).toMatchObject([
        { kind: "commit", oid: hers, by: hersAlone, refs: onMain, falls: true },
        { kind: "commit", oid: approved, by: { principal: "bob" }, refs: ["refs/heads/two"], falls: true },
        { kind: "tag", oid: tag, by: hersAlone, refs: ["refs/tags/v1"], falls: true },
      ]);
      expect(told.otherKeys).toEqual([{ fingerprint: fingerprint(second), format: "ssh", falls: false }]);
      expect(told.summary.alsoFall).toEqual({ commits: 2, tags: 1 });
      const { text } = run(server, ["keys", "blast", fingerprint(alice)]);
      expect(text).toContain(`by ${fingerprint(carol)} of carol`);
      expect(text).toContain("with what others signed: 2 commits and 1 tag more");
      expect(text).toContain(`alice has another, ssh key ${fingerprint(second)}`);
      // Of a key that brought in none that fall nothing else falls.
      expect(blast(server, second)).toMatchObject({ alsoFall: [], commits: [] });
      expect(run(server, ["keys", "blast", fingerprint(second)]).text).not.toContain("with what others signed");
    }));

  it("refuses a key that the policy does not hold, and reads a policy that is named", () =>
    withServer(policyOf([mainRule]), (server) => {
      push(server, `${server.commit(alice)}:refs/heads/main`);
      expect(run(server, ["keys", "blast", fingerprint(eve)])).toMatchObject({ status: 2 });
      const file = join(server.server.root, "other.json");
      writeFileSync(
        file,
        JSON.stringify(
          policyOf([mainRule], { principals: { alice: principal(alice), bob: principal(bob), eve: principal(eve) } }),
        ),
      );
      expect(run(server, ["keys", "blast", fingerprint(eve), "--policy", file])).toMatchObject({ status: 0 });
    }));
});
