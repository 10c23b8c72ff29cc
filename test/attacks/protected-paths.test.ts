/**
 * Attack: a change of a protected path that a rule for paths does not see: under another spelling that some file system
 * keeps in the same place, as a mode, a link or a submodule, by a rename, in a merge, in a root commit, behind trees that
 * are too many to compare.
 * Stopped by: comparing raw trees (check/tree-changes.ts) with folded names (policy/path-folding.ts), merges by their
 * file-level three-way result (check/merged-entry.ts).
 */
import { describe, expect, it } from "@jest/globals";
import {
  alice,
  bob,
  mainRule,
  policyOf,
  type PushResult,
  type PushServer,
  withServer,
} from "../support/push-server.ts";

const tooling = {
  name: "tooling",
  paths: ["ci/**", "package.json", "secret/key.pem"],
  commits: { signedBy: ["alice"] },
};
const policy = policyOf([mainRule, tooling]);

/** alice's first commit, on main, with everything that is protected. */
function begin(server: PushServer, files: Readonly<Record<string, string>> = {}): string {
  const root = server.commit(alice, { files: { "ci/run": "1", "package.json": "{}", "src/a": "1", ...files } });
  expect(server.push([`${root}:refs/heads/main`])).toMatchObject({ status: 0 });
  return root;
}

/** Pushes to main; the hook's lines, which are folded at 70 characters, in one. */
function pushMain(server: PushServer, oid: string): PushResult {
  const { status, text } = server.push([`${oid}:refs/heads/main`]);
  return { status, text: text.replace(/\s+remote: (?:error|hint):\s+/g, " ") };
}

