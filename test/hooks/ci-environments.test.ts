/**
 * `signpolicy ci` on each platform and event, with the variables that a job there has: what is new and good passes, what is new
 * and bad is denied, and nothing else is judged. `main` has an unsigned commit in its past, which whoever judges too much would meet.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CiScene } from "../support/ci.ts";
import { ENVIRONMENTS, type Job } from "../support/ci-environments.ts";
import { alice, bob } from "../support/push-server.ts";

const rules = [
  { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } },
  { name: "releases", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } },
];

let scene: CiScene;
/** A commit whose whole history is signed: that of a tag is judged, too. */
let clean: string;
beforeAll(() => {
  scene = new CiScene(rules);
  clean = scene.commit(bob, { parents: [scene.root] });
  scene.world.clone.updateRef("refs/tags/good", scene.world.tag(alice, "good", clean));
  scene.world.clone.updateRef("refs/tags/bad", scene.world.tag(null, "bad", clean));
});
afterAll(() => {
  scene.remove();
});

function run({ env, checkout, args = [] }: Job) {
  scene.checkOut(checkout);
  const { status, decisions, stderr } = scene.run(env, args);
  return { status, decisions, stderr };
}

/** The event's name of a tag, put in once the job is known. */
function withTag({ env, checkout, args = [] }: Job, name: string): Job {
  const named = (text: string): string => text.replaceAll("TAG", name);
  const variables = Object.entries(env).map(([key, value]) => [key, key.endsWith("_PATH") ? value : named(value)]);
  return { env: Object.fromEntries(variables) as Record<string, string>, checkout, args: args.map(named) };
}

for (const [platform, events] of Object.entries(ENVIRONMENTS)) {
  describe(platform, () => {
    for (const event of ["request", "push", "queue"] as const) {
      const tell = events[event];
      if (tell === undefined) continue;
      it(`${event}: what it brings passes when it is good, and is denied when it is not (unsigned)`, () => {
        const { base, good, bad } = scene;
        expect(run(tell({ scene, head: good, base }))).toMatchObject({
          status: 0,
          decisions: [{ oid: good, kind: "commit", code: null }],
        });
        expect(run(tell({ scene, head: bad, base }))).toMatchObject({
          status: 1,
          decisions: [
            { oid: good, kind: "commit", code: null },
            { oid: bad, kind: "commit", code: "unsigned" },
          ],
        });
      });
    }

    const { tag } = events;
    if (tag === undefined) return;
    it("tag: a signed one passes, one that is not is denied (unsigned-tag)", () => {
      scene.tracking("main", clean);
      try {
        const good = run(withTag(tag({ scene, head: clean, base: clean }), "good"));
        expect(good).toMatchObject({ status: 0 });
        expect(good.decisions).toContainEqual(expect.objectContaining({ kind: "tag", code: null }));
        const bad = run(withTag(tag({ scene, head: clean, base: clean }), "bad"));
        expect(bad.status).toBe(1);
        expect(bad.decisions).toContainEqual(expect.objectContaining({ kind: "tag", code: "unsigned-tag" }));
      } finally {
        scene.tracking("main", scene.base);
      }
    });
  });
}

describe("Azure Pipelines", () => {
  const push = (branch: string, head: string): Job => ({
    env: { TF_BUILD: "True", BUILD_REASON: "IndividualCI", BUILD_SOURCEBRANCH: branch, BUILD_SOURCEVERSION: head },
    checkout: head,
  });

  it("push: does not say where the branch stood, so the default branch is judged whole (unsigned, in its past)", () => {
    const { decisions, status } = run(push("refs/heads/main", scene.good));
    expect(status).toBe(1);
    expect(decisions.map(({ oid }) => oid)).toEqual([scene.root, scene.past, scene.base, scene.good]);
    expect(run(push("refs/heads/main", clean)).status).toBe(0);
  });

  it("push: of another branch what the default one lacks (ref-unmatched)", () => {
    const { decisions } = run(push("refs/heads/topic", scene.good));
    expect(decisions.map(({ code }) => code)).toContain("ref-unmatched");
    expect(decisions.map(({ oid }) => oid)).not.toContain(scene.past);
  });
});
