/** What servers meet every day, and what broke other tools: mixed pushes, many refs, odd objects, killed hooks, hostile words. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sshSig } from "../support/ssh.ts";
import { alice, bob, eve, mainRule, policyOf, principal, withServer, type PushServer } from "../support/push-server.ts";

const branches = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
const releases = { name: "releases", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };
const now = Math.floor(Date.now() / 1000);

/** The same git, and how often it was started. */
function countingGit(server: PushServer): { env: { PATH: string }; calls: () => number } {
  const folder = join(server.server.root, "bin");
  mkdirSync(folder);
  const real = server.server.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
  writeFileSync(join(folder, "git"), `#!/bin/sh\necho x >>'${folder}/calls'\nexec '${real}' "$@"\n`, { mode: 0o755 });
  return {
    env: { PATH: `${folder}:${process.env["PATH"] ?? ""}` },
    calls: () => readFileSync(join(folder, "calls"), "utf8").length / 2,
  };
}

describe("a push of several refs", () => {
  it("is refused as a whole, each ref with its own reasons", () =>
    withServer(policyOf([{ ...branches, updates: { delete: "deny" } }, releases]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`, `${first}:refs/heads/old`]).status).toBe(0);
      const result = server.push([
        `${server.commit(alice, { parents: [first] })}:refs/heads/main`,
        `${server.commit(null, { parents: [first] })}:refs/heads/unsigned`,
        ":refs/heads/old",
        `${first}:refs/tags/light`,
        `${server.tag(eve, "v1", first)}:refs/tags/v1`,
        `${server.tag(alice, "v2", first)}:refs/tags/v2`,
      ]);
      for (const code of ["unsigned", "ref-deletion", "lightweight-tag", "unknown-key"])
        expect(result.text).toContain(code);
      expect(server.server.git(["for-each-ref", "--format=%(refname)"]).split("\n")).toEqual([
        "refs/heads/main",
        "refs/heads/old",
      ]);
      expect(server.value("refs/heads/main")).toBe(first);
    }));

  it("may hold nothing but deletions, which bring no quarantine", () =>
    withServer(policyOf([branches]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/a`, `${first}:refs/heads/b`]).status).toBe(0);
      expect(server.push([":refs/heads/a", ":refs/heads/b"]).status).toBe(0);
      expect(server.server.git(["for-each-ref"])).toBe("");
    }));

  it(
    "of 3,000 refs of one commit passes, and one unsigned among others is found (unsigned)",
    () =>
      withServer(policyOf([branches]), (server) => {
        const first = server.commit(alice);
        const refs = Array.from({ length: 3000 }, (_, n) => `${first}:refs/heads/many/${String(n)}`);
        expect(server.push(refs).status).toBe(0);
        const bad = server.commit(null, { parents: [first] });
        expect(server.push([`${first}:refs/heads/one`, `${bad}:refs/heads/two`]).text).toContain("unsigned");
      }),
    120_000,
  );

  it(
    "of 3,000 refs with a tip each starts git a few times, and one unsigned or rewound among them is found (unsigned, ref-rollback)",
    () =>
      withServer(policyOf([{ ...branches, updates: { force: "deny" } }]), (server) => {
        const first = server.commit(alice);
        const tips = server.commits(alice, 3000, [first]);
        const names = tips.map((_, n) => `refs/heads/topic/${String(n)}`);
        const input = (from: readonly string[], to: readonly string[]): string =>
          names
            .slice(0, to.length)
            .map((name, n) => `${from[n] ?? ""} ${to[n] ?? ""} ${name}\n`)
            .join("");
        const zeros = names.map(() => "0".repeat(40));
        const bad = server.commits(null, 1, [first])[0] ?? first;
        const next = server.commits(alice, 300, tips);
        server.share();
        const counted = countingGit(server);
        const call = (from: readonly string[], to: readonly string[]) =>
          server.callHook("pre-receive", input(from, to), counted.env);
        expect(call(zeros, tips)).toMatchObject({ status: 0, text: "" });
        expect(call(zeros, tips.with(1234, bad)).text).toContain("unsigned");
        // Standing there when the rule is first met, they are its baseline.
        server.server.git(["update-ref", "--stdin"], {
          input: names.map((name, n) => `create ${name} ${tips[n] ?? ""}\n`).join(""),
        });
        expect(call(tips, next)).toMatchObject({ status: 0, text: "" });
        expect(call(tips, next.with(200, first)).text).toContain("ref-rollback");
        expect(counted.calls()).toBeLessThan(4 * 30);
      }),
    300_000,
  );

  it("takes orphan branches and several roots, each judged to its end (unsigned)", () =>
    withServer(policyOf([branches]), (server) => {
      expect(
        server.push([`${server.commit(alice)}:refs/heads/main`, `${server.commit(bob)}:refs/heads/docs`]).status,
      ).toBe(0);
      const hidden = server.commit(alice, { parents: [server.commit(null)] });
      const merge = server.commit(alice, { parents: [server.value("refs/heads/main") ?? "", hidden] });
      expect(server.push([`${merge}:refs/heads/main`]).text).toContain("unsigned");
    }));
});

