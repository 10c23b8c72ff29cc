/**
 * Attacks 59, 74 and 75, and what git's versions disagree about: names that could be taken for an option or for another
 * ref, trees that want to be checked out, programs whose word differs from machine to machine.
 * Stopped by: full ref names and ids on standard input alone (io/revisions.ts), plumbing that never writes a work tree, and
 * signatures verified in process.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const ZERO = "0".repeat(40);
const MAIN = "refs/heads/main";
const tags = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };

/** The real git and a gpg of ours, both noted with what they were asked for. */
function watched(server: PushServer): { PATH: string; asked: () => string[] } {
  const folder = join(server.server.root, "bin");
  mkdirSync(folder);
  const real = server.server.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
  for (const name of ["git", "gpg", "gpg2", "gpgsm", "ssh-keygen"]) {
    const then = name === "git" ? `exec '${real}' "$@"` : "exit 0";
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >>'${folder}/asked'\n${then}\n`, { mode: 0o755 });
  }
  return {
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
    asked: () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n"),
  };
}

describe("a branch that bears a tag's name, or an object's (rule 59)", () => {
  it("is judged as the ref it is, and the policy's ref is read by its full name", () =>
    withServer(policyOf([mainRule, tags], { unmatched: "allow" }), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      const bad = server.commit(null);
      for (const name of [`refs/tags/main`, `refs/heads/${first}`, "refs/heads/v1"]) {
        const { status } = server.push([`${bad}:${name}`]);
        expect([name, status === 0]).toEqual([name, !name.startsWith("refs/tags/")]);
      }
      expect(server.push([`${server.commit(null, { parents: [first] })}:${MAIN}`]).text).toContain("unsigned");
      const tip = server.commit(alice, { parents: [first] });
      expect(server.push([`${tip}:${MAIN}`, `${server.tag(alice, "v1", first)}:refs/tags/v1`]).status).toBe(0);
    }));
});

describe("what looks like an option of git (rule 74)", () => {
  it.each(["refs/heads/--output=x", "refs/heads/-n", "refs/heads/--all"])(
    "is a ref's name and nothing else: %s",
    (ref) =>
      withServer(policyOf([{ ...mainRule, refs: ["refs/heads/**"] }]), (server) => {
        const good = server.commit(alice);
        const bad = server.commit(null);
        server.share();
        expect(server.callHook("pre-receive", `${ZERO} ${bad} ${ref}\n`).text).toContain("unsigned");
        expect(server.callHook("pre-receive", `${ZERO} ${good} ${ref}\n`).status).toBe(0);
        expect(existsSync(join(server.server.dir, "x"))).toBe(false);
      }),
  );

  it("is no object id either (bad-input)", () =>
    withServer(policyOf([mainRule]), (server) => {
      for (const id of ["--output=x", "HEAD", "-".repeat(40), "a".repeat(39)]) {
        expect(server.callHook("pre-receive", `${ZERO} ${id} ${MAIN}\n`).text).toContain("bad-input");
      }
    }));
});

describe("a pushed tree is never checked out (rule 75)", () => {
  it("so that links, submodules and filters in it do nothing", () =>
    withServer(policyOf([mainRule]), (server) => {
      const canary = join(server.server.root, "ran");
      server.server.config("filter.evil.smudge", `touch '${canary}'`);
      server.server.config("filter.evil.clean", `touch '${canary}'`);
      const link = server.clone.write("blob", Buffer.from(`${server.server.dir}/hooks`));
      const attributes = server.clone.write("blob", Buffer.from("* filter=evil\n"));
      const lines = [
        `100644 blob ${attributes}\t.gitattributes`,
        `120000 blob ${link}\ta`,
        `160000 commit ${"1".repeat(40)}\tsub`,
      ];
      const tree = server.clone.git(["mktree", "--missing"], { input: `${lines.join("\n")}\n` });
      expect(server.push([`${server.commit(alice, { tree })}:${MAIN}`]).text).toContain("-> main");
      expect(existsSync(canary)).toBe(false);
    }));
});

describe("programs of the machine", () => {
  it("asks neither gpg nor git what a signature is worth, which differs between git 2.53 and 2.54, and with gpg absent", () =>
    withServer(policyOf([mainRule]), (server) => {
      const good = server.commit(alice);
      const bad = server.tamper(good);
      server.share();
      const { PATH, asked } = watched(server);
      for (const [oid, status] of [
        [good, 0],
        [bad, 1],
      ] as const) {
        expect(server.callHook("pre-receive", `${ZERO} ${oid} ${MAIN}\n`, { PATH }).status).toBe(status);
      }
      const commands = asked().map((line) =>
        line
          .replace(/ -c \S+| --no-pager| --literal-pathspecs/g, "")
          .split(" ", 2)
          .join(" "),
      );
      const plumbing = ["config", "cat-file", "rev-list", "for-each-ref", "merge-base", "symbolic-ref", "rev-parse"];
      expect(commands.filter((command) => !plumbing.includes(command.replace(/^git /, "")))).toEqual([]);
    }));

  it("a hook manager that changes directory must keep GIT_DIR whole: a relative one denies, an absolute one is judged", () =>
    withServer(policyOf([mainRule]), (server) => {
      const good = server.commit(alice);
      server.share();
      const call = (directory: string): number | null =>
        server.server.run(process.execPath, [BIN, "hook", "pre-receive"], {
          input: `${ZERO} ${good} ${MAIN}\n`,
          cwd: server.server.root,
          env: { GIT_DIR: directory },
        }).status;
      expect(call(".")).not.toBe(0);
      expect(call(server.server.gitDir)).toBe(0);
      expect(server.callHook("pre-receive", `${ZERO} ${good} ${MAIN}\n`).status).toBe(0);
    }));
});
