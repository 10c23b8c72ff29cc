/**
 * Attack 76: a push that is meant to exhaust the server or to make the hook give up: too many commits, refs or bytes, a
 * git child that never answers. Giving up must be a refusal, and soon.
 * Stopped by: `limits` (policy/limits.ts), counted before the work is done, and a deadline that waits for nobody
 * (check/deadline.ts).
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const branches = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
const limited = (limits: object, rules: object[] = [branches]): object => policyOf(rules, { limits });

function chain(server: PushServer, length: number): string {
  let last = server.commit(alice);
  for (let n = 1; n < length; n += 1) last = server.commit(alice, { parents: [last] });
  return last;
}

/** A git that hangs when asked for this command, before the real one in PATH. */
function hangOn(server: PushServer, command: string): { PATH: string } {
  const folder = join(server.server.root, "bin");
  mkdirSync(folder);
  const real = server.server.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
  const script = `#!/bin/sh\ncase " $* " in *" ${command} "*) exec sleep 600;; esac\nexec ${real} "$@"\n`;
  writeFileSync(join(folder, "git"), script);
  chmodSync(join(folder, "git"), 0o755);
  return { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
}

/** As many branches, each on a commit of its own that nobody signed, as they stood when the hook came. */
function crowd({ server }: PushServer, root: string, count: number): void {
  const who = "nobody <nobody@example.org> 1700000000 +0000";
  const commits = Array.from(
    { length: count },
    (_, n) => `commit refs/heads/last\nmark :${n + 1}\ncommitter ${who}\ndata <<END\n${n}\nEND\nfrom ${root}\n\n`,
  );
  const marks = join(server.root, "marks");
  server.git(["fast-import", "--quiet", "--force", `--export-marks=${marks}`], { input: commits.join("") });
  const oids = readFileSync(marks, "latin1").matchAll(/^:(\d+) (.+)$/gm);
  const refs = [...oids].map(([, n = "", oid = ""]) => `${oid} refs/heads/crowd/${n.padStart(6, "0")}\n`).sort();
  writeFileSync(join(server.gitDir, "packed-refs"), refs.join(""));
  server.git(["update-ref", "-d", "refs/heads/last"]);
}

/** The hook's verdict, and the processor's seconds that it and its children took. */
function timedHook({ server }: PushServer, input: string): { status: number | null; text: string; seconds: number } {
  const argv = ["-c", '"$@"; status=$?; times; exit $status', "sh", process.execPath, BIN, "hook", "pre-receive"];
  const { status, stdout, stderr } = server.run("sh", argv, { input, env: { GIT_DIR: "." } });
  const [, children = ""] = stdout.toString("latin1").trimEnd().split("\n").slice(-2);
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, some]) => Number(minutes) * 60 + Number(some),
  );
  expect(times).toHaveLength(2);
  return { status, text: `${stdout.toString("latin1")}${stderr}`, seconds: times.reduce((sum, time) => sum + time, 0) };
}

