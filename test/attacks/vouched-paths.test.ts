/**
 * Attack: a guarded path is changed on a side that nobody judges, and merged by somebody who may sign merges and not that path:
 * the merge is git's own three-way result, so it seems to change nothing itself.
 * Stopped by: who vouches for a side answers for the paths it changes (check/chain.ts, check/touched-paths.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, carol, eve, POLICY, policyText, withHistory, type History } from "../support/authenticated.ts";

const guarded = (merges: string): string =>
  policyText({
    people: [alice, bob, carol],
    more: {
      trust: { merges },
      rules: [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
        { name: "ci", paths: ["ci/**"], commits: { signedBy: ["alice"] } },
      ],
    },
  });
const evil = { "ci/run": "evil" };

/** The cause for which this merge is denied, whatever is said of what it brings in; null where it is allowed. */
async function causeOf(history: History, root: string, merge: string): Promise<string | null> {
  const { decisions } = await history.verify(root, [merge]);
  const own = decisions.find(({ subject }) => subject.oid === merge);
  if (own === undefined) throw new Error("nothing was decided about the merge");
  return own.allow ? null : (own.findings[0]?.code ?? "");
}

describe.each(["vouched", "first-parent"])("trust.merges: %s", (merges) => {
  it("a guarded path that an unjudged side changes is the merge's own change (signer-not-permitted)", () =>
    withHistory(async (history) => {
      const root = history.root(guarded(merges));
      const main = history.commit(alice, [root], { m: "1" });
      const sides = {
        unsigned: history.commit(null, [root], evil),
        "a stranger's": history.commit(eve, [root], evil),
        "the merger's own": history.commit(bob, [root], evil),
        "two commits deep": history.commit(null, [history.commit(null, [root], evil)], { s: "1" }),
        "of unrelated origin": history.commit(null, [], evil),
      };
      for (const [what, side] of Object.entries(sides)) {
        const files = what === "two commits deep" ? { ...evil, s: "1" } : evil;
        const merge = (who: typeof alice): string => history.withTree(who, [main, side], main, files);
        expect([what, await causeOf(history, root, merge(bob))]).toEqual([what, "signer-not-permitted"]);
        expect([what, (await history.verify(root, [merge(alice)])).allowed]).toEqual([what, true]);
      }
      const elsewhere = history.withTree(bob, [main, history.commit(null, [root], { x: "1" })], main, { x: "1" });
      expect((await history.verify(root, [elsewhere])).allowed).toBe(true);
    }));

  it("nor is it laundered by an octopus, beside a side that was judged, or by a merge of the merge (signer-not-permitted)", () =>
    withHistory(async (history) => {
      const root = history.root(guarded(merges));
      const main = history.commit(alice, [root], { m: "1" });
      const [good, bad] = [history.commit(carol, [root], { g: "1" }), history.commit(eve, [root], evil)];
      const octopus = (...files: object[]): string =>
        history.withTree(bob, [main, good, bad], main, Object.assign({ g: "1" }, ...files) as Record<string, string>);
      expect(await causeOf(history, root, octopus(evil))).toBe("signer-not-permitted");
      expect((await history.verify(root, [octopus()])).allowed).toBe(true);
      const inner = history.withTree(bob, [root, bad], root, evil);
      const outer = history.withTree(carol, [main, inner], main, evil);
      expect(await causeOf(history, root, outer)).toBe("signer-not-permitted");
    }));

  it("a side that was judged keeps its own judgement, and what lies before the root is no change of who merges it", () =>
    withHistory(async (history) => {
      const before = history.commit(null, [], { "ci/run": "old" });
      const root = history.commit(alice, [before], { [POLICY]: guarded(merges), "ci/run": "new" });
      const side = history.commit(alice, [root], { "ci/run": "newer" });
      const main = history.commit(bob, [root], { m: "1" });
      expect((await history.verify(root, [history.withTree(bob, [main, side], side, { m: "1" })])).allowed).toBe(true);
      expect((await history.verify(root, [history.withTree(bob, [main, before], main)])).allowed).toBe(true);
      const reset = history.withTree(bob, [main, before], main, { "ci/run": "old" });
      expect(await causeOf(history, root, reset)).toBe("signer-not-permitted");
    }));
});
