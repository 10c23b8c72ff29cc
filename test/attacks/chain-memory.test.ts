/**
 * Attack: what hooks keep of earlier pushes, so as not to judge the whole history each time, is poisoned, or still says yes
 * where a later change of the policy has taken the ground away.
 * Stopped by: the file is believed only where nobody else could have written it, for the same question; and a push starts from
 * it only where nothing new touches the policy (check/chain-memory.ts, check/chain-resume.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import { chmodSync, existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { keepTips, recallTips, type KnownTip } from "../../src/check/chain-memory.ts";
import { denyUnchained } from "../../src/check/chain-push.ts";
import { openSession } from "../../src/check/session.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import { Clone } from "../support/clone.ts";
import { BIN } from "../support/push-server.ts";
import { alice, bob, eve, NOW, POLICY, policyText, withHistory, type History } from "../support/authenticated.ts";

jest.setTimeout(60_000);

const MAIN = "refs/heads/main" as RefName;
const all = policyText({ people: [alice, bob, eve] });

interface Asked {
  readonly root: ObjectId;
  readonly old?: ObjectId | null;
  readonly value: ObjectId;
  readonly ref?: RefName;
  /** Where the policy's branch stands; the old value unless given. */
  readonly main?: ObjectId;
}

const question = (root: ObjectId) => ({ root, branch: MAIN });
const memory = (history: History): string => join(history.repo.gitDir, "signpolicy", "chain-checked");

async function deny(
  history: History,
  { root, old = null, value, ref = MAIN, main }: Asked,
): Promise<readonly string[]> {
  const session = await openSession(await findRepository(history.repo.dir, history.repo.env));
  try {
    const at = await session.outlines.outline(value);
    const state = at === null ? null : await session.states.at(at);
    const policy = state?.loaded?.policy;
    if (policy === undefined) throw new Error("the test has no policy");
    const branch = { ref: MAIN, oid: main ?? old };
    const pushed = { root, policy, branch, present: new Map(), record: null, now: NOW };
    const denied = await denyUnchained(session, pushed, [{ ref, old, new: value }], []);
    return denied.flatMap(({ findings }) => findings[0]?.code ?? []);
  } finally {
    session.close();
  }
}

const keep = (history: History, root: ObjectId, tips: readonly (readonly [RefName, KnownTip])[]): void => {
  keepTips(history.repo.gitDir, question(root), new Map(tips));
};