/** A tree of raw entries: `mode name` to id. */
function rawTree(server: PushServer, entries: readonly (readonly [string, string, string])[]): string {
  const parts = entries.map(([mode, name, oid]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex")]),
  );
  return server.clone.write("tree", Buffer.concat(parts));
}

type Line = readonly [string, string, string];

/** A tree with or without a protected file. */
const treeWith = (server: PushServer, deploy: string | null, more: Readonly<Record<string, string>> = {}): string =>
  server.tree({ "src/a": "1", ...(deploy === null ? {} : { "ci/deploy": deploy }), ...more });

describe("changes of protected paths", () => {
  it("takes bob's commits elsewhere, and his changes of ci/ only from alice (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const elsewhere = server.commit(bob, { parents: [root], files: { "src/a": "2" } });
      expect(pushMain(server, elsewhere).status).toBe(0);
      const inside = server.commit(bob, { parents: [elsewhere], files: { "ci/run": "2" } });
      const refused = pushMain(server, inside);
      expect(refused.status).not.toBe(0);
      expect(refused.text).toContain("signer-not-permitted");
      expect(refused.text).toContain("ci/run");
      const hers = server.commit(alice, { parents: [elsewhere], files: { "ci/run": "2" } });
      expect(pushMain(server, hers).status).toBe(0);
    }));

  it("sees a root commit as a change of all it holds (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      expect(pushMain(server, server.commit(bob, { files: { "ci/run": "1" } })).text).toContain("signer-not-permitted");
      expect(pushMain(server, server.commit(bob, { files: { "src/a": "1" } })).status).toBe(0);
    }));

  it("sees a deletion, and a rename as the deletion it is (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const run = server.clone.git(["rev-parse", `${root}:ci/run`]);
      const tree = rawTree(server, [["100644", "moved", run]]);
      const renamed = server.commit(bob, { parents: [root], tree });
      expect(pushMain(server, renamed).text).toMatch(/signer-not-permitted.*ci\/run \(deleted\)/);
    }));

  it.each([
    ["a mode", "100755", "mode 100644 to 100755"],
    ["a symbolic link", "120000", "file becomes symbolic link"],
    ["a submodule", "160000", "file becomes submodule"],
  ])("names %s for what it is (signer-not-permitted)", (_, mode, words) =>
    withServer(policy, (server) => {
      const root = begin(server);
      const at = server.clone.git(["rev-parse", `${root}:package.json`]);
      const others = server.clone
        .git(["ls-tree", root])
        .split("\n")
        .map((line) => /^(\d+) \w+ (\w+)\t(.*)$/.exec(line)?.slice(1) ?? [])
        .map(([was = "", oid = "", name = ""]) => [was.replace(/^0/, ""), name, oid] as const);
      const entries = others.map((entry) => (entry[1] === "package.json" ? ([mode, entry[1], at] as const) : entry));
      const result = pushMain(server, server.commit(bob, { parents: [root], tree: rawTree(server, entries) }));
      expect(result.text).toContain("signer-not-permitted");
      expect(result.text).toContain(words);
    }),
  );

  it("sees a link in the place of a protected folder (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const target = server.clone.write("blob", Buffer.from("elsewhere"));
      const base = server.clone.git(["ls-tree", root]).split("\n");
      const entries = base
        .map((line) => /^0?(\d+) \w+ (\w+)\t(.*)$/.exec(line)?.slice(1) ?? [])
        .map(([mode = "", oid = "", name = ""]) => [mode, name, oid] as const);
      const tree = rawTree(server, [...entries.slice(0, 2), ["120000", "secret", target], ...entries.slice(2)]);
      expect(pushMain(server, server.commit(bob, { parents: [root], tree })).text).toContain("signer-not-permitted");
    }));

  it.each([
    ["upper case", "CI/run"],
    ["a dotted capital", "pac\u212Aage.json"],
    ["an invisible character (HFS+)", "c\u200Ci/run"],
    ["a full-width letter", "\uFF43i/run"],
    ["a trailing dot (Windows)", "package.json."],
    ["a stream (NTFS)", "package.json::$DATA"],
    ["a short name (NTFS)", "PACKAG~1.JSO"],
    ["a backslash (Windows)", "ci\\run"],
  ])("protects a path under %s (signer-not-permitted)", (_, path) =>
    withServer(policy, (server) => {
      const blob = server.clone.write("blob", Buffer.from("evil"));
      const [folder = "", file] = path.split("/");
      const inner = file === undefined ? null : rawTree(server, [["100644", file, blob]]);
      const name = Buffer.from(folder).toString("latin1");
      const tree = rawTree(server, [inner === null ? ["100644", name, blob] : ["40000", name, inner]]);
      const commit = server.commit(bob, { tree });
      expect(server.pushRaw("refs/heads/main", commit).text).toContain("signer-not-permitted");
      expect(server.pushRaw("refs/heads/main", server.commit(alice, { tree })).status).toBe(0);
    }),
  );

  it.each([
    ["a line end", "ci/ru\nn"],
    ["bytes that are no UTF-8", "ci/\xff\xfe"],
    ["a dot file", "ci/.hidden"],
  ])("protects names with %s, and shows them escaped (signer-not-permitted)", (_, path) =>
    withServer(policy, (server) => {
      const blob = server.clone.write("blob", Buffer.from("evil"));
      const inner = rawTree(server, [["100644", path.slice(3), blob]]);
      const commit = server.commit(bob, { tree: rawTree(server, [["40000", "ci", inner]]) });
      const { text } = server.pushRaw("refs/heads/main", commit);
      expect(text).toContain("signer-not-permitted");
      expect(text).not.toContain("ru\nn");
    }),
  );

  it("is not led astray by the mode of a folder written with a zero (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const blob = server.clone.write("blob", Buffer.from("evil"));
      const inner = rawTree(server, [["100644", "run", blob]]);
      const commit = server.commit(bob, { tree: rawTree(server, [["040000", "ci", inner]]) });
      expect(server.pushRaw("refs/heads/main", commit).text).toContain("signer-not-permitted");
    }));

  it("gives up with a verdict on trees that hold more paths than can be looked at (resource-limit)", () =>
    withServer(policyOf([mainRule, { ...tooling, paths: ["**/never"] }]), (server) => {
      const blob = server.clone.write("blob", Buffer.from(""));
      let tree = rawTree(server, [["100644", "a", blob]]);
      for (let depth = 0; depth < 12; depth += 1) {
        tree = rawTree(
          server,
          ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map((name) => ["40000", name, tree] as const),
        );
      }
      expect(pushMain(server, server.commit(bob, { tree })).text).toContain("resource-limit");
    }));
});

