/** `pre-push` on the lines that git writes: deletions, expressions, remotes without a name, values nobody fetched. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, bob, eve, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const ZERO = "0".repeat(40);
const branches = {
  name: "branches",
  refs: ["refs/heads/**"],
  commits: { signedBy: ["devs"] },
  updates: { delete: "deny" },
};
const free = { ...branches, updates: {} };

function prePush(server: PushServer, input: string, remote = "origin"): { status: number | null; text: string } {
  const { clone } = server;
  const result = clone.run(
    process.execPath,
    [BIN, "hook", "pre-push", remote, clone.git(["remote", "get-url", "origin"])],
    { input },
  );
  return { status: result.status, text: `${result.stdout.toString("latin1")}${result.stderr}` };
}

/** The policy of the work tree judges, as in a team's first push. */
const withClone = (rule: object, body: (server: PushServer) => void): Promise<void> =>
  withServer(policyOf([rule]), (server) => {
    writeFileSync(join(server.clone.dir, ".signpolicy.json"), JSON.stringify(policyOf([rule])));
    body(server);
  });

describe("pre-push", () => {
  it("lets a push of nothing pass, and a deletion where the rule lets it (ref-deletion)", async () => {
    await withClone(free, (server) => {
      expect(prePush(server, "").status).toBe(0);
      const line = `(delete) ${ZERO} refs/heads/x ${server.commit(alice)}\n`;
      expect(prePush(server, line).status).toBe(0);
    });
    await withClone(branches, (server) => {
      expect(prePush(server, `(delete) ${ZERO} refs/heads/x ${server.commit(alice)}\n`).text).toContain("ref-deletion");
    });
  });

  it(
    "takes HEAD and expressions as local names, remotes without a name, and values that nobody fetched (unsigned)",
    () =>
      withClone(free, (server) => {
        const first = server.commit(alice);
        const good = server.commit(bob, { parents: [first] });
        const bad = server.commit(null, { parents: [first] });
        for (const local of ["HEAD", "HEAD~0^{commit}", ":/a b", "refs/heads/x"]) {
          for (const remote of ["origin", server.server.dir, "https://example.org/x"]) {
            for (const old of [ZERO, "1".repeat(40), first]) {
              if (local !== "HEAD" && remote !== "origin") continue;
              expect(prePush(server, `${local} ${good} refs/heads/x ${old}\n`, remote).status).toBe(0);
              expect(prePush(server, `${local} ${bad} refs/heads/x ${old}\n`, remote).text).toContain("unsigned");
            }
          }
        }
        expect(prePush(server, "no line of git's\n").status).not.toBe(0);
      }),
    60_000,
  );

  it(
    "takes what git itself writes for a deletion, HEAD, an expression, a URL, nothing new and a dry run (ref-deletion, unsigned)",
    () =>
      withClone(branches, (server) => {
        const { clone } = server;
        const hook = join(clone.gitDir, "hooks", "pre-push");
        mkdirSync(join(clone.gitDir, "hooks"), { recursive: true });
        writeFileSync(hook, `#!/bin/sh\nunset NODE_OPTIONS\nexec '${process.execPath}' '${BIN}' hook pre-push "$@"\n`);
        chmodSync(hook, 0o755);
        server.hooks(false);
        const first = server.commit(alice);
        const good = server.commit(bob, { parents: [first] });
        clone.git(["update-ref", "refs/heads/work", good]);
        clone.git(["symbolic-ref", "HEAD", "refs/heads/work"]);
        const push = (...args: string[]): { status: number | null; stderr: string } =>
          clone.run("git", ["push", ...args]);
        expect(push("--dry-run", "origin", "HEAD:refs/heads/work").status).toBe(0);
        expect(push("origin", "HEAD:refs/heads/work", "HEAD~1^{commit}:refs/heads/old").status).toBe(0);
        expect(push("origin", "HEAD:refs/heads/work").status).toBe(0);
        expect(push(server.server.dir, `${good}:refs/heads/by-path`).status).toBe(0);
        expect(push(`file://${server.server.dir}`, `${good}:refs/heads/by-url`).status).toBe(0);
        expect(push("origin", ":refs/heads/old").stderr).toContain("ref-deletion");
        clone.git(["update-ref", "refs/heads/work", server.commit(null, { parents: [good] })]);
        for (const to of ["origin", server.server.dir]) {
          expect(push(to, "HEAD:refs/heads/work").stderr).toContain("unsigned");
          expect(push("--dry-run", to, "HEAD:refs/heads/new").stderr).toContain("unsigned");
        }
        expect(server.value("refs/heads/work")).toBe(good);
      }),
    60_000,
  );

  it("blames nobody for commits of the branch that was rebased onto", () =>
    withClone(free, (server) => {
      const upstream = server.commit(eve);
      server.clone.updateRef("refs/remotes/origin/main", upstream);
      const topic = server.commit(alice, { parents: [upstream] });
      expect(prePush(server, `refs/heads/t ${topic} refs/heads/t ${ZERO}\n`).status).toBe(0);
      const more = server.commit(eve, { parents: [upstream] });
      const onMore = server.commit(alice, { parents: [more] });
      expect(prePush(server, `refs/heads/t ${onMore} refs/heads/t ${ZERO}\n`).text).toContain("unknown-key");
    }));
});
