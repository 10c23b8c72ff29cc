/**
 * Attack: a forge's signature on what a person should have signed: edits made in its web interface, merges that hold more
 * than their parents, squashes nobody looked at, merge drivers and attributes that make git compute, or run, something else.
 * Stopped by: computing the merge anew in an empty repository (io/merge-tree.ts, check/forge-merges.ts), approvals of
 * squashed results (policy/rules/forge.ts).
 */
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { approval } from "../support/approvals.ts";
import { alice, bob, person, policyOf, principal, type PushServer, withServer } from "../support/push-server.ts";

const web = person("web");
const lines = (...more: string[]) => [...more, "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");

const policy = (more: object = {}, clause: object = {}) =>
  policyOf(
    [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs", "web"], side: ["*"], ...clause } }],
    {
      principals: { alice: principal(alice), bob: principal(bob), web: principal(web, { role: "forge" }) },
      unmatched: "allow",
      ...more,
    },
  );

/** Two lines of work that git merges by itself, line by line in one file. */
function fork(server: PushServer) {
  const root = server.commit(alice, { files: { a: lines("1"), "src/b": "1" } });
  expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
  const main = server.commit(alice, { parents: [root], files: { a: lines("one") } });
  const side = server.commit(bob, { parents: [root], files: { a: `${lines("1")}\nten`, "src/c": "1" } });
  return { root, main, side, merged: { a: `${lines("one")}\nten`, "src/c": "1" } };
}

const refused = (result: { status: number; text: string }): void => {
  expect(result.text).toContain("signer-not-permitted");
  expect(result.status).not.toBe(0);
};

describe("what a forge signs", () => {
  it.each(["sha1", "sha256"] as const)(
    "counts on a merge as git makes it, and not with a line more (%s, signer-not-permitted)",
    (algorithm) =>
      withServer(
        policy(),
        (server) => {
          const { main, side, merged } = fork(server);
          const evil = server.commit(web, { parents: [main, side], files: { ...merged, evil: "1" } });
          refused(server.push([`${evil}:refs/heads/main`]));
          const ours = server.commit(web, { parents: [main, side] });
          refused(server.push([`${ours}:refs/heads/main`]));
          const good = server.commit(web, { parents: [main, side], files: merged });
          expect(server.push([`${good}:refs/heads/main`])).toMatchObject({ status: 0 });
          expect(server.verify(["refs/heads/main"])).toMatchObject({ status: 0 });
        },
        algorithm,
      ),
  );

  it("does not count on a conflict that somebody resolved, nor on unrelated histories (signer-not-permitted)", () =>
    withServer(policy(), (server) => {
      const { root, main } = fork(server);
      const side = server.commit(bob, { parents: [root], files: { a: lines("eins") } });
      refused(server.push([`${server.commit(web, { parents: [main, side] })}:refs/heads/main`]));
      const stranger = server.commit(bob, { files: { z: "1" } });
      refused(server.push([`${server.commit(web, { parents: [main, stranger], files: { z: "1" } })}:refs/heads/main`]));
    }));

  it("does not count on edits, first commits and octopus merges (signer-not-permitted)", () =>
    withServer(policy(), (server) => {
      const { root, main, side, merged } = fork(server);
      refused(server.push([`${server.commit(web, { parents: [root], files: { a: "edited" } })}:refs/heads/main`]));
      const third = server.commit(bob, { parents: [root], files: { d: "1" } });
      const octopus = server.commit(web, { parents: [main, side, third], files: { ...merged, d: "1" } });
      refused(server.push([`${octopus}:refs/heads/main`]));
      refused(server.push([`+${server.commit(web)}:refs/heads/main`]));
    }));

  it("lets no side through that does not pass by itself (unsigned, signer-not-permitted)", () =>
    withServer(policy({}, { side: ["devs"] }), (server) => {
      const { root, main } = fork(server);
      const unsigned = server.commit(null, { parents: [root], files: { x: "1" } });
      const merge = (side: string) =>
        server.push([`${server.commit(web, { parents: [main, side], files: { x: "1" } })}:refs/heads/main`]);
      expect(merge(unsigned).text).toContain("unsigned");
      refused(merge(server.commit(web, { parents: [root], files: { x: "1" } })));
      expect(merge(server.commit(bob, { parents: [root], files: { x: "1" } })).status).toBe(0);
    }));

  it("counts on no tag (signer-not-permitted)", () => {
    const tags = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["alice", "web"], target: "any" } };
    return withServer(
      policyOf([tags], { principals: { alice: principal(alice), web: principal(web, { role: "forge" }) }, groups: {} }),
      (server) => {
        const commit = server.commit(alice);
        refused(server.push([`${server.tag(web, "v1", commit)}:refs/tags/v1`]));
        expect(server.push([`${server.tag(alice, "v1", commit)}:refs/tags/v1`]).status).toBe(0);
      },
    );
  });

  it("leaves nothing in the repository, and nothing behind", () =>
    withServer(policy(), (server) => {
      const { main, side, merged } = fork(server);
      const objects = () => server.server.git(["count-objects", "-v"]);
      const before = objects();
      const evil = server.commit(web, { parents: [main, side] });
      refused(server.push([`${evil}:refs/heads/main`], { TMPDIR: server.clone.root }));
      expect(objects()).toBe(before);
      expect(readdirSync(server.clone.root).filter((name) => name.startsWith("signpolicy-merge"))).toEqual([]);
      expect(merged.a).toContain("ten");
    }));
});

