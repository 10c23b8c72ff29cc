/**
 * Attack: an object that git passes over, cannot read or will not read whole, so that "nothing to judge" looks like
 * "nothing wrong": a tip git cannot parse, a shallow or partial history, a damaged file, an object of enormous size.
 * Stopped by: what a push names must be read and listed (io/revisions.ts, check/examiner.ts); the rest denies.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const loose = (server: PushServer, oid: string): string =>
  join(server.server.gitDir, "objects", oid.slice(0, 2), oid.slice(2));

describe("history that cannot be read", () => {
  it("denies a tip that git itself cannot parse, though judged tips are left out beside it (malformed)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const good = server.clone.raw("commit", server.commit(alice, { parents: [first] })).toString("latin1");
      for (const bad of [good.replace(/^tree /, "tree\t"), good.replace(/^tree .{40}/, "tree x"), "", "\n\nhello"]) {
        const oid = server.clone.write("commit", Buffer.from(bad, "latin1"));
        const result = server.pushRaw("refs/heads/main", oid);
        expect([bad, result.status]).toEqual([bad, 1]);
        expect(result.text).toMatch(/malformed|missing-object/);
      }
    }));

  it("denies a tag of such a commit, which no branch holds (tag-target or worse)", () => {
    const releases = { name: "releases", refs: ["refs/tags/*"], tags: { signedBy: ["alice"] } };
    return withServer(policyOf([mainRule, releases]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const bad = server.clone.write("commit", Buffer.from("tree\tx\n"));
      expect(server.pushRaw("refs/tags/v1", server.tag(alice, "v1", bad)).status).toBe(1);
    });
  });

  it("denies a missing parent, and a file that was damaged, by name (missing-object)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      const second = server.commit(alice, { parents: [first] });
      expect(server.pushRaw("refs/heads/main", second).status).toBe(0);
      rmSync(loose(server, first));
      const gone = server.callHook("pre-receive", `${"0".repeat(40)} ${second} refs/heads/main\n`);
      expect(gone.status).toBe(1);
      expect(gone.text.replace(/\s+(error: +)?/g, "")).toContain(first.slice(0, 12));
      chmodSync(loose(server, second), 0o644);
      writeFileSync(loose(server, second), "junk");
      expect(server.callHook("pre-receive", `${"0".repeat(40)} ${second} refs/heads/main\n`).status).not.toBe(0);
    }));

  it("denies a push from a shallow clone, even where the server takes new edges (shallow-history)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const hidden = server.commit(null);
      const tip = server.commit(alice, { parents: [hidden] });
      writeFileSync(join(server.clone.gitDir, "shallow"), `${tip}\n`);
      server.server.config("receive.shallowUpdate", "true");
      for (const ref of ["refs/heads/main", "refs/heads/main refs/heads/other"]) {
        const result = server.push(ref.split(" ").map((name) => `${tip}:${name}`));
        expect(result.status).not.toBe(0);
        expect(server.value("refs/heads/main")).toBeNull();
      }
    }));

  it("denies in a partial clone what it lacks, and fetches nothing (missing-object)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const hidden = server.commit(null);
      const tip = server.commit(alice, { parents: [hidden] });
      const sprung = join(server.server.root, "sprung");
      server.server.config("remote.evil.url", server.clone.dir);
      server.server.config("remote.evil.promisor", "true");
      server.server.config("remote.evil.uploadpack", `touch ${sprung}; false`);
      server.server.config("extensions.partialClone", "evil");
      server.server.config("core.repositoryformatversion", "1");
      expect(server.pushRaw("refs/heads/main", server.commit(alice)).status).toBe(0);
      rmSync(loose(server, hidden));
      const result = server.callHook("pre-receive", `${"0".repeat(40)} ${tip} refs/heads/main\n`);
      expect(result.status).toBe(1);
      expect(result.text).toContain("missing-object");
      expect(server.server.run("test", ["-e", sprung]).status).toBe(1);
      // It would have been run: git alone does.
      server.server.run("git", ["rev-list", tip]);
      expect(server.server.run("test", ["-e", sprung]).status).toBe(0);
    }));

  it(
    "denies objects of 200 MB, without reading them into memory (resource-limit)",
    () =>
      withServer(policyOf([{ ...mainRule, refs: ["refs/**"] }]), (server) => {
        const tree = server.clone.emptyTree();
        const body = Buffer.alloc(200 * 1024 * 1024, "x");
        const who = "Alice <alice@example.org> 1700000000 +0000";
        const commit = Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n`);
        const oid = server.clone.write("commit", Buffer.concat([commit, body]));
        const result = server.pushRaw("refs/heads/main", oid);
        expect(result.status).toBe(1);
        expect(result.text).toContain("resource-limit");
        const tag = Buffer.from(`object ${server.commit(alice)}\ntype commit\ntag v1\ntagger ${who}\n\n`);
        const tagged = server.pushRaw("refs/tags/v1", server.clone.write("tag", Buffer.concat([tag, body])));
        expect(tagged.text).toContain("resource-limit");
      }),
    60_000,
  );

  it("finds unsigned commits behind alternates, where objects are there already (unsigned)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const bad = server.commit(null);
      const tip = server.commit(alice, { parents: [bad] });
      mkdirSync(join(server.server.gitDir, "objects/info"), { recursive: true });
      writeFileSync(join(server.server.gitDir, "objects/info/alternates"), `${server.clone.gitDir}/objects\n`);
      expect(server.callHook("pre-receive", `${"0".repeat(40)} ${tip} refs/heads/main\n`).text).toContain("unsigned");
    }));
});

describe("verify of several objects", () => {
  it("judges both ends of A...B, though one of them is a tag (unsigned)", () =>
    withServer(
      policyOf([mainRule, { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["alice"] } }]),
      (server) => {
        const first = server.commit(alice);
        expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
        const bad = server.commit(null, { parents: [first] });
        server.server.git([
          "fetch",
          "-q",
          server.clone.dir,
          `${bad}:refs/heads/bad`,
          `${server.tag(alice, "v1", first)}:refs/tags/v1`,
        ]);
        const policy = ["--policy", join(server.server.root, "policy.json"), "--as", "main"];
        expect(server.verify([...policy, "refs/tags/v1", "main"]).status).toBe(0);
        expect(server.verify([...policy, "v1...bad"]).text).toContain("unsigned");
      },
    ));
});
