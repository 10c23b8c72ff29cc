/**
 * Attack: in a history that authenticates itself one person passes for two: with an approval by a key that was stolen, by somebody
 * whom the policy of that moment did not know, for another ref, or withdrawn, or by a change of the policy that needed two.
 * Stopped by: approvals are judged by the policy that judges the commit, with the marks that reach back (check/approvals.ts,
 * check/chain.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import type { ObjectId, RefName } from "../../src/model.ts";
import { approval, contentOf, type ApprovalOptions } from "../support/approvals.ts";
import { alice, bob, carol, eve, keyed, POLICY, policyText } from "../support/authenticated.ts";
import { withServer, type Person, type PushServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const people = [alice, bob, carol];
const holders = people.map(({ name }) => name);
const rights = { rules: holders, principals: holders, keys: holders, exempt: holders };
/** Two people behind every commit, and behind what loosens the policy. */
const two = (who: readonly Person[] = people, principals: object = {}, more: object = {}): string =>
  policyText({
    people: who,
    principals,
    more: {
      administration: { ...rights, threshold: 2 },
      rules: [
        { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"], threshold: 2 } },
        { name: "topics", refs: ["refs/heads/topic"], commits: { signedBy: ["*"] } },
      ],
      ...more,
    },
  });
const commit = (server: PushServer, who: Person, parent: string, files: Record<string, string>): ObjectId =>
  server.commit(who, { parents: [parent], files });
const now = Math.floor(Date.now() / 1000);

function begin(server: PushServer): string {
  const root = server.commit(alice, { files: { [POLICY]: two() }, date: now - 86_400 });
  server.server.config("signpolicy.trustRoot", root);
  return root;
}
/** What people approve, each on top of what he approved before. */
class Approving {
  readonly #server: PushServer;
  readonly #tips = new Map<string, string>();
  constructor(server: PushServer) {
    this.#server = server;
  }
  by(who: Person, oid: string, options: ApprovalOptions = {}): string {
    const parent = this.#tips.get(who.name) ?? null;
    const [tip = "", ref = ""] = approval(this.#server, who, [oid], options, parent).split(":");
    this.#tips.set(who.name, tip);
    return `${tip}:${ref}`;
  }
}

describe("a threshold in a chain", () => {
  it("is met by an approval in the same push, also when it is verified from the root (threshold-unmet, exit 3)", () =>
    withServer(null, (server) => {
      const root = begin(server);
      const approving = new Approving(server);
      const first = commit(server, alice, root, { a: "1" });
      expect(server.push([`${first}:refs/heads/main`]).text).toContain("threshold-unmet");
      expect(server.push([approving.by(alice, first), `${first}:refs/heads/main`]).text).toContain("threshold-unmet");
      expect(server.push([approving.by(eve, first), `${first}:refs/heads/main`]).status).not.toBe(0);
      expect(server.push([approving.by(bob, first), `${first}:refs/heads/main`]).status).toBe(0);
      expect(server.verify(["--trust-root", root, "refs/heads/main"]).status).toBe(0);
      server.server.git(["update-ref", "-d", "refs/signpolicy/approvals/bob"]);
      server.server.git(["update-ref", "-d", "refs/signpolicy/approvals/alice"]);
      expect(server.verify(["--trust-root", root, "refs/heads/main"]).status).toBe(3);
    }));

  it("counts no approval by a key that an authenticated commit calls stolen (threshold-unmet)", () =>
    withServer(null, (server) => {
      const root = begin(server);
      const approving = new Approving(server);
      const first = commit(server, alice, root, { a: "1" });
      server.hooks(false);
      expect(server.push([approving.by(bob, first), `${first}:refs/heads/main`]).status).toBe(0);
      const marked = (who: Person): string =>
        two(
          people.filter(({ name }) => name !== who.name),
          keyed(who, { ssh: who.key.line.trim(), compromised: true }),
        );
      const verify = (oid: string): string => server.verify(["--trust-root", root, "--as", "main", oid]).text;
      expect(verify(first)).toContain("all allowed");
      const mark = commit(server, alice, first, { [POLICY]: marked(bob) });
      expect(server.push([approving.by(carol, mark), `${mark}:refs/heads/main`]).status).toBe(0);
      expect(verify(mark)).toContain("threshold-unmet");
      // Another's approval of the same commit makes up for it.
      expect(server.push([approving.by(carol, first)]).status).toBe(0);
      expect(verify(mark)).toContain("all allowed");
    }));

  it("is asked of what loosens the policy, and one holder is enough for what tightens it (policy-change, threshold-unmet)", () =>
    withServer(null, (server) => {
      const root = begin(server);
      const approving = new Approving(server);
      const single = JSON.parse(two()) as { rules: { commits: object }[] };
      const plain = JSON.stringify({ ...single, rules: [{ ...single.rules[0], commits: { signedBy: ["*"] } }] });
      const open = commit(server, alice, root, { [POLICY]: plain });
      expect(server.push([`${open}:refs/heads/main`]).text).toContain("policy-change");
      expect(server.push([approving.by(bob, open), `${open}:refs/heads/main`]).status).toBe(0);
      const joined = JSON.stringify({ ...(JSON.parse(plain) as object), unmatched: "allow" });
      const loosened = commit(server, alice, open, { [POLICY]: joined });
      expect(server.push([`${loosened}:refs/heads/main`]).text).toContain("threshold-unmet");
      const retired = JSON.parse(plain) as { principals: Record<string, { keys: object[] }> };
      const [line] = retired.principals["carol"]?.keys ?? [];
      const closed = { ...retired.principals["carol"], keys: [{ ...line, until: "2030-01-01T00:00:00Z" }] };
      const principals = { ...retired.principals, carol: closed };
      const tightened = commit(server, alice, open, { [POLICY]: JSON.stringify({ ...retired, principals }) });
      expect(server.push([`${tightened}:refs/heads/main`]).status).toBe(0);
    }));

  it("counts no approval for another ref or of another history, and none that was taken back (threshold-unmet)", () =>
    withServer(null, (server) => {
      const root = begin(server);
      const approving = new Approving(server);
      const first = commit(server, alice, root, { a: "1" });
      const other = server.commit(alice, { files: { o: "1" } });
      for (const options of [{ ref: "refs/heads/topic" as RefName }, { root: other }]) {
        const pushed = server.push([approving.by(bob, first, options), `${first}:refs/heads/main`]);
        expect(pushed.text).toContain("threshold-unmet");
      }
      // The same tree on another parent, as a rebase makes it.
      const elsewhere = server.commit(alice, { parents: [other], tree: contentOf(server, first).tree });
      expect(
        server.push([approving.by(bob, elsewhere, { root: root as ObjectId }), `${first}:refs/heads/main`]).text,
      ).toContain("threshold-unmet");
      const taken = [{ at: now - 100 }, { at: now - 50, deed: "withdraw" as const }];
      const specs = taken.map((options) => approving.by(bob, first, options)).slice(-1);
      expect(server.push([...specs, `${first}:refs/heads/main`]).text).toContain("threshold-unmet");
      expect(server.push([approving.by(bob, first), `${first}:refs/heads/main`]).status).toBe(0);
    }));
});
