/**
 * Attack: `refs/notes/**` change what people see beside a commit, and hold commits that git itself never signs. They are
 * pushed to say what nobody said, or to bring in commits that another ref then reaches.
 * Stopped by: a ref that no rule names is denied, notes as any other (policy/rules/unmatched.ts); what was let in there
 * vouches for nothing (check/tips.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, eve, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const NOTES = "refs/notes/commits";

/** A note on a commit, as git makes it: `git notes` signs nothing, whatever `commit.gpgSign` says. */
function noted(server: PushServer, oid: string): string {
  server.clone.config("commit.gpgSign", "true");
  server.clone.git(["notes", "add", "-f", "-m", "Reviewed-by: everybody", oid]);
  return server.clone.git(["rev-parse", NOTES]);
}

describe("refs/notes", () => {
  it("are denied where no rule names them (ref-unmatched)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      noted(server, first);
      expect(server.push([`${first}:refs/heads/main`, `${NOTES}:${NOTES}`]).text).toContain("ref-unmatched");
      expect(server.value(NOTES)).toBeNull();
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("are judged like a branch where a rule names them (unsigned)", () =>
    withServer(policyOf([mainRule, { ...mainRule, name: "notes", refs: ["refs/notes/**"] }]), (server) => {
      const first = server.commit(alice);
      noted(server, first);
      expect(server.push([`${NOTES}:${NOTES}`]).text).toContain("unsigned");
      const signed = server.commit(alice, { files: { [first]: "Reviewed-by: alice\n" } });
      expect(server.push([`${signed}:${NOTES}`]).status).toBe(0);
    }));

  it("bring nothing into a branch, though `unmatched: allow` lets them in (unsigned, unknown-key)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const first = server.commit(alice);
      const note = noted(server, first);
      const stranger = server.commit(eve, { parents: [note] });
      expect(server.push([`${first}:refs/heads/main`, `${stranger}:${NOTES}`]).status).toBe(0);
      expect(server.push([`${server.commit(alice, { parents: [first, note] })}:refs/heads/main`]).text).toContain(
        "unsigned",
      );
      expect(server.push([`+${stranger}:refs/heads/main`]).text).toContain("unknown-key");
      expect(server.value("refs/heads/main")).toBe(first);
    }));

  it("never change what is judged: a note on a commit is no part of it", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const bad = server.commit(null);
      noted(server, bad);
      server.clone.git(["notes", "add", "-f", "-m", server.clone.raw("commit", server.commit(alice)).toString(), bad]);
      expect(server.push([`${NOTES}:${NOTES}`]).status).toBe(0);
      expect(server.push([`${bad}:refs/heads/main`]).text).toContain("unsigned");
    }));
});
