/**
 * Attack: under a rule that wants signed tags of verified commits, a tag ref is given a value that is no tag object: a
 * tree, a blob, or a commit where lightweight tags are allowed; or a tag object whose type line lies, so that the walk
 * ends before it meets the commit.
 * Stopped by: what a ref holds decides what is asked of it (check/tags.ts, policy/decide-ref.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const releases = (tags: object = {}, refs = ["refs/tags/**"]): object => ({
  name: "releases",
  refs,
  tags: { signedBy: ["alice"], ...tags },
});

function started(server: PushServer): string {
  const commit = server.commit(alice, { files: { a: "b" } });
  expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
  return commit;
}

const refused = (server: PushServer, oid: string, ref: string): string => {
  const result = server.push([`${oid}:${ref}`]);
  expect(result.status).not.toBe(0);
  expect(server.value(ref)).toBeNull();
  return result.text;
};

describe("a tag ref without a tag object", () => {
  it.each(["deny", "allow"])("refuses a tree and a blob, lightweight: %s", (lightweight) =>
    withServer(policyOf([mainRule, releases({ lightweight })]), (server) => {
      started(server);
      const code = lightweight === "deny" ? "lightweight-tag" : "tag-target";
      expect(refused(server, server.tree({ a: "evil" }), "refs/tags/v1")).toContain(code);
      expect(refused(server, server.clone.write("blob", Buffer.from("evil")), "refs/tags/v2")).toContain(code);
    }),
  );

  it("asks of a lightweight tag that its commit is verified (tag-target)", () =>
    withServer(policyOf([mainRule, releases({ lightweight: "allow" })]), (server) => {
      const commit = started(server);
      expect(refused(server, server.commit(null, { parents: [commit] }), "refs/tags/v1")).toContain("tag-target");
      expect(server.push([`${commit}:refs/tags/v1`]).text).toContain("-> v1");
    }));

  it("asks for a tag object where a rule of tags names another folder (lightweight-tag)", () =>
    withServer(policyOf([mainRule, releases({}, ["refs/releases/**"])]), (server) => {
      started(server);
      expect(refused(server, server.commit(null), "refs/releases/v1")).toContain("lightweight-tag");
    }));

  it("says the same when it is verified later", () =>
    withServer(policyOf([mainRule, releases()]), (server) => {
      started(server);
      const verify = (ref: string): number =>
        server.verify(["--policy", `${server.server.root}/policy.json`, ref]).status;
      server.server.git(["fetch", "-q", server.clone.dir, `+${server.tree({ a: "b" })}:refs/tags/v1`]);
      server.server.git([
        "fetch",
        "-q",
        server.clone.dir,
        `+${server.tag(alice, "v2", server.value("refs/heads/main") ?? "")}:refs/tags/v2`,
      ]);
      expect(verify("refs/tags/v2")).toBe(0);
      expect(verify("refs/tags/v1")).toBe(1);
    }));
});

describe("a tag object that lies about its target", () => {
  it("hides no unsigned commit from a rule that asks for commits alone (malformed)", () =>
    withServer(policyOf([{ ...mainRule, refs: ["refs/heads/main", "refs/tags/**"] }]), (server) => {
      started(server);
      const lie = server.tag(bob, "v1", server.commit(null), "tree");
      const result = server.pushRaw("refs/tags/v1", lie);
      expect(result.status).toBe(1);
      expect(result.text).toContain("malformed");
      const honest = server.tag(bob, "v1", server.commit(null));
      expect(refused(server, honest, "refs/tags/v1")).toContain("unsigned");
    }));

  it("is no matter of level (malformed)", () =>
    withServer(policyOf([mainRule, releases({ level: "warn" })]), (server) => {
      started(server);
      const result = server.pushRaw("refs/tags/v1", server.tag(alice, "v1", server.commit(null), "tree"));
      expect(result.status).toBe(1);
      expect(result.text).toContain("malformed");
    }));
});
