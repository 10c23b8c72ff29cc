/**
 * Attacks on refs rather than objects (Torres-Arias et al., USENIX Security 2016): rewinding, deleting, re-creating,
 * replacing and renaming, old values forged on the wire. Signatures do not cover refs, so rules have to.
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, mainRule, policyOf, withServer } from "../support/push-server.ts";

const guarded = { ...mainRule, updates: { force: "deny", delete: "deny" } };
const releases = { name: "releases", refs: ["refs/tags/v*"], tags: { signedBy: ["devs"] } };
const ZERO = "0".repeat(40);

describe("moving refs", () => {
  it("refuses a rewind to an old signed tip (ref-rollback)", () =>
    withServer(policyOf([guarded]), (server) => {
      const first = server.commit(alice);
      const second = server.commit(alice, { parents: [first] });
      expect(server.push([`${second}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`+${first}:refs/heads/main`]).text).toContain("ref-rollback");
      expect(server.value("refs/heads/main")).toBe(second);
    }));

  it("refuses a sideways move to another signed history (ref-rollback)", () =>
    withServer(policyOf([guarded]), (server) => {
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`+${server.commit(bob)}:refs/heads/main`]).text).toContain("ref-rollback");
    }));

  it("refuses deletion, alone and beside a good update (ref-deletion)", () =>
    withServer(policyOf([guarded, { ...mainRule, name: "other", refs: ["refs/heads/other"] }]), (server) => {
      server.server.config("receive.denyDeleteCurrent", "ignore");
      const commit = server.commit(alice);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
      expect(server.push([":refs/heads/main"]).text).toContain("ref-deletion");
      expect(server.push([":refs/heads/main", `${commit}:refs/heads/other`]).text).toContain("ref-deletion");
      expect(server.value("refs/heads/other")).toBeNull();
    }));

  it("lets a rule without `updates` be rewound and deleted, and judges what comes next afresh", () =>
    withServer(policyOf([mainRule]), (server) => {
      server.server.config("receive.denyDeleteCurrent", "ignore");
      const first = server.commit(alice);
      const second = server.commit(alice, { parents: [first] });
      expect(server.push([`${second}:refs/heads/main`]).status).toBe(0);
      expect(server.push([`+${first}:refs/heads/main`]).status).toBe(0);
      expect(server.push([":refs/heads/main"]).status).toBe(0);
      expect(server.push([`${server.commit(null)}:refs/heads/main`]).text).toContain("unsigned");
    }));

  it("denies old values that the ref does not have (bad-input)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      for (const old of [ZERO, "1".repeat(40)]) {
        const result = server.callHook("pre-receive", `${old} ${first} refs/heads/main\n`);
        expect(result.status).toBe(1);
        expect(result.text).toContain("bad-input");
      }
    }));

  it.each([
    ["a malformed line", "nonsense\n"],
    ["a line that is cut off", `${ZERO} ${"1".repeat(40)} refs/heads/main`],
    ["one ref twice", `${ZERO} ${"1".repeat(40)} refs/heads/a\n${ZERO} ${"1".repeat(40)} refs/heads/a\n`],
  ])("denies %s on standard input (bad-input)", (_, input) =>
    withServer(policyOf([mainRule]), (server) => {
      const result = server.callHook("pre-receive", input);
      expect(result.status).toBe(1);
      expect(result.text).toContain("bad-input");
    }),
  );

  it("lets a push of nothing pass", () =>
    withServer(policyOf([mainRule]), (server) => {
      expect(server.callHook("pre-receive", "").status).toBe(0);
    }));

  it("denies an object that is not there by name (missing-object)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const result = server.callHook("pre-receive", `${ZERO} ${"1".repeat(40)} refs/heads/main\n`);
      expect(result.status).toBe(1);
      expect(result.text).toContain("missing-object");
    }));

  it("denies a ref that no rule names (ref-unmatched)", () =>
    withServer(policyOf([mainRule]), (server) => {
      expect(server.push([`${server.commit(alice)}:refs/heads/other`]).text).toContain("ref-unmatched");
    }));

  it.each(["refs/replace/1111111111111111111111111111111111111111", "refs/signpolicy/marks/alice", "refs/x/HEAD"])(
    "denies %s even where a pattern names every ref (ref-unmatched)",
    (ref) =>
      withServer(policyOf([{ ...mainRule, refs: ["refs/**"] }]), (server) => {
        const result = server.push([`${server.commit(alice)}:${ref}`]);
        expect(result.status).not.toBe(0);
        expect(result.text).toContain("ref-unmatched");
      }),
  );

  it("judges a symbolic ref as the ref that it names, too (unsigned)", () =>
    withServer(policyOf([guarded], { unmatched: "allow" }), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      server.server.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
      const bad = server.commit(null, { parents: [first] });
      expect(server.push([`${bad}:refs/heads/alias`]).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBe(first);
    }));

  it("denies a tag or a tree under refs/heads/ (malformed)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const commit = server.commit(alice);
      const tag = server.tag(alice, "main", commit);
      const tree = server.tree({ a: "b" });
      // git itself refuses these from an honest client, so the hook is asked directly.
      server.server.run("git", ["fetch", "-q", server.clone.dir, `${tag}:refs/keep/tag`, `${tree}:refs/keep/tree`]);
      for (const oid of [tag, tree]) {
        const result = server.callHook("pre-receive", `${ZERO} ${oid} refs/heads/main\n`);
        expect(result.status).toBe(1);
        expect(result.text).toContain("malformed");
      }
    }));

  it("refuses under GIT_NAMESPACE, where refs are not the ones that the rules name (bad-input)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const env = { GIT_NAMESPACE: "other" };
      expect(server.callHook("pre-receive", `${ZERO} ${"1".repeat(40)} refs/heads/main\n`, env).text).toContain(
        "bad-input",
      );
    }));
});

describe("tags", () => {
  it("accepts a signed tag of a judged commit and refuses it under another name (tag-name-mismatch)", () =>
    withServer(policyOf([mainRule, releases]), (server) => {
      const commit = server.commit(alice);
      const tag = server.tag(alice, "v1", commit);
      expect(server.push([`${commit}:refs/heads/main`, `${tag}:refs/tags/v1`]).status).toBe(0);
      expect(server.push([`${tag}:refs/tags/v9`]).text).toContain("tag-name-mismatch");
    }));

  it.each([
    ["an unsigned tag", "unsigned-tag"],
    ["a lightweight tag", "lightweight-tag"],
    ["a tag by a stranger's key", "unknown-key"],
    ["a tag of a tree", "tag-target"],
    ["a tag of a commit that no branch rule judged", "tag-target"],
    ["a signed tag of an unsigned tag", "unsigned-tag"],
    ["a tag of a tag of a tree", "tag-target"],
  ] as const)("refuses %s (%s)", (what, code) =>
    withServer(policyOf([mainRule, releases]), async (server) => {
      const { eve } = await import("../support/push-server.ts");
      const commit = server.commit(alice);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
      const tree = server.tree({ a: "b" });
      const value = {
        "an unsigned tag": () => server.tag(null, "v1", commit),
        "a lightweight tag": () => commit,
        "a tag by a stranger's key": () => server.tag(eve, "v1", commit),
        "a tag of a tree": () => server.tag(alice, "v1", tree, "tree"),
        "a tag of a commit that no branch rule judged": () => server.tag(alice, "v1", server.commit(alice)),
        "a signed tag of an unsigned tag": () => server.tag(alice, "v1", server.tag(null, "inner", commit), "tag"),
        "a tag of a tag of a tree": () => server.tag(alice, "v1", server.tag(alice, "inner", tree, "tree"), "tag"),
      }[what]();
      const result = server.push([`${value}:refs/tags/v1`]);
      expect(result.text).toContain(code);
      expect(server.value("refs/tags/v1")).toBeNull();
    }),
  );

  it("refuses to move and to delete a release tag (ref-rollback, ref-deletion)", () =>
    withServer(policyOf([mainRule, releases]), (server) => {
      const commit = server.commit(alice);
      const tag = server.tag(alice, "v1", commit);
      expect(server.push([`${commit}:refs/heads/main`, `${tag}:refs/tags/v1`]).status).toBe(0);
      const next = server.commit(alice, { parents: [commit] });
      const moved = server.tag(alice, "v1", next);
      expect(server.push([`${next}:refs/heads/main`, `+${moved}:refs/tags/v1`]).text).toContain("ref-rollback");
      expect(server.push([":refs/tags/v1"]).text).toContain("ref-deletion");
      expect(server.value("refs/tags/v1")).toBe(tag);
    }));
});