describe("sha256 repositories", () => {
  it("take signed tags and refuse others (unsigned-tag)", () =>
    withServer(
      policyOf([mainRule, releases]),
      (server) => {
        const first = server.commit(alice);
        expect(server.push([`${first}:refs/heads/main`, `${server.tag(alice, "v1", first)}:refs/tags/v1`]).status).toBe(
          0,
        );
        expect(server.push([`${server.tag(null, "v2", first)}:refs/tags/v2`]).text).toContain("unsigned-tag");
        expect(server.push([":refs/tags/v1"]).text).toContain("ref-deletion");
      },
      "sha256",
    ));
});

describe("who signed, and when", () => {
  const retiredAlice = {
    alice: principal(alice),
    bob: principal(bob, {
      keys: [
        { ssh: bob.key.line.trim(), retired: new Date((now - 86_400) * 1000).toISOString().replace(/\.\d+Z/, "Z") },
      ],
    }),
  };

  it("refuses a key that the policy lists for another e-mail (identity-mismatch)", () =>
    withServer(policyOf([mainRule]), (server) => {
      expect(server.push([`${server.commit(alice, { email: bob.email })}:refs/heads/main`]).text).toContain(
        "identity-mismatch",
      );
    }));

  it("refuses a commit dated into the good days of a retired key, alone and between good ones (key-retired)", () =>
    withServer(policyOf([mainRule], { principals: retiredAlice }), (server) => {
      const date = now - 2 * 86_400;
      const old = server.commit(bob, { date });
      expect(server.push([`${old}:refs/heads/main`]).text).toContain("key-retired");
      const between = server.commit(alice, { parents: [server.commit(bob, { parents: [server.commit(alice)] })] });
      expect(server.push([`${between}:refs/heads/main`]).text).toContain("key-retired");
    }));

  it("refuses a commit from the future, and allows for clocks that differ by minutes (signature-in-future)", () =>
    withServer(policyOf([mainRule]), (server) => {
      expect(server.push([`${server.commit(alice, { date: now + 3600 })}:refs/heads/main`]).text).toContain(
        "signature-in-future",
      );
      expect(server.push([`${server.commit(alice, { date: now + 120 })}:refs/heads/main`]).status).toBe(0);
    }));
});

describe("odd objects", () => {
  const bytesOf = (server: PushServer, oid: string): string => server.clone.raw("commit", oid).toString("latin1");
  const pushBytes = (server: PushServer, text: string) =>
    server.pushRaw("refs/heads/main", server.clone.write("commit", Buffer.from(text, "latin1")));

  it("judges by the bytes: two signatures, the other algorithm's header, an encoding, CR LF in the armor", () =>
    withServer(policyOf([mainRule]), (server) => {
      const raw = bytesOf(server, server.commit(alice));
      const header = /gpgsig (?:.*\n )*.*\n/.exec(raw)?.[0] ?? "";
      const push = (text: string): string => pushBytes(server, text).text;
      expect(header).toContain("END SSH SIGNATURE");
      expect(push(raw.replace(header, header + header))).toContain("multiple-signatures");
      expect(push(raw.replace("gpgsig ", "gpgsig-sha256 "))).toContain("unsigned");
      expect(push(raw.replace("gpgsig ", "encoding latin1\ngpgsig "))).toContain("bad-signature");
      expect(push(raw.replace(/\n\ncommit/, "\nmergetag object x\n type y\n\ncommit"))).toContain("bad-signature");
      expect(push(`${raw.slice(0, -1)}\r\n`)).toContain("bad-signature");
      // No part of what is signed, and gpg and ssh-keygen read over them.
      const returned = header.replaceAll("\n", "\r\n").replace(/\r\n$/, "\n");
      expect(pushBytes(server, raw.replace(header, returned))).toMatchObject({ status: 0, text: "" });
      expect(push(raw)).toBe("");
    }));

  it("takes an encoding and the tag of a merge where they are signed with the rest (bad-signature)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const tree = server.tree({ a: "b" });
      const who = `alice <${alice.email}> ${String(now)} +0000`;
      const odd = ["encoding ISO-8859-1", `mergetag object ${"1".repeat(40)}`, " type commit", " tag v1", " ", " v1"];
      const head = [`tree ${tree}`, `author ${who}`, `committer ${who}`, ...odd].join("\n");
      const body = "\n\nna\xefve\n";
      const armor = Buffer.from(sshSig(alice.key, Buffer.from(`${head}${body}`, "latin1"))).toString("latin1");
      const signed = `${head}\ngpgsig ${armor.trimEnd().replaceAll("\n", "\n ")}${body}`;
      expect(pushBytes(server, signed)).toMatchObject({ status: 0, text: "" });
      expect(pushBytes(server, signed.replace("ISO-8859-1", "ISO-8859-15")).text).toContain("bad-signature");
      expect(pushBytes(server, signed.replace("tag v1", "tag v2")).text).toContain("bad-signature");
    }));

  it("refuses a signed tag of an unsigned commit, of a tag of one, and of a blob (tag-target, unsigned)", () =>
    withServer(policyOf([mainRule, releases, { ...mainRule, name: "marks", refs: ["refs/marks/**"] }]), (server) => {
      const first = server.commit(alice);
      const unsigned = server.commit(null, { parents: [first] });
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const blob = server.clone.write("blob", Buffer.from("x"));
      const nested = server.tag(alice, "inner", unsigned);
      for (const tag of [
        server.tag(alice, "v1", unsigned),
        server.tag(alice, "v1", nested, "tag"),
        server.tag(alice, "v1", blob, "blob"),
      ]) {
        expect(server.push([`${tag}:refs/tags/v1`]).text).toContain("tag-target");
      }
      // Where a rule for commits names the tag's ref, what it brings in is judged by that.
      expect(server.push([`${server.tag(null, "v1", unsigned)}:refs/marks/v1`]).text).toContain("unsigned");
      expect(server.push([`${server.tag(alice, "v1", first)}:refs/tags/v1`]).status).toBe(0);
    }));
});

