/** One walk for many refs must give what git gives for each of them alone, or say that it cannot. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PolicyChanges } from "../../src/check/policy-changes.ts";
import { PolicyStates } from "../../src/check/policy-states.ts";
import { SharedWalk } from "../../src/check/shared-walk.ts";
import { Outlines } from "../../src/check/outlines.ts";
import { TreeWalker } from "../../src/check/trees.ts";
import { ObjectReader } from "../../src/io/objects.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId } from "../../src/model.ts";
import { withRepo, type Repo } from "../support/repo.ts";

const COMMITS = 24;

/** Parents by index, each older than its child. */
const history = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: COMMITS, maxLength: COMMITS });
const chosen = fc.array(fc.nat({ max: COMMITS - 1 }), { minLength: 1, maxLength: 5 });

function build(repo: Repo, parents: readonly (readonly number[])[]): readonly ObjectId[] {
  const oids: ObjectId[] = [];
  parents.forEach((indexes, at) => {
    const older = at === 0 ? [] : [...new Set(indexes.map((index) => oids[index % at] as ObjectId))];
    oids.push(repo.commit(String(at), older));
  });
  return oids;
}

describe("a walk for many refs", () => {
  it("gives each ref the commits and the first-parent line that git gives it, ancestors first, or nothing", async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(history, chosen, chosen, chosen, (parents, tips, shared, own) =>
        withRepo({}, async (repo) => {
          const oids = build(repo, parents);
          const pick = (indexes: readonly number[]) => [...new Set(indexes.map((index) => oids[index] as ObjectId))];
          const repository = await findRepository(repo.dir, repo.env);
          const reader = new ObjectReader(repository);
          const outlines = new Outlines(reader, "sha1");
          const changes = new PolicyChanges(
            [],
            outlines,
            new PolicyStates(new TreeWalker(reader, "sha1"), outlines),
            repository,
          );
          try {
            const range = { include: pick(tips), exclude: [...pick(shared), ...pick(own)] };
            const walk = await SharedWalk.read(repository, range, changes, COMMITS);
            const leftOut = await walk?.leftOutBy(new Set(pick(shared)));
            for (const tip of pick(tips)) {
              for (const mine of [pick(own), pick(own).slice(0, 1), []]) {
                const exclude = new Set([...pick(shared), ...mine]);
                const known = walk?.range(tip, (oid) => exclude.has(oid) || leftOut?.has(oid) === true) ?? null;
                if (known === null) continue;
                told += 1;
                const ask = (...options: string[]): string[] =>
                  repo
                    .git(["rev-list", ...options, tip, ...[...exclude].map((oid) => `^${oid}`)])
                    .split("\n")
                    .filter((line) => line !== "");
                expect([...known.commits].sort()).toEqual(ask().sort());
                expect([...known.line()].sort()).toEqual(ask("--first-parent").sort());
                for (const [at, oid] of known.commits.entries()) {
                  const older = repo.git(["rev-parse", `${oid}^@`]).split("\n");
                  expect(known.commits.slice(at).some((later) => older.includes(later))).toBe(false);
                }
              }
            }
          } finally {
            reader.close();
          }
        }),
      ),
      { numRuns: process.env["SLOW"] === undefined ? 6 : 100, seed: 7 },
    );
    expect(told).toBeGreaterThan(6);
  }, 600_000);
});
