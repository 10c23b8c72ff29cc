/**
 * `verify` of what was built on a history that it allowed: only what is new is judged, and the answer is that of a run that
 * judges everything.
 */
import { describe, expect, it } from "@jest/globals";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createTextReportOf } from "../support/frontier-report.ts";
import { FrontierScene, withFrontier } from "../support/frontier.ts";
import { alice, bob, mainRule, person, policyOf, principal } from "../support/push-server.ts";

/** What a run says, how many commits it judged itself, and that a run which knows nothing says the same. */
async function judged(
  scene: FrontierScene,
  ref = "refs/heads/main",
): Promise<{ text: string; judged: number; exit: number }> {
  const fresh = await createTextReportOf(scene, ref, { forgetful: true });
  const { text, decisions, exit } = await createTextReportOf(scene, ref);
  expect({ text, exit }).toEqual({ text: fresh.text, exit: fresh.exit });
  return { text, judged: decisions, exit };
}

const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);

describe("what was built on a history that was allowed", () => {
  it("is all that is judged, and the counts are those of everything", () =>
    withFrontier(async (scene) => {
      scene.grow(5);
      expect(await judged(scene)).toMatchObject({ judged: 5, exit: 0 });
      scene.grow(2);
      expect(await judged(scene)).toMatchObject({ judged: 2, exit: 0 });
      expect((await judged(scene)).text).toContain("7 commits checked on refs/heads/main, all allowed");
      expect(await judged(scene)).toMatchObject({ judged: 0, exit: 0 });
    }));

  it("may be merges, also with what left the line long before", () =>
    withFrontier(async (scene) => {
      const { pushes } = scene;
      const tip = scene.grow(3);
      const old = scene.repo.git(["rev-parse", "main~2"]);
      await judged(scene);
      const side = pushes.commit(bob, { parents: [old] });
      scene.put(pushes.commit(alice, { parents: [tip, side] }));
      expect(await judged(scene)).toMatchObject({ judged: 2, exit: 0 });
    }));

  it("is denied where it is unsigned, and everything is told as ever", () =>
    withFrontier(async (scene) => {
      const tip = scene.grow(3);
      await judged(scene);
      scene.put(scene.pushes.commit(null, { parents: [tip] }));
      const { text, judged: count, exit } = await judged(scene);
      expect(exit).toBe(1);
      expect(text).toContain("4 commits checked on refs/heads/main: 3 allowed, 1 denied");
      expect(count).toBeGreaterThanOrEqual(4);
    }));

  it("is judged with everything where it does not reach what was allowed", () =>
    withFrontier(async (scene) => {
      scene.grow(3);
      await judged(scene);
      scene.put(scene.repo.git(["rev-parse", "main~1"]));
      expect(await judged(scene)).toMatchObject({ judged: 2, exit: 0 });
      scene.put(scene.pushes.commit(alice));
      expect(await judged(scene)).toMatchObject({ judged: 1, exit: 0 });
    }));

  it("is judged with everything under another policy, other rules or for another ref", () =>
    withFrontier(async (scene) => {
      const tip = scene.grow(3);
      await judged(scene);
      scene.put(tip, "refs/heads/other");
      scene.pushes.setPolicy(policyOf([{ ...mainRule, refs: ["refs/heads/**"] }]));
      expect(await judged(scene)).toMatchObject({ judged: 3 });
      expect(await judged(scene, "refs/heads/other")).toMatchObject({ judged: 3 });
      scene.pushes.setPolicy(policyOf([{ ...mainRule, refs: ["refs/heads/**"], commits: { signedBy: ["bob"] } }]));
      expect(await judged(scene)).toMatchObject({ exit: 1 });
    }));

  it("is judged with everything where a commit below is lost", () =>
    withFrontier(async (scene) => {
      scene.grow(3);
      await judged(scene);
      const lost = scene.repo.git(["rev-parse", "main~2"]);
      scene.grow(1);
      rmSync(join(scene.repo.gitDir, "objects", lost.slice(0, 2), lost.slice(2)));
      expect(await judged(scene)).toMatchObject({ exit: 1 });
    }));

  it("must not be dated before what it builds on where its key has lapsed, however far below that lies", async () => {
    const ended = {
      keys: [{ ssh: bob.key.line.trim(), until: new Date((now - 5 * DAY) * 1000).toISOString().replace(/\.\d+/, "") }],
    };
    const policy = policyOf([mainRule], { principals: { alice: principal(alice), bob: principal(bob, ended) } });
    await withFrontier(async (scene) => {
      const { pushes } = scene;
      const first = pushes.commit(alice, { date: now - 20 * DAY });
      const second = pushes.commit(alice, { parents: [first], date: now - 3 * DAY });
      const third = pushes.commit(alice, { parents: [second], date: now - 15 * DAY });
      scene.put(third);
      await judged(scene);
      // Good then, on what was there then.
      const merged = pushes.commit(bob, { parents: [first], date: now - 10 * DAY });
      scene.put(pushes.commit(alice, { parents: [third, merged] }));
      expect(await judged(scene)).toMatchObject({ exit: 0 });
      // Dated after its parent, and before the parent's own.
      scene.put(pushes.commit(bob, { parents: [third], date: now - 10 * DAY }));
      expect(await judged(scene)).toMatchObject({ exit: 1 });
    }, policy);
  });

  it("is told apart from the exempt part, which must still be here", () =>
    withFrontier(async (scene) => {
      const { pushes } = scene;
      const unsigned = pushes.commit(null);
      const signed = pushes.commit(alice, { parents: [unsigned] });
      pushes.setPolicy(
        policyOf([mainRule], { trust: { exempt: [{ reachableFrom: unsigned, reason: "before signing" }] } }),
      );
      scene.put(signed);
      await judged(scene);
      scene.put(pushes.commit(alice, { parents: [signed] }));
      const { text, judged: count } = await judged(scene);
      expect(count).toBe(1);
      expect(text).toContain("3 commits checked on refs/heads/main, all allowed (1 exempt)");
    }));

  it("is judged with everything by rules for paths, and by those that tell sides from the line", async () => {
    const paths = policyOf([mainRule, { name: "ci", paths: ["ci/**"], commits: { signedBy: ["alice"] } }]);
    const sides = policyOf([{ ...mainRule, commits: { signedBy: ["alice"], side: ["devs"] } }]);
    for (const policy of [paths, sides]) {
      await withFrontier(async (scene) => {
        scene.grow(3);
        await judged(scene);
        scene.grow(1);
        expect(await judged(scene)).toMatchObject({ judged: 4, exit: 0 });
      }, policy);
    }
  });

  it("brings changes of the policy that are judged as ever", () =>
    withFrontier(async (scene) => {
      const { pushes } = scene;
      scene.repo.git(["config", "--unset", "signpolicy.policy"]);
      const eve = person("eve");
      const policy = (principals: object) => JSON.stringify(policyOf([mainRule], { principals }));
      const team = { alice: principal(alice), bob: principal(bob) };
      const first = pushes.commit(alice, { files: { ".signpolicy.json": policy(team) } });
      const second = pushes.commit(alice, { parents: [first] });
      scene.put(second, "refs/heads/main");
      await judged(scene);
      const more = { ".signpolicy.json": policy({ ...team, eve: principal(eve) }) };
      scene.put(pushes.commit(eve, { parents: [second], files: more }));
      expect(await judged(scene)).toMatchObject({ exit: 1 });
    }));
});