describe("limits of a push (attack 76)", () => {
  it("refuses one commit more than `commits`, over all refs, and says how the limit is raised (resource-limit)", () =>
    withServer(limited({ commits: 3 }), (server) => {
      const three = chain(server, 3);
      const other = chain(server, 2);
      const refused = server.push([`${three}:refs/heads/a`, `${other}:refs/heads/b`]);
      expect(refused.text).toContain("resource-limit");
      expect(refused.text).toContain("limits.commits");
      expect(refused.text).toContain("limits: { commits: 6 }");
      expect(server.value("refs/heads/a")).toBeNull();
      expect(server.push([`${three}:refs/heads/a`]).status).toBe(0);
      expect(server.push([`${chain(server, 4)}:refs/heads/c`]).text).toContain("limits.commits");
    }));

  it("counts a commit once, though several refs bring it and several rules judge it", () =>
    withServer(
      limited({ commits: 3 }, [branches, { ...mainRule, name: "other", refs: ["refs/heads/*"] }]),
      (server) => {
        const three = chain(server, 3);
        expect(server.push([`${three}:refs/heads/a`, `${three}:refs/heads/b`]).status).toBe(0);
        expect(server.push([`${chain(server, 4)}:refs/heads/c`]).text).toContain("limits.commits");
      },
    ));

  it("refuses one ref more than `refs`, deletions included (resource-limit)", () =>
    withServer(limited({ refs: 2 }), (server) => {
      const tip = server.commit(alice);
      const refs = ["a", "b", "c"].map((name) => `${tip}:refs/heads/${name}`);
      expect(server.push(refs).text).toContain("limits.refs");
      expect(server.push(refs.slice(0, 2)).status).toBe(0);
      expect(server.push([":refs/heads/a", ":refs/heads/b", `${tip}:refs/heads/c`]).text).toContain("limits.refs");
    }));

  it("refuses a commit, and a tag, of one byte more than `objectBytes` (resource-limit)", () => {
    const tags = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"], target: "any" } };
    return withServer(limited({ objectBytes: 8192 }, [branches, tags]), (server) => {
      const padded = (size: number): string => {
        const bare = server.clone.raw("commit", server.commit(alice, { message: "" })).length;
        return server.commit(alice, { message: "x".repeat(size - bare) });
      };
      const refused = server.push([`${padded(8193)}:refs/heads/main`]);
      expect(refused.text).toContain("8193 bytes");
      expect(refused.text).toContain("limits.objectBytes");
      const fits = padded(8192);
      expect(server.push([`${fits}:refs/heads/main`]).status).toBe(0);
      const body = Buffer.alloc(9000, "y");
      const head = Buffer.from(
        `object ${fits}\ntype commit\ntag v1\ntagger Alice <alice@example.org> 1700000000 +0000\n\n`,
      );
      const tag = server.clone.write("tag", Buffer.concat([head, body]));
      expect(server.push([`${tag}:refs/tags/v1`]).text).toContain("limits.objectBytes");
    });
  });

  it(
    "judges one commit, or two hundred branches, in seconds where fifty thousand refs stand",
    () =>
      withServer(policyOf([{ ...branches, updates: { force: "deny" } }]), (server) => {
        const root = server.commit(alice);
        const signed = server.commit(bob, { parents: [root] });
        const unsigned = server.commit(null, { parents: [root] });
        const many = server.commits(bob, 200, [root]);
        server.share();
        crowd(server, root, 50_000);
        expect(server.server.run(process.execPath, [BIN, "record", "baseline"]).status).toBe(0);
        const zero = "0".repeat(40);
        const passed = timedHook(server, `${zero} ${signed} refs/heads/main\n`);
        expect(passed.status).toBe(0);
        const refused = timedHook(server, `${zero} ${unsigned} refs/heads/main\n`);
        expect(refused.status).toBe(1);
        expect(refused.text).toContain("unsigned");
        // From a commit that is no tip itself: walked one by one, git reads fifty thousand tips for each of these.
        const lines = many.map((oid, n) => `${zero} ${oid} refs/heads/many/${n}\n`);
        const branched = timedHook(server, lines.join(""));
        expect(branched.status).toBe(0);
        expect(branched.seconds).toBeLessThan(6);
        // Each judged tip looked for in a list of all of them takes a thousand million steps.
        expect(Math.max(passed.seconds, refused.seconds)).toBeLessThan(3);
      }),
    60_000,
  );

  it.each(["rev-list", "cat-file", "for-each-ref"])(
    "refuses after `seconds`, though git %s never answers, and leaves no child behind (resource-limit)",
    (command) =>
      withServer(limited({ seconds: 2 }), (server) => {
        const tip = server.commit(alice);
        server.pushRaw("refs/heads/main", tip);
        const env = hangOn(server, command);
        const started = Date.now();
        const result = server.callHook("pre-receive", `${"0".repeat(40)} ${tip} refs/heads/main\n`, env);
        expect(result.status).toBe(1);
        expect(result.text).toContain("limits.seconds");
        expect(Date.now() - started).toBeLessThan(15_000);
        expect(server.server.run("pgrep", ["-f", `^sleep 600$`]).stdout.toString()).toBe("");
      }),
    60_000,
  );
});

describe("a policy that is too large to be read (attack 76)", () => {
  it("denies the push by name, whether it is the policy or a key of it (resource-limit)", () =>
    withServer(policyOf([branches]), (server) => {
      const push = (): string => server.push([`${server.commit(alice)}:refs/heads/main`]).text;
      const policy = policyOf([branches]) as { principals: object };
      server.setPolicy(JSON.stringify(policy).padEnd(4 * 1024 * 1024 + 1));
      expect(push()).toMatch(/resource-limit: .*policy\.json/s);
      const carol = { emails: ["carol@example.org"], keys: [{ openpgp: "carol.asc" }] };
      server.setPolicy({ ...policy, principals: { ...policy.principals, carol } });
      writeFileSync(join(server.server.root, "carol.asc"), "x".repeat(2 * 1024 * 1024 + 1));
      expect(push()).toMatch(/resource-limit: .*carol/s);
      server.setPolicy(policy);
      expect(server.push([`${server.commit(alice)}:refs/heads/main`]).status).toBe(0);
    }));
});
