/**
 * Attack: a ref that is another name for a ref (symbolic-ref): a push to the alias moves the ref behind it, under the
 * alias's rules alone; where the ref behind it does not exist yet, git does not even list the alias, and creates the other.
 * Stopped by: both names' rules judge (check/push-plan.ts), and an alias that leads nowhere is refused (io/dangling-refs.ts).
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, mainRule, policyOf, withServer } from "../support/push-server.ts";

const releases = { name: "releases", refs: ["refs/tags/v*"], tags: { signedBy: ["devs"] } };
const open = policyOf([mainRule, releases], { unmatched: "allow" });

describe("a push to a symbolic ref", () => {
  it("is judged as one to the ref it names, and passes where that does (unsigned)", () =>
    withServer(open, (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      server.server.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
      server.server.git(["symbolic-ref", "refs/heads/far", "refs/heads/alias"]);
      for (const alias of ["alias", "far"]) {
        const old = server.value("refs/heads/main") ?? "";
        const bad = server.commit(null, { parents: [old] });
        expect(server.push([`${bad}:refs/heads/${alias}`]).text).toContain("unsigned");
        const good = server.commit(alice, { parents: [old] });
        expect(server.push([`${good}:refs/heads/${alias}`]).status).toBe(0);
        expect(server.value("refs/heads/main")).toBe(good);
      }
    }));

  it("is refused where it names a branch that is not born, which the push would create (bad-input)", () =>
    withServer(open, (server) => {
      server.server.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
      const bad = server.commit(null);
      const refused = server.push([`${bad}:refs/heads/alias`]);
      expect(refused.text).toContain("bad-input");
      expect(refused.text).toContain("refs/heads/main");
      expect(server.value("refs/heads/main")).toBeNull();
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).toBe(0);
    }));

  it("is refused where it is an old kind of alias, a symbolic link (bad-input)", () =>
    withServer(open, (server) => {
      mkdirSync(join(server.server.gitDir, "refs/heads"), { recursive: true });
      symlinkSync("main", join(server.server.gitDir, "refs/heads/linked"));
      symlinkSync("refs/heads/main", join(server.server.gitDir, "refs/heads/odd"));
      for (const name of ["linked", "odd"]) {
        expect(server.push([`${server.commit(null)}:refs/heads/${name}`]).status).not.toBe(0);
      }
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("is refused where a file of the ref's name is broken, as after a crash (bad-input)", () =>
    withServer(open, (server) => {
      mkdirSync(join(server.server.gitDir, "refs/heads"), { recursive: true });
      writeFileSync(join(server.server.gitDir, "refs/heads/torn"), "");
      expect(server.push([`${server.commit(alice)}:refs/heads/torn`]).status).not.toBe(0);
      expect(server.pushRaw("refs/heads/torn", server.commit(alice)).text).toContain("bad-input");
    }));

  it("puts no tag under another name, nor a tag object under a branch (tag-name-mismatch, malformed)", () =>
    withServer(
      policyOf([mainRule, { ...releases, tags: { ...releases.tags, move: "allow" } }], { unmatched: "allow" }),
      (server) => {
        const first = server.commit(alice);
        const tag = server.tag(alice, "v1", first);
        expect(server.push([`${first}:refs/heads/main`, `${tag}:refs/tags/v1`]).status).toBe(0);
        server.server.git(["symbolic-ref", "refs/tags/latest", "refs/tags/v1"]);
        server.server.git(["symbolic-ref", "refs/alias/main", "refs/heads/main"]);
        const latest = server.tag(alice, "latest", first);
        expect(server.push([`+${latest}:refs/tags/latest`]).text).toContain("tag-name-mismatch");
        expect(server.value("refs/tags/v1")).toBe(tag);
        expect(server.pushRaw("refs/alias/main", server.tag(alice, "main", first)).text).toContain("malformed");
      },
    ));
});
