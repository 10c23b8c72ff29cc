/**
 * Attack: a commit that a merge brought in, which only some may sign there, is asked about once more by a tag of its own, so
 * that in one run it stands on a first-parent line, and the merge's tag passes with it. And the other way round: a tag of
 * somebody's side branch makes good tags fail.
 * Stopped by: targets share a walk only where they lie on one line (check/line-groups.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, carol, policyText, withHistory, type History } from "../support/authenticated.ts";

const policy = (commits: object): string =>
  policyText({
    people: [alice, bob, carol],
    more: {
      rules: [
        { name: "branches", refs: ["refs/heads/**"], commits },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
      ],
    },
  });

/** v1 and v2 on main, v1 two commits below; `side` on what carol made and alice merged between them. */
function begin(history: History, commits: object): string {
  const root = history.root(policy(commits));
  const first = history.same(alice, [root]);
  const side = history.same(carol, [root]);
  const merge = history.same(alice, [first, side]);
  history.repo.updateRef("refs/heads/main", merge);
  history.tag(alice, "v1", first);
  history.tag(alice, "v2", merge);
  history.tag(carol, "side", side);
  return root;
}
const allowed = async (history: History, root: string, ...names: string[]): Promise<readonly string[]> => {
  const refs = names.map((name) => `refs/tags/${name}`);
  const { decisions } = await history.verify(root, refs, { as: undefined });
  const good = new Set(
    decisions.flatMap(({ subject, allow }) => (subject.kind === "tag" && allow ? [subject.ref] : [])),
  );
  const bad = new Set(decisions.flatMap(({ subject, allow }) => (allow ? [] : [subject.ref])));
  return names.filter((_, at) => good.has(refs[at] as never) && !bad.has(refs[at] as never));
};

describe("targets in one run", () => {
  it("lend each other no line: who may sign the line alone is refused on the side, however it is tagged (signer-not-permitted)", () =>
    withHistory(async (history) => {
      const root = begin(history, { signedBy: ["*"], side: ["alice", "bob"] });
      expect(await allowed(history, root, "v2")).toEqual([]);
      for (const names of [
        ["v2", "side"],
        ["side", "v2"],
        ["v1", "side", "v2"],
      ]) {
        expect(await allowed(history, root, ...names)).toEqual(names.filter((name) => name !== "v2"));
      }
      expect((await history.verify(root, ["refs/tags/v2", "refs/tags/side"], { as: undefined })).codes).toContain(
        "signer-not-permitted",
      );
    }));

  it("do not spoil each other: what a merge may bring in stays good where somebody tags it (signer-not-permitted)", () =>
    withHistory(async (history) => {
      const root = begin(history, { signedBy: ["alice"], side: ["*"] });
      expect(await allowed(history, root, "v1", "v2", "side")).toEqual(["v1", "v2"]);
      expect(await allowed(history, root, "side")).toEqual([]);
    }));

  it("and so for branches judged by one ref's rules", () =>
    withHistory(async (history) => {
      const root = begin(history, { signedBy: ["*"], side: ["alice", "bob"] });
      const [side, merge] = ["side^{commit}", "refs/heads/main"];
      expect((await history.verify(root, [merge])).allowed).toBe(false);
      expect((await history.verify(root, [side])).allowed).toBe(true);
      expect((await history.verify(root, [merge, side])).allowed).toBe(false);
    }));
});