describe("what was authenticated before", () => {
  it("is where the next push starts, and is kept as it goes on", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      // Believed though nothing authenticates it: that is how the test sees that it is used.
      const bad = history.commit(null, [root]);
      const next = history.commit(alice, [bad]);
      expect(await deny(history, { root, old: bad, value: next })).toEqual(["unsigned", "policy-missing"]);
      expect(existsSync(memory(history))).toBe(false);
      keep(history, root, [[MAIN, { oid: bad, whole: true }]]);
      expect(await deny(history, { root, old: bad, value: next })).toEqual([]);
      expect(recallTips(history.repo.gitDir, question(root)).get(MAIN)).toEqual({ oid: next, whole: true });
      expect(await deny(history, { root, old: next, value: history.commit(null, [next]) })).toEqual(["unsigned"]);
    }));

  it("counts only for the ref's own present value, or that of the policy's branch", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      const bad = history.commit(null, [root]);
      const next = history.commit(alice, [bad]);
      keep(history, root, [["refs/heads/other" as RefName, { oid: bad, whole: true }]]);
      expect(await deny(history, { root, old: bad, value: next })).toContain("unsigned");
      keep(history, root, [[MAIN, { oid: root, whole: true }]]);
      expect(await deny(history, { root, old: bad, value: next })).toContain("unsigned");
    }));

  it.each<[string, (history: History) => void]>([
    ["others may write it", (history) => chmodSync(memory(history), 0o666)],
    ["it was changed", (history) => writeFileSync(memory(history), "[]", { flag: "a" })],
    ["it is something else", (history) => writeFileSync(memory(history), "{")],
  ])("is not believed where %s", (_, spoil) =>
    withHistory(async (history) => {
      const root = history.root(all);
      const bad = history.commit(null, [root]);
      keep(history, root, [[MAIN, { oid: bad, whole: true }]]);
      spoil(history);
      expect(await deny(history, { root, old: bad, value: history.commit(alice, [bad]) })).toContain("unsigned");
    }),
  );

  it("answers for one trust root and one branch of the policy", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      expect(await deny(history, { root, value: history.commit(alice, [root]) })).toEqual([]);
      expect(recallTips(history.repo.gitDir, question(root)).size).toBe(1);
      expect(recallTips(history.repo.gitDir, question(history.root(all))).size).toBe(0);
      expect(recallTips(history.repo.gitDir, { root, branch: "refs/heads/x" as RefName }).size).toBe(0);
    }));

  it("answers for one openpgp, which is no part of the program and may be replaced", () => {
    const clone = new Clone();
    try {
      const server = join(clone.root, "server.git");
      const key = join(clone.root, "key");
      clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      const line = readFileSync(`${key}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
      for (const [name, value] of [
        ["gpg.format", "ssh"],
        ["user.signingkey", key],
        ["user.email", alice.email],
        ["commit.gpgsign", "true"],
      ] as const)
        clone.git("config", name, value);
      const principals = { alice: { emails: [alice.email], keys: [{ ssh: line }] } };
      const rules = [{ name: "main", refs: [MAIN], commits: { signedBy: ["alice"] } }];
      clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
      clone.git("add", "-A");
      clone.git("commit", "-q", "-m", "root");
      clone.git("init", "-q", "--bare", "-b", "main", server);
      clone.git("-C", server, "config", "signpolicy.trustRoot", clone.git("rev-parse", "HEAD"));
      const installed = clone.run(process.execPath, [BIN, "install", "--server", server]);
      expect(installed).toMatchObject({ status: 0 });
      const asked = (): string | undefined => {
        clone.git("commit", "-q", "--allow-empty", "-m", "next");
        clone.git("push", "-q", server, "main");
        return readFileSync(join(server, "signpolicy", "chain-checked"), "latin1").split("\n")[1];
      };
      const before = asked();
      expect(asked()).toBe(before);
      const folder = /program in (\S+)/.exec(installed.output)?.[1] ?? "";
      utimesSync(createRequire(join(folder, "dist", "any.cjs")).resolve("openpgp"), 1, 1);
      expect(asked()).not.toBe(before);
    } finally {
      clone.remove();
    }
  });

  it("is no ground for a push that touches the policy: what that says of the past must hold for all of it", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      const bad = history.commit(null, [root]);
      keep(history, root, [[MAIN, { oid: bad, whole: true }]]);
      const change = history.commit(alice, [bad], { [POLICY]: policyText({ people: [alice, bob] }) });
      expect(await deny(history, { root, old: bad, value: history.commit(alice, [change]) })).toContain("unsigned");
    }));

  it("is no ground where what is new was built on two policies", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      const bad = history.commit(null, [root]);
      const change = history.commit(alice, [bad], { [POLICY]: policyText({ people: [alice, bob] }) });
      keep(history, root, [[MAIN, { oid: change, whole: true }]]);
      const old = history.commit(bob, [root], { b: "1" });
      const merge = history.withTree(bob, [change, old], change, { b: "1" });
      expect(await deny(history, { root, old: change, value: merge })).toContain("unsigned");
    }));

  it("says nothing of what a merge vouched for, nor of what lies before the root", () =>
    withHistory(async (history) => {
      const before = history.root(all);
      const root = history.commit(alice, [before]);
      const side = history.commit(null, [root]);
      const tip = history.withTree(bob, [root, side], root);
      const onSide = history.commit(alice, [side]);
      keep(history, root, [[MAIN, { oid: tip, whole: false }]]);
      expect(await deny(history, { root, old: tip, value: history.withTree(bob, [tip, onSide], tip) })).not.toEqual([]);
      keep(history, root, [[MAIN, { oid: tip, whole: true }]]);
      expect(await deny(history, { root, old: tip, value: history.withTree(bob, [tip, onSide], tip) })).toEqual([]);
      const beside = history.commit(alice, [before]);
      const merge = history.withTree(bob, [tip, beside], tip);
      expect(await deny(history, { root, old: tip, value: merge })).toContain("policy-missing");
    }));

  it("lets a new branch start where the policy's branch was authenticated", () =>
    withHistory(async (history) => {
      const root = history.root(all);
      const bad = history.commit(null, [root]);
      keep(history, root, [[MAIN, { oid: bad, whole: true }]]);
      const ref = "refs/heads/topic" as RefName;
      const value = history.commit(bob, [bad]);
      expect(await deny(history, { root, ref, main: bad, value })).toEqual([]);
      expect(await deny(history, { root, ref, main: bad, value: bad })).toEqual([]);
      expect(await deny(history, { root, ref, main: root, value })).toContain("unsigned");
    }));
});
