/**
 * Attack 76: a push that is meant to exhaust the server or to make the hook give up: too many commits, refs or bytes, a
 * git child that never answers. Giving up must be a refusal, and soon.
 * Stopped by: `limits` (policy/limits.ts), counted before the work is done, and a deadline that waits for nobody
 * (check/deadline.ts).
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

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