describe("merges and protected paths", () => {
  it("takes a merge that gives each file the three-way result, and none that makes its own (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const main = server.commit(alice, { parents: [root], files: { "ci/run": "2" } });
      expect(pushMain(server, main).status).toBe(0);
      const side = server.commit(bob, { parents: [root], files: { "src/a": "2" } });
      const merge = (files: Record<string, string>) => server.commit(bob, { parents: [main, side], files });
      const evil = pushMain(server, merge({ "src/a": "2", "ci/run": "3" }));
      expect(evil.text).toContain("signer-not-permitted");
      expect(evil.text).toContain("in the merge itself");
      expect(pushMain(server, merge({ "src/a": "2", "ci/run": "1" })).text).toContain("signer-not-permitted");
      expect(pushMain(server, merge({ "src/a": "2" })).status).toBe(0);
    }));

  it("asks who made the change on the side that the merge brings in (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const side = server.commit(bob, { parents: [root], files: { "ci/run": "9" } });
      const merge = server.commit(alice, { parents: [root, side], files: { "ci/run": "9" } });
      expect(pushMain(server, merge).text).toContain("signer-not-permitted");
    }));

  it("asks for a signature where two ancestors in common give two results (criss-cross, signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const one = server.commit(alice, { parents: [root], files: { "ci/run": "2" } });
      const two = server.commit(alice, { parents: [root], files: { "ci/run": "3" } });
      const left = server.commit(alice, { parents: [one, two], files: { "ci/run": "2" } });
      const right = server.commit(alice, { parents: [two, one], files: { "ci/run": "3" } });
      const byBob = server.commit(bob, { parents: [left, right] });
      expect(pushMain(server, byBob).text).toContain("signer-not-permitted");
      expect(pushMain(server, server.commit(alice, { parents: [left, right] })).status).toBe(0);
    }));

  it.each([
    ["the state before, as second parent", ([, c1, c2]: Line) => [c2, c1]],
    ["the state before, as first parent", ([, c1, c2]: Line) => [c1, c2]],
    ["both states before (an octopus)", ([c0, c1, c2]: Line) => [c2, c1, c0]],
    ["both states before, the oldest first", ([c0, c1, c2]: Line) => [c0, c1, c2]],
  ])("brings nothing back by merging %s (signer-not-permitted)", (_, parents) =>
    withServer(policy, (server) => {
      for (const [good, bad] of [
        ["good", "vulnerable"],
        [null, "vulnerable"],
        ["guard", null],
      ] as const) {
        const c0 = server.commit(alice, { tree: treeWith(server, good) });
        const c1 = server.commit(alice, { parents: [c0], tree: treeWith(server, bad) });
        const c2 = server.commit(alice, { parents: [c1], tree: treeWith(server, good) });
        server.push([`+${c2}:refs/heads/main`]);
        expect(server.value("refs/heads/main")).toBe(c2);
        const byBob = (deploy: string | null): string =>
          server.commit(bob, { parents: parents([c0, c1, c2]), tree: treeWith(server, deploy, { "src/a": "2" }) });
        expect(server.push([`+${byBob(bad)}:refs/heads/main`]).text).toContain("signer-not-permitted");
        expect(server.push([`+${byBob(good)}:refs/heads/main`]).status).toBe(0);
        expect(server.verify(["refs/heads/main"]).status).toBe(0);
      }
    }),
  );

  it("takes a deletion over, and lets what was deleted rest, by whichever side (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = server.commit(alice, { tree: treeWith(server, "old") });
      const gone = server.commit(alice, { parents: [root], tree: treeWith(server, null) });
      expect(pushMain(server, gone).status).toBe(0);
      const side = server.commit(bob, { parents: [root], tree: treeWith(server, "old", { "src/b": "1" }) });
      for (const parents of [
        [gone, side],
        [side, gone],
      ]) {
        const merge = (deploy: string | null): string =>
          server.commit(bob, { parents, tree: treeWith(server, deploy, { "src/b": "1" }) });
        expect(server.push([`+${merge("old")}:refs/heads/main`]).text).toContain("signer-not-permitted");
        expect(server.push([`+${merge(null)}:refs/heads/main`]).status).toBe(0);
      }
    }));

  it("merges more branches than anybody does only where they agree on what is protected (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const changed = server.commit(alice, { parents: [root], files: { "ci/run": "2" } });
      expect(pushMain(server, changed).status).toBe(0);
      const sides = server.commits(alice, 70, [root]);
      const tree = server.tree({}, changed);
      expect(pushMain(server, server.commit(bob, { parents: [changed, ...sides], tree })).text).toContain(
        "signer-not-permitted",
      );
      expect(pushMain(server, server.commit(alice, { parents: [changed, ...sides], tree })).status).toBe(0);
    }));

  it("sees through an octopus that slips a change in (signer-not-permitted)", () =>
    withServer(policy, (server) => {
      const root = begin(server);
      const sides = ["b", "c"].map((name) => server.commit(bob, { parents: [root], files: { [`src/${name}`]: "1" } }));
      const files = { "src/b": "1", "src/c": "1" };
      const evil = server.commit(bob, { parents: [root, ...sides], files: { ...files, "package.json": "[]" } });
      expect(pushMain(server, evil).text).toContain("signer-not-permitted");
      expect(pushMain(server, server.commit(bob, { parents: [root, ...sides], files })).status).toBe(0);
    }));
});

