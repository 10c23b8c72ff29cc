/**
 * Attack: on a file system that folds case a ref's file answers to several names. A push to `refs/heads/MAIN`, under a
 * laxer rule or none, is what `refs/heads/main` is read from afterwards, where that one was packed; a branch under
 * `refs/heads/Release/` comes to lie in the folder of the protected ones.
 * Stopped by: check/folded-refs.ts, where git found that the file system folds (core.ignorecase). Played on one that does
 * not, so that what git itself would refuse there does not hide it.
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const strict = { ...mainRule, refs: ["refs/heads/main", "refs/heads/release/**"], commits: { signedBy: ["alice"] } };
const lax = { ...mainRule, name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };

const folding = (body: (server: PushServer) => void, policy: object = policyOf([strict, lax])): Promise<void> =>
  withServer(policy, (server) => {
    server.server.config("core.ignorecase", "true");
    body(server);
  });

describe("a ref whose name a file system takes for another's", () => {
  it.each(["refs/heads/MAIN", "refs/heads/Release/1", "refs/Heads/main", "refs/heads/ma\u200cin", "refs/heads/ｍain"])(
    "is refused for what a rule names in other letters: %s (bad-input)",
    (name) =>
      folding((server) => {
        const first = server.commit(alice);
        expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
        server.server.git(["pack-refs", "--all"]);
        const commit = server.commit(bob, { parents: [first] });
        const result = server.pushRaw(name, commit);
        expect(result.status).toBe(1);
        expect(result.text).toContain("bad-input");
      }),
  );

  it("is refused beside a standing one, and in one push with it, though one rule names both (bad-input)", () =>
    folding((server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/topic`]).status).toBe(0);
      expect(server.push([`${first}:refs/heads/Topic`]).text).toContain("bad-input");
      expect(server.push([`${first}:refs/heads/x`, `${first}:refs/heads/X`]).text).toContain("bad-input");
      expect(server.push([`${first}:refs/heads/X`]).status).toBe(0);
      expect(server.push([":refs/heads/X"]).status).toBe(0);
    }));

  it("may be moved and deleted where nothing else bears it, and branches stand beside one another as ever", () =>
    folding((server) => {
      const first = server.commit(alice);
      const next = server.commit(alice, { parents: [first] });
      expect(server.push([`${first}:refs/heads/main`, `${first}:refs/heads/release/1`]).status).toBe(0);
      expect(server.push([`${next}:refs/heads/main`, `${next}:refs/heads/Mainline`]).status).toBe(0);
      expect(server.push([":refs/heads/Mainline"]).status).toBe(0);
    }));

  it("is a ref of its own where the file system tells them apart", () =>
    withServer(policyOf([strict, lax]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const other = server.commit(bob, { parents: [first] });
      expect(server.push([`${other}:refs/heads/MAIN`]).status).toBe(0);
      expect(server.value("refs/heads/main")).toBe(first);
    }));
});
