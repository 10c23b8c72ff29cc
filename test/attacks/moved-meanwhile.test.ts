/**
 * Attack: while one push is judged, another moves the ref or the policy, so that what was judged is not what lands.
 * Stopped by: the last look before a push is allowed (check/receive.ts, io/ref-watch.ts), and git's own compare-and-swap.
 */
import { describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { judgeReceive } from "../../src/check/receive.ts";
import type { Decision } from "../../src/model.ts";
import { alice, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const POLICY = policyOf([mainRule]);
const WITHOUT_BOB = { ...mainRule, commits: { signedBy: ["alice"] } };

/** Judges a push as `pre-receive` does; `meanwhile` happens once the policy and the refs were read. */
async function judge(server: PushServer, lines: readonly string[], meanwhile: (time: number) => void) {
  const decisions: Decision[] = [];
  let times = 0;
  await judgeReceive(
    {
      cwd: server.server.gitDir,
      environment: { ...process.env, GIT_DIR: "." },
      input: Buffer.from(lines.map((line) => `${line}\n`).join("")),
      now: () => {
        meanwhile((times += 1));
        return Math.floor(Date.now() / 1000);
      },
    },
    { begin: () => undefined, decision: (decision) => void decisions.push(decision) },
  );
  const codes = decisions.flatMap(({ findings }) => findings.map(({ code }) => code));
  return { allow: decisions.every(({ allow }) => allow), codes, times };
}

/** A server whose main stands at a first commit, with a second one by Bob in its object store. */
async function withTwo(body: (server: PushServer, first: string, second: string) => Promise<void>) {
  await withServer(POLICY, async (server) => {
    const first = server.commit(alice);
    expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
    const second = server.commit(bob, { parents: [first] });
    server.hooks(false);
    expect(server.push([`${second}:refs/keep/second`]).status).toBe(0);
    server.hooks(true);
    await body(server, first, second);
  });
}

const main = (from: string, to: string): string[] => [`${from} ${to} refs/heads/main`];

describe("what moves while a push is judged", () => {
  for (const packed of [false, true]) {
    const kind = packed ? "packed" : "loose";

    it(`is nothing: a push to a ${kind} ref is judged once, and passes`, () =>
      withTwo(async (server, first, second) => {
        if (packed) server.server.git(["pack-refs", "--all"]);
        // A push that passes asks for the time once more: its verdict, kept for post-receive, is dated.
        expect(await judge(server, main(first, second), () => undefined)).toEqual({ allow: true, codes: [], times: 2 });
      }));

    it(`is the ${kind} ref: the push is judged anew, and its old value is none (bad-input)`, () =>
      withTwo(async (server, first, second) => {
        if (packed) server.server.git(["pack-refs", "--all"]);
        const other = server.server.git(["commit-tree", "-p", first, "-m", "x", `${first}^{tree}`]);
        const move = (time: number) => time === 1 && server.server.git(["update-ref", "refs/heads/main", other]);
        const judged = await judge(server, main(first, second), (time) => void move(time));
        expect(judged).toEqual({ allow: false, codes: ["bad-input"], times: 2 });
      }));

    it(`is the ${kind} ref, which is deleted (bad-input)`, () =>
      withTwo(async (server, first, second) => {
        if (packed) server.server.git(["pack-refs", "--all"]);
        const drop = (time: number) => time === 1 && server.server.git(["update-ref", "-d", "refs/heads/main"]);
        expect((await judge(server, main(first, second), (time) => void drop(time))).codes).toEqual(["bad-input"]);
      }));
  }

  it("is a ref that comes to be where one was to be created (bad-input)", () =>
    withTwo(async (server, first, second) => {
      const zero = "0".repeat(40);
      const create = (time: number) => time === 1 && server.server.git(["update-ref", "refs/heads/main", second]);
      server.server.git(["update-ref", "-d", "refs/heads/main"]);
      expect((await judge(server, main(zero, first), (time) => void create(time))).codes).toEqual(["bad-input"]);
    }));

  it("is the administrator's policy, which takes Bob's right away (signer-not-permitted)", () =>
    withTwo(async (server, first, second) => {
      const replace = (time: number) => {
        if (time > 1) return;
        writeFileSync(join(server.server.root, "policy.json"), JSON.stringify(policyOf([WITHOUT_BOB])));
      };
      const judged = await judge(server, main(first, second), replace);
      expect(judged).toMatchObject({ allow: false, codes: ["signer-not-permitted"] });
    }));

  it("is the branch that holds the policy, or which branch that is (signer-not-permitted)", () =>
    withTwo(async (server, first, second) => {
      const put = (ref: string, policy: object): void => {
        const tree = server.tree({ ".signpolicy.json": JSON.stringify(policy) });
        const commit = server.commit(alice, { tree });
        server.hooks(false);
        expect(server.push([`+${commit}:${ref}`]).status).toBe(0);
        server.hooks(true);
      };
      const rule = (signedBy: string) => ({ ...mainRule, refs: ["refs/heads/**"], commits: { signedBy: [signedBy] } });
      server.server.git(["config", "--unset", "signpolicy.policy"]);
      put("refs/heads/policy", policyOf([rule("devs")]));
      put("refs/heads/strict", policyOf([rule("alice")]));
      server.server.git(["symbolic-ref", "HEAD", "refs/heads/policy"]);
      const calm = await judge(server, main(first, second), () => undefined);
      expect(calm).toMatchObject({ allow: true, codes: [] });
      const change = (time: number) => time === 1 && put("refs/heads/policy", policyOf([rule("alice")]));
      const changed = await judge(server, main(first, second), (time) => void change(time));
      expect(changed).toMatchObject({ allow: false, codes: ["signer-not-permitted"] });
      put("refs/heads/policy", policyOf([rule("devs")]));
      const turn = (time: number) => time === 1 && server.server.git(["symbolic-ref", "HEAD", "refs/heads/strict"]);
      const turned = await judge(server, main(first, second), (time) => void turn(time));
      expect(turned).toMatchObject({ allow: false, codes: ["signer-not-permitted"] });
    }));
});

describe("a line of commits that another judged branch holds as well", () => {
  const retired = new Date(Date.now() - 86_400_000).toISOString().replace(/\.\d+Z/, "Z");
  const rule = { ...mainRule, refs: ["refs/heads/**"] };
  const withRetiredBob = policyOf([rule], {
    principals: {
      alice: { emails: [alice.email], keys: [{ ssh: alice.key.line.trim() }] },
      bob: { emails: [bob.email], keys: [{ ssh: bob.key.line.trim(), retired }] },
    },
  });

  it("is history there, and is not judged anew; what is new on top of it is (key-retired)", () =>
    withServer(policyOf([rule]), (server) => {
      const first = server.commit(alice);
      const second = server.commit(bob, { parents: [first] });
      expect(server.push([`${first}:refs/heads/old`, `${second}:refs/heads/main`]).status).toBe(0);
      server.setPolicy(withRetiredBob);
      expect(server.push([`${server.commit(bob, { parents: [first] })}:refs/heads/old`]).text).toContain("key-retired");
      expect(server.push([`${second}:refs/heads/old`]).text).not.toContain("key-retired");
      expect(server.value("refs/heads/old")).toBe(second);
    }));
});