describe("hostile words", () => {
  const hostile = "\x1b[31mred\x07\x9b2J \u202egnp.exe\nGL-HOOK-ERR: all is well\r\x00";

  it("in titles, names, e-mails and ref names come out as escapes, never as control bytes or lines of their own", () =>
    withServer(policyOf([branches]), (server) => {
      const words = hostile.split("\n");
      const message = `${words[0] ?? ""}\rGL-HOOK-ERR: all is well`;
      const commit = server.commit(eve, { message: Buffer.from(message).toString("latin1"), author: "e\x1b[1m@x" });
      const ref = Buffer.from("refs/heads/\u202e\x9b\u200bx").toString("latin1");
      const result = server.callHook(
        "pre-receive",
        (server.pushRaw("refs/heads/x", commit),
        `${"0".repeat(40)} ${commit} ${Buffer.from(ref, "latin1").toString()}\n`),
        { GL_ID: "user-1" },
      );
      expect(result.status).toBe(1);
      expect(result.text).not.toMatch(/[^\n\x20-\x7e]/);
      expect(result.text).not.toMatch(/^GL-HOOK-ERR: all is well/m);
      expect(result.text).toContain("\\x1b[31mred");
    }));
});

describe("a server in trouble", () => {
  it.each([
    ["an unreadable policy", (root: string) => writeFileSync(join(root, "policy.json"), "{")],
    ["a policy file that is gone", (root: string) => rmSync(join(root, "policy.json"))],
    ["a policy of a version nobody knows", (root: string) => writeFileSync(join(root, "policy.json"), '{"version":9}')],
  ])("refuses with a clear line: %s", (_, break_) =>
    withServer(policyOf([mainRule]), (server) => {
      const commit = server.commit(alice);
      break_(server.server.root);
      const result = server.push([`${commit}:refs/heads/main`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toMatch(/remote: error: .*policy/);
      expect(server.value("refs/heads/main")).toBeNull();
    }),
  );

  it("refuses when the hook is killed, or its verdict cannot be kept for the record", () =>
    withServer(policyOf([mainRule]), (server) => {
      const commit = server.commit(alice);
      const hook = join(server.server.gitDir, "hooks/pre-receive");
      const whole = readFileSync(hook);
      writeFileSync(hook, "#!/bin/sh\nkill -9 $$\n");
      expect(server.push([`${commit}:refs/heads/main`]).status).not.toBe(0);
      expect(server.value("refs/heads/main")).toBeNull();
      writeFileSync(hook, whole);
      // A file where the folder of the verdicts should be.
      const pending = join(server.server.gitDir, "signpolicy", "pending");
      mkdirSync(join(pending, ".."), { recursive: true });
      writeFileSync(pending, "");
      const refused = server.push([`${commit}:refs/heads/main`]);
      expect(refused.text).toContain("remote: error: signpolicy: cannot write");
      expect(server.value("refs/heads/main")).toBeNull();
      rmSync(pending);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
    }));

  it("goes on judging when a kept verdict is junk", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const junk = join(server.server.gitDir, `signpolicy/pending/${now}-x.json`);
      writeFileSync(junk, '{"policy":"","met":[],"updates":[{}]}');
      const next = server.commit(alice, { parents: [first] });
      expect(server.push([`${next}:refs/heads/main`]).text).not.toContain("internal error");
      expect(server.push([`${server.commit(null, { parents: [next] })}:refs/heads/main`]).text).toContain("unsigned");
    }));
});
