/**
 * Attack: what a compromised key brought into the policy shall stand because the object that shows it is gone from the server
 * (a disk that rots, a bad copy, whoever may delete one file). Stopped by: check/fallen-keys.ts. Nobody can tell then which
 * keys fell, so nothing is let in, whoever signs, until the object is back. Where no key is marked nobody asks.
 */
import { describe, expect, it, jest } from "@jest/globals";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, bob, carol, keyed, person, POLICY, principal } from "../support/authenticated.ts";
import { withServer, type Person, type PushServer } from "../support/push-server.ts";

jest.setTimeout(120_000);

const dave = person("dave");
const line = (who: Person): string => who.key.line.trim();
const rights = ["alice", "carol"];
const stolen = keyed(carol, { ssh: line(carol), compromised: true });
const filed = { dave: { name: "dave", emails: [dave.email], keys: [{ ssh: "keys/dave.pub" }] } };

const policy = (people: readonly Person[], principals: object = {}): string =>
  JSON.stringify({
    version: 1,
    principals: { ...Object.fromEntries(people.map((who) => [who.name, principal(who)])), ...principals },
    administration: { rules: rights, principals: rights, keys: rights, exempt: rights, threshold: 1 },
    rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"] } }],
  });

/** Pushes a commit onto main; gives what the server said, or that it landed. */
function onto(server: PushServer, who: Person, files: Readonly<Record<string, string>> = {}): string {
  const parent = server.value("refs/heads/main");
  const oid = server.commit(who, { parents: parent === null ? [] : [parent], files });
  const { status, text } = server.push([`${oid}:refs/heads/main`]);
  return status === 0 ? "landed" : text.replace(/\s*\nremote:(?: error:)?\s*/g, " ");
}

/** Carol brings dave in by a key file, which is written anew since; gives the commit by which he came. */
function bringIn(server: PushServer): string {
  server.server.config("receive.unpackLimit", "1000");
  server.hooks(false);
  expect(onto(server, alice, { [POLICY]: policy([alice, bob, carol]) })).toBe("landed");
  server.hooks(true);
  const brought = { [POLICY]: policy([alice, bob, carol], filed), "keys/dave.pub": `${line(dave)}\n` };
  expect(onto(server, carol, brought)).toBe("landed");
  const added = server.value("refs/heads/main") ?? "";
  expect(onto(server, carol, { "keys/dave.pub": `${line(dave)} of his laptop\n` })).toBe("landed");
  return added;
}

/** Takes an object away; gives back what puts it there again. What was found out at an earlier push is forgotten. */
function lose(server: PushServer, spec: string): { readonly oid: string; readonly mend: () => void } {
  const oid = server.server.git(["rev-parse", spec]);
  const file = join(server.server.gitDir, "objects", oid.slice(0, 2), oid.slice(2));
  const bytes = readFileSync(file);
  rmSync(file);
  rmSync(join(server.server.gitDir, "signpolicy", "keys-fallen"), { force: true });
  return { oid, mend: () => writeFileSync(file, bytes) };
}

const OBJECTS: Readonly<Record<string, (commit: string) => string>> = {
  "policy file": (commit) => `${commit}:${POLICY}`,
  "key file": (commit) => `${commit}:keys/dave.pub`,
};

describe("what shows that a compromised key brought another in", () => {
  it.each(Object.keys(OBJECTS))(
    "is asked for by name where it is gone, whoever pushes: a %s (missing-object)",
    (what) =>
      withServer(null, (server) => {
        const added = bringIn(server);
        expect(onto(server, alice, { [POLICY]: policy([alice, bob], { ...filed, ...stolen }) })).toBe("landed");
        expect(onto(server, dave)).toContain("key-revoked");
        expect(onto(server, bob)).toBe("landed");
        const { oid, mend } = lose(server, OBJECTS[what]?.(added) ?? "");
        for (const who of [dave, bob]) {
          const refused = onto(server, who);
          expect(refused).toContain("missing-object: whether a compromised key brought other keys into the policy");
          expect(refused).toContain(oid);
        }
        const told = server.verify(["refs/heads/main"]);
        expect(told.status).toBe(1);
        expect(told.text).toContain(`${oid} cannot be read`);
        expect(told.text).toContain("hint: git fsck");
        mend();
        expect(onto(server, dave)).toContain("key-revoked");
        expect(onto(server, bob)).toBe("landed");
      }),
  );

  it.each(["", "^{tree}"])("ends the push where the commit itself or its tree is gone: %j", (what) =>
    withServer(null, (server) => {
      const added = bringIn(server);
      expect(onto(server, alice, { [POLICY]: policy([alice, bob], { ...filed, ...stolen }) })).toBe("landed");
      const { oid, mend } = lose(server, `${added}${what}`);
      for (const who of [dave, bob]) expect(onto(server, who)).toContain(oid);
      const told = server.verify(["refs/heads/main"]);
      expect(told.status).toBe(3);
      expect(told.text).not.toContain("grafts");
      mend();
      expect(onto(server, bob)).toBe("landed");
    }),
  );

  it("is not asked for where no key is marked, and refuses the mark, which asks (missing-object)", () =>
    withServer(null, (server) => {
      const added = bringIn(server);
      const { oid, mend } = lose(server, `${added}:keys/dave.pub`);
      expect(onto(server, dave)).toBe("landed");
      const mark = { [POLICY]: policy([alice, bob], { ...filed, ...stolen }) };
      const refused = onto(server, alice, mark);
      expect(refused).toContain("missing-object");
      expect(refused).toContain(oid);
      mend();
      expect(onto(server, alice, mark)).toBe("landed");
    }));
});
