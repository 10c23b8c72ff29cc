/**
 * Attack: a tree whose entries are not in git's order. Asked which commits change a path, git stops at the first entry that
 * sorts behind it (tree-walk.c), so it reports no change of a policy that stands behind such an entry, while a reader that
 * goes on finds the policy there: an ordinary signer replaces it, or forgives himself with its exemptions, unseen.
 * Stopped by: such a tree is no tree (subject/tree.ts), so that what git does not see nobody reads.
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, eve, mainRule, policyOf, principal, withServer, type PushServer } from "../support/push-server.ts";

const POLICY = ".signpolicy.json";

const policyText = (serial: number, more: object = {}, admin = "alice"): string =>
  JSON.stringify({
    version: 1,
    serial,
    principals: { alice: principal(alice), bob: principal(bob) },
    rules: [{ ...mainRule, commits: { signedBy: ["*"] } }],
    administration: { rules: [admin], principals: [admin], keys: [admin], exempt: [admin] },
    ...more,
  });

const withEve = policyText(
  2,
  { principals: { alice: principal(alice), bob: principal(bob), eve: principal(eve) } },
  "eve",
);

type Entries = readonly (readonly [name: string, oid: string, mode?: string])[];

/** A tree of these entries in this order. */
const rawTree = (server: PushServer, entries: Entries): string =>
  server.clone.write(
    "tree",
    Buffer.concat(
      entries.map(([name, oid, mode = "100644"]) =>
        Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex")]),
      ),
    ),
  );

const blob = (server: PushServer, text: string): string => server.clone.write("blob", Buffer.from(text));
const hiding = (server: PushServer, policy: string): string =>
  rawTree(server, [
    ["zzzz", blob(server, "z")],
    [POLICY, blob(server, policy)],
  ]);

function started(server: PushServer): string {
  server.hooks(false);
  const first = server.commit(alice, { files: { [POLICY]: policyText(1) } });
  expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return first;
}

/** More commits than are compared one by one: git is asked which of them change the policy. */
function many(server: PushServer, from: string): string {
  const tree = server.tree({}, from);
  let tip = from;
  for (let n = 0; n < 66; n += 1) tip = server.commit(bob, { parents: [tip], tree });
  return tip;
}

describe("a policy in a tree that is not sorted", () => {
  it.each([
    ["two commits", (_: PushServer, from: string) => from],
    ["a long push", many],
  ])("is not replaced in %s, though git sees no change (malformed)", (_, lead) =>
    withServer(null, (server) => {
      const before = lead(server, started(server));
      const apart = server.commit(bob, { parents: [before], tree: hiding(server, policyText(1)) });
      const forged = server.commit(bob, { parents: [apart], tree: hiding(server, withEve) });
      const { status, text } = server.push([`${forged}:refs/heads/main`]);
      expect(status).not.toBe(0);
      expect(text).toContain("malformed");
      // The same content in order: a change of the policy like any other.
      const open = server.commit(bob, { parents: [before], tree: server.tree({ [POLICY]: withEve }, before) });
      expect(server.push([`${open}:refs/heads/main`]).text).toContain("policy-change");
      const honest = server.commit(bob, { parents: [before], tree: server.tree({ zzzz: "z" }, before) });
      expect(server.push([`${honest}:refs/heads/main`]).status).toBe(0);
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
    }),
  );

  it("is not read by an audit either (malformed)", () =>
    withServer(null, (server) => {
      const before = many(server, started(server));
      const apart = server.commit(bob, { parents: [before], tree: hiding(server, policyText(1)) });
      const back = server.commit(bob, { parents: [apart], tree: server.tree({}, before) });
      server.hooks(false);
      server.push([`${back}:refs/heads/main`]);
      expect(server.verify(["refs/heads/main"]).text).toContain("malformed");
      server.push([`+${before}:refs/heads/main`]);
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
    }));

  it("forgives nothing in a history that authenticates itself (malformed)", () =>
    withServer(null, (server) => {
      server.hooks(false);
      const root = server.commit(alice, { files: { [POLICY]: policyText(1) } });
      const apart = server.commit(bob, { parents: [root], tree: hiding(server, policyText(1)) });
      const evil = server.commit(eve, { parents: [apart], tree: hiding(server, policyText(1)) });
      const exempt = [{ commit: evil, reason: "mine", codes: ["unknown-key", "signer-not-permitted"] }];
      const forged = server.commit(bob, {
        parents: [evil],
        tree: hiding(server, policyText(2, { trust: { exempt } })),
      });
      server.push([`+${forged}:refs/heads/main`]);
      const { status, text } = server.verify(["--trust-root", root, "refs/heads/main"]);
      expect(status).toBe(1);
      expect(text).toContain("malformed");
      // Without the hiding places alice may forgive it, and bob may not.
      const stranger = server.commit(eve, { parents: [root], tree: server.tree({}, root) });
      const forgiving = policyText(2, { trust: { exempt: [{ ...exempt[0], commit: stranger }] } });
      for (const [who, allowed] of [
        [bob, 1],
        [alice, 0],
      ] as const) {
        const tip = server.commit(who, { parents: [stranger], files: { [POLICY]: forgiving } });
        server.push([`+${tip}:refs/heads/main`]);
        expect(server.verify(["--trust-root", root, "refs/heads/main"]).status).toBe(allowed);
      }
    }));
});

describe("a protected path in a tree that is not what git writes", () => {
  const policy = policyOf([mainRule, { name: "tooling", paths: ["ci/**"], commits: { signedBy: ["alice"] } }]);

  it.each([
    ["out of order", (oid: string): Entries => [["zz", oid], ["ci", oid]]], // prettier-ignore
    ["with a folder where a file would sort", (oid: string): Entries => [["ci", oid, "40000"], ["ci-x", oid]]], // prettier-ignore
    ["with a name that is a path", (oid: string): Entries => [["ci/run", oid]]],
    ["with a name twice", (oid: string): Entries => [["a", oid], ["a", oid, "40000"]]], // prettier-ignore
  ])("is refused %s (malformed)", (_, entries) =>
    withServer(policy, (server) => {
      const root = server.commit(alice, { files: { "src/a": "1" } });
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const odd = server.commit(bob, { parents: [root], tree: rawTree(server, entries(server.clone.emptyTree())) });
      const { status, text } = server.pushRaw("refs/heads/main", odd);
      expect(status).not.toBe(0);
      expect(text).toContain("malformed");
      const plain = server.commit(bob, { parents: [root], files: { "src/a": "2" } });
      expect(server.push([`${plain}:refs/heads/main`]).status).toBe(0);
    }),
  );
});
