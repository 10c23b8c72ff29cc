/**
 * Attack: a policy that nobody believes yet comes with thousands of exemptions, each for all that another commit reaches: whoever
 * judges a history by its own exemptions would list the history once for each, and keep every list.
 * Stopped by: exemptions are looked for where a commit needs one, by one git for however many (check/exemption-cover.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, bob, eve, policyText, withHistory, type History } from "../support/authenticated.ts";

const MANY = 300;
const rights = { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 };
const ruled = (exempt: readonly object[]): string =>
  policyText({ more: { administration: rights, trust: { exempt } } });

/** How often git is started while a target is judged. */
async function gitsFor(history: History, root: string, target: string): Promise<readonly [number, readonly string[]]> {
  const [folder, log] = [join(history.repo.root, "counting"), join(history.repo.root, "calls")];
  const real = history.repo.run("sh", ["-c", "command -v git"]).stdout.toString("latin1").trim();
  mkdirSync(folder, { recursive: true });
  writeFileSync(log, "");
  writeFileSync(join(folder, "git"), `#!/bin/sh\necho x >>'${log}'\nexec '${real}' "$@"\n`);
  chmodSync(join(folder, "git"), 0o755);
  const environment = { ...history.repo.env, PATH: `${folder}:${history.repo.env["PATH"] ?? ""}` };
  const { codes } = await history.verify(root, [target], { environment });
  return [readFileSync(log, "latin1").length / 2, codes];
}

describe("a flood of exemptions", () => {
  it("starts git no oftener than a few do, whoever brings them and whatever they say (policy-change, unsigned)", () =>
    withHistory(async (history) => {
      const root = history.root(ruled([]));
      const line: string[] = [root];
      while (line.length <= MANY) line.push(history.same(alice, [line.at(-1) ?? root]));
      const tip = line.at(-1) ?? root;
      const entries = (count: number): string =>
        ruled(line.slice(-count).map((reachableFrom) => ({ reachableFrom, reason: "x" })));
      const bad = history.same(null, [tip]);
      const few = await gitsFor(history, root, history.change(eve, [bad], entries(2)));
      const many = await gitsFor(history, root, history.change(eve, [bad], entries(MANY)));
      expect(many[1]).toEqual(few[1]);
      expect(many[1]).toContain("unsigned");
      expect(many[0]).toBeLessThan(few[0] + 10);
      expect((await gitsFor(history, root, history.change(bob, [tip], entries(MANY))))[1]).toEqual(["policy-change"]);
    }));

  it("forgives what they cover, and nothing beside it, as few of them would (unsigned)", () =>
    withHistory(async (history) => {
      const root = history.root(ruled([]));
      const slips = [history.same(null, [root])];
      while (slips.length < 20) slips.push(history.same(null, [slips.at(-1) ?? root]));
      const last = slips.at(-1) ?? root;
      const entries = (...tips: readonly string[]): object[] =>
        tips.map((reachableFrom) => ({ reachableFrom, reason: "looked at" }));
      const absent = Array.from({ length: 20 }, (_, n) => (n + 1).toString(16).padStart(40, "a"));
      for (const [tips, allowed] of [
        [[...absent, last], true],
        [[...absent, ...slips], true],
        [[...absent, ...slips.slice(0, -1)], false],
        [[...absent, root], false],
      ] as const) {
        const rescue = history.change(alice, [last], ruled(entries(...tips)));
        expect([tips.length, (await history.verify(root, [rescue])).allowed]).toEqual([tips.length, allowed]);
      }
    }));
});