describe("where a rule for paths holds", () => {
  const wip = { name: "wip", refs: ["refs/heads/wip/**"], commits: { signedBy: ["*"], level: "warn" } };

  it("is every ref that another rule names at error level, and no other", () =>
    withServer(policyOf([mainRule, wip, tooling]), (server) => {
      const root = begin(server);
      const change = server.commit(bob, { parents: [root], files: { "ci/run": "2" } });
      expect(server.push([`${change}:refs/heads/wip/x`]).status).toBe(0);
      expect(pushMain(server, change).text).toContain("signer-not-permitted");
    }));

  it("names no ref itself (ref-unmatched)", () =>
    withServer(policyOf([mainRule, tooling]), (server) => {
      const root = begin(server);
      expect(server.push([`${root}:refs/heads/other`]).text).toContain("ref-unmatched");
    }));

  it("is its own refs where it names some", () =>
    withServer(policyOf([mainRule, wip, { ...tooling, refs: ["refs/heads/wip/**"] }]), (server) => {
      const root = begin(server);
      const change = server.commit(bob, { parents: [root], files: { "ci/run": "2" } });
      expect(server.push([`${change}:refs/heads/wip/x`]).text).toContain("signer-not-permitted");
      expect(pushMain(server, change).status).toBe(0);
    }));

  it("vouches for no tag's target (tag-target)", () => {
    const tags = { name: "tags", refs: ["refs/tags/v*"], tags: { signedBy: ["alice"] } };
    const paths = { ...tooling, refs: ["refs/tags/v*", "refs/heads/wip/**"] };
    return withServer(policyOf([mainRule, wip, tags, paths]), (server) => {
      const stray = server.commit(null, { files: { other: "1" } });
      const tag = server.tag(alice, "v1", stray);
      expect(server.push([`${stray}:refs/heads/wip/a`, `${tag}:refs/tags/v1`]).text).toContain("tag-target");
    });
  });

  it("is judged by `verify` alike", () =>
    withServer(policyOf([mainRule]), (server) => {
      const root = begin(server);
      expect(pushMain(server, server.commit(bob, { parents: [root], files: { "ci/run": "2" } })).status).toBe(0);
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
      server.setPolicy(policy);
      const denied = server.verify(["refs/heads/main"]);
      expect(denied.status).toBe(1);
      expect(denied.text).toContain("signer-not-permitted");
    }));
});