describe("merge drivers and attributes", () => {
  it("are not run and not heeded, in the repository's configuration and in its trees", () =>
    withServer(policy(), (server) => {
      const root = server.commit(alice, { files: { ".gitattributes": "* merge=evil\n", a: lines("1") } });
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const canary = join(server.server.root, "canary");
      const driver = join(server.server.root, "driver");
      writeFileSync(driver, `#!/bin/sh\necho ran >'${canary}'\nexit 0\n`);
      chmodSync(driver, 0o755);
      server.server.config("merge.evil.driver", `${driver} %A`);
      server.server.config("merge.default", "evil");
      server.server.config("core.attributesFile", join(server.server.root, "attributes"));
      writeFileSync(join(server.server.root, "attributes"), "* merge=evil\n");
      writeFileSync(join(server.server.gitDir, "info", "attributes"), "* merge=evil\n");
      const main = server.commit(alice, { parents: [root], files: { a: lines("one") } });
      const side = server.commit(bob, { parents: [root], files: { a: `${lines("1")}\nten` } });
      const merge = (a: string) => server.commit(web, { parents: [main, side], files: { a } });
      refused(server.push([`${merge(lines("one"))}:refs/heads/main`]));
      expect(server.push([`${merge(`${lines("one")}\nten`)}:refs/heads/main`])).toMatchObject({ status: 0 });
      expect(existsSync(canary)).toBe(false);
    }));
});

describe("squashes by a forge", () => {
  const allow = { forge: { squash: "allow" } };
  const squash = (server: PushServer) => {
    const { root, side } = fork(server);
    const tree = server.clone.git(["rev-parse", `${side}^{tree}`]);
    return { root, side, made: server.commit(web, { parents: [root], tree }) };
  };

  it("count with an approval of the result, where the policy allows them (signer-not-permitted)", () =>
    withServer(policy(allow), (server) => {
      const { made } = squash(server);
      refused(server.push([`${made}:refs/heads/main`]));
      const approved = approval(server, bob, [made]);
      expect(server.push([approved, `${made}:refs/heads/main`])).toMatchObject({ status: 0 });
      server.setPolicy(policy());
      expect(server.verify(["refs/heads/main"]).text).toContain("signer-not-permitted");
    }));

  it("do not count with an approval of the commits that were squashed (signer-not-permitted)", () =>
    withServer(policy(allow), (server) => {
      const { side, made } = squash(server);
      refused(
        server.push([approval(server, bob, [side], { ref: "refs/heads/other" as never }), `${made}:refs/heads/main`]),
      );
    }));

  it("do not count with an approval for another ref of the same push (signer-not-permitted)", () => {
    const everywhere = policy(allow) as { rules: object[] };
    everywhere.rules = [{ name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs", "web"] } }];
    return withServer(everywhere, (server) => {
      const { made } = squash(server);
      const approved = approval(server, bob, [made], { ref: "refs/heads/dev" as never });
      refused(server.push([approved, `${made}:refs/heads/main`]));
      refused(server.push(["--atomic", approved, `${made}:refs/heads/dev`, `${made}:refs/heads/main`]));
      expect(server.push([approved, `${made}:refs/heads/dev`]).status).toBe(0);
      expect(server.verify(["refs/heads/dev"]).status).toBe(0);
    });
  });

  it("do not count with an approval by one who may not sign here (signer-not-permitted)", () =>
    withServer(policy(allow, { signedBy: ["alice", "web"] }), (server) => {
      const { made } = squash(server);
      refused(server.push([approval(server, bob, [made]), `${made}:refs/heads/main`]));
      expect(server.push([approval(server, alice, [made]), `${made}:refs/heads/main`]).status).toBe(0);
    }));

  it("cannot be judged by who has no approvals (exit 3)", () =>
    withServer(policy(allow), (server) => {
      const { made } = squash(server);
      expect(server.push([approval(server, bob, [made]), `${made}:refs/heads/main`]).status).toBe(0);
      server.server.git(["update-ref", "-d", "refs/signpolicy/approvals/bob"]);
      expect(server.verify(["refs/heads/main"]).status).toBe(3);
    }));
});
