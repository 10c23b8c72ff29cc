/**
 * `verify` takes a commit's bytes from git's list of a history where they hash to its name. What git prints is not always what
 * it stores, and a signer chooses what that is: judged are the stored bytes, whichever way they are read.
 */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { ObjectId } from "../../src/model.ts";
import { alice, BIN, eve, mainRule, policyOf, PushServer } from "../support/push-server.ts";
import type { Repo } from "../support/repo.ts";

interface Said {
  readonly status: number | null;
  readonly decisions: readonly { readonly subject: { readonly oid: string }; readonly allow: boolean }[];
}

function verify(repo: Repo, cwd: string, policy: string): Said {
  const args = [BIN, "verify", "refs/heads/main", "--policy", policy, "--format", "json"];
  const { status, stdout } = repo.run(process.execPath, args, { cwd });
  return { status, decisions: (JSON.parse(stdout.toString()) as Said).decisions };
}

/** The same history, from the texts that git prints and from the objects alone: there it may lie elsewhere. */
function bothWays({ server }: PushServer): readonly [Said, Said] {
  const shared = join(server.root, "shared.git");
  rmSync(shared, { recursive: true, force: true });
  server.git(["clone", "-q", "--bare", "--shared", server.dir, shared]);
  const policy = join(server.root, "policy.json");
  return [verify(server, server.dir, policy), verify(server, shared, policy)];
}

const MESSAGES = [
  "one",
  "one  \ntwo\t",
  "one\r\ntwo\r",
  "\n\n\none\n\n\n",
  "one\0two",
  `one\0${"1".repeat(40)}\ntree ${"2".repeat(40)}\n\ntwo`,
  "    one\n        two",
  "caf\xe9 \xff",
  "",
  "x".repeat(70_000),
  `${"0123456789abcdef\n".repeat(70_000)}x`,
];

describe("commits of which git prints something else than it stores", () => {
  it("are judged by their bytes: a good signature is good, and a stranger's is not (unknown-key)", () => {
    const scene = new PushServer(policyOf([mainRule]));
    try {
      let tip: ObjectId | null = null;
      const expected: [string, boolean][] = [];
      for (const [n, message] of MESSAGES.entries()) {
        const who = n % 4 === 3 ? eve : alice;
        tip = scene.commit(who, { message, ...(tip === null ? {} : { parents: [tip] }) });
        expected.push([tip, who === alice]);
      }
      scene.share();
      scene.server.updateRef("refs/heads/main", tip ?? "");
      const [printed, stored] = bothWays(scene);
      expect(printed).toEqual(stored);
      expect(printed.status).toBe(1);
      expect(printed.decisions.map(({ subject, allow }) => [subject.oid, allow])).toEqual(expected);
    } finally {
      scene.remove();
    }
  });

  it("are told where other bytes lie under a commit's name (replaced-object)", () => {
    const scene = new PushServer(policyOf([mainRule]));
    try {
      const first = scene.commit(alice);
      const good = scene.commit(alice, { parents: [first], message: "good" });
      const other = scene.commit(alice, { parents: [first], message: "other" });
      const tip = scene.commit(alice, { parents: [good] });
      scene.share();
      scene.server.updateRef("refs/heads/main", tip);
      const [from, to] = [other, good].map((oid) => {
        const path = [oid.slice(0, 2), oid.slice(2)] as const;
        return join(scene.server.gitDir, "objects", ...path);
      });
      scene.server.git(["unpack-objects", "-q"], {
        input: scene.clone.gitBytes(["pack-objects", "--stdout", "-q"], { input: `${other}\n` }),
      });
      rmSync(to ?? "");
      renameSync(from ?? "", to ?? "");
      const [printed, stored] = bothWays(scene);
      expect(printed).toEqual(stored);
      expect(printed.decisions.find(({ subject }) => subject.oid === good)).toMatchObject({
        allow: false,
        findings: [{ code: "replaced-object" }],
      });
      expect(printed.decisions.filter(({ allow }) => allow)).toHaveLength(2);
    } finally {
      scene.remove();
    }
  });
});
