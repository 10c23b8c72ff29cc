import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, bob, eve, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

interface Told {
  over: string;
  checked: number;
  denied: number;
  warned: number;
  byRule: { rule: string | null; denied: number; warned: number; codes: Record<string, number> }[];
  byPerson: { person: string | null; principal: boolean; denied: number }[];
  subjects: { kind: string; oid: string | null; ref: string; at: string | null; findings: { code: string }[] }[];
}

interface Result {
  readonly status: number | null;
  readonly text: string;
}

const FREE = policyOf([], { unmatched: "allow", rules: [{ name: "x", refs: ["refs/heads/x"] }] });
const tags = { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["devs"] } };

function simulate(server: PushServer, policy: object, args: readonly string[] = []): Result {
  const file = join(server.server.root, "next.json");
  writeFileSync(file, JSON.stringify(policy));
  const argv = [BIN, "policy", "simulate", "--policy", file, ...args];
  const { status, stdout, stderr } = server.server.run(process.execPath, argv);
  return { status, text: `${stdout.toString("latin1")}${stderr}` };
}
const told = (server: PushServer, policy: object, args: readonly string[] = []): Told =>
  JSON.parse(simulate(server, policy, ["--format", "json", ...args]).text) as Told;
const landed = (server: PushServer, refspec: string): void =>
  expect(server.push([refspec])).toMatchObject({ status: 0 });

describe("policy simulate", () => {
  it("says over history what would be denied, by rule and by person, each commit once, and since a revision", () =>
    withServer(FREE, (server) => {
      const first = server.commit(null);
      const second = server.commit(alice, { parents: [first] });
      const third = server.commit(eve, { parents: [second] });
      for (const branch of ["main", "release/1", "release/2"]) landed(server, `${third}:refs/heads/${branch}`);
      landed(server, `${server.tag(null, "v1", second)}:refs/tags/v1`);
      const branches = { name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
      const all = told(server, policyOf([branches, tags]), ["--history"]);
      expect(all.byRule).toMatchObject([
        { rule: "all", denied: 2, codes: { unsigned: 1, "unknown-key": 1 } },
        { rule: "tags", denied: 1 },
      ]);
      expect(all.byPerson.map(({ person, principal, denied }) => [person, principal, denied])).toEqual(
        expect.arrayContaining([["eve <eve@example.org>", false, 1]]),
      );
      const since = told(server, policyOf([branches, tags]), ["--history", "--since", second]);
      expect(since.byRule[0]).toMatchObject({ rule: "all", codes: { "unknown-key": 1 } });
      const text = simulate(server, policyOf([branches]), ["--history", "--fail"]);
      expect(text.status).toBe(1);
      expect(text.text).toContain("all: 2 denied, 0 warned (");
      const good = policyOf([{ ...branches, refs: ["refs/heads/none"] }], { unmatched: "allow" });
      expect(simulate(server, good, ["--history", "--fail"])).toMatchObject({ status: 0 });
    }));

  it("says over the record what of each push would have been denied, at its own time, moves of refs included", () =>
    withServer(FREE, (server) => {
      const first = server.commit(alice);
      landed(server, `${first}:refs/heads/main`);
      const second = server.commit(bob, { parents: [first] });
      landed(server, `${second}:refs/heads/main`);
      const other = server.commit(null, { parents: [first] });
      landed(server, `+${other}:refs/heads/main`);
      const strict = policyOf([{ ...mainRule, updates: { force: "deny" } }]);
      const found = told(server, strict);
      expect(found.over).toBe("pushes");
      const codes = found.subjects.map(({ kind, oid, at, findings }) => [
        kind,
        oid,
        at !== null,
        findings.map(({ code }) => code),
      ]);
      expect(codes).toHaveLength(2);
      expect(codes).toEqual(
        expect.arrayContaining([
          ["commit", other, true, ["unsigned"]],
          ["ref", other, true, ["ref-rollback"]],
        ]),
      );
      expect(told(server, strict, ["--since", "2120-01-01T00:00:00Z"])).toMatchObject({ checked: 0, denied: 0 });
      const signed = policyOf([{ ...mainRule, pushes: { signedBy: ["devs"] } }]);
      expect(told(server, signed).subjects.filter(({ kind }) => kind === "push")).toHaveLength(3);
    }));

  it("changes nothing, refuses what it cannot do, and does not guess", () =>
    withServer(FREE, (server) => {
      landed(server, `${server.commit(null)}:refs/heads/main`);
      const strict = policyOf([mainRule]);
      expect(simulate(server, strict, ["--history", "--pushes"])).toMatchObject({ status: 2 });
      expect(simulate(server, strict, ["--since", "nothing"])).toMatchObject({ status: 2 });
      expect(simulate(server, { version: 1 })).toMatchObject({ status: 2 });
      expect(simulate(server, strict)).toMatchObject({ status: 0 });
      // The policy in force is what it was.
      landed(server, `${server.commit(null)}:refs/heads/other`);
      const { status } = server.clone.run(process.execPath, [
        BIN,
        "policy",
        "simulate",
        "--pushes",
        "--policy",
        join(server.server.root, "next.json"),
      ]);
      expect(status).toBe(2);
    }));
});
