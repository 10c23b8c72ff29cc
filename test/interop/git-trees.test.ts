/**
 * What we read in trees and what git says changed in them must agree: git is asked which commits of a long history touch
 * the policy, and what it leaves out is not looked at. Whatever trees somebody makes, of those that we read at all none
 * differs from its parent unseen by git, however many that we refuse lie between.
 */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { POLICY_PATHS } from "../../src/check/tree-policy.ts";
import { TreeWalker } from "../../src/check/trees.ts";
import { ParseError } from "../../src/errors.ts";
import { ObjectReader } from "../../src/io/objects.ts";
import { findRepository } from "../../src/io/repository.ts";
import { commitsTouching } from "../../src/io/revisions.ts";
import type { ObjectId } from "../../src/model.ts";
import { commitText } from "../support/objects.ts";
import { withRepo, type Repo } from "../support/repo.ts";

/** A name with a slash is left out: git itself dies of some. */
const NAMES = [".signpolicy.json", ".signpolicyrc", ".config", "package.json", "-", "zz"];
const MODES = ["100644", "100664", "100755", "40000", "040000", "120000", "160000"];

const entry = fc.record({
  mode: fc.constantFrom(...MODES),
  name: fc.constantFrom(...NAMES),
  content: fc.nat({ max: 2 }),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

/** Half of them in order, as far as names go, so that enough of them pass. */
const tree = fc
  .tuple(fc.array(entry, { maxLength: 5 }), fc.boolean())
  .map(([entries, sorted]) =>
    sorted
      ? [...new Map(entries.map((one) => [one.name, one])).values()].sort((a, b) => (key(a) < key(b) ? -1 : 1))
      : entries,
  );
const key = ({ mode, name }: Entry): string => (mode.endsWith("40000") ? `${name}/` : name);

describe("trees as git and signpolicy read them", () => {
  it(
    "differ in a policy only where git says so",
    () =>
      withRepo({}, async (repo) => {
        let read = 0;
        let same = 0;
        const repository = await findRepository(repo.dir, repo.env);
        const reader = new ObjectReader(repository);
        const judge = async (trees: readonly (readonly Entry[])[]): Promise<void> => {
          const history = trees.map((entries) => ({ tree: writeTree(repo, entries), commit: "" as ObjectId }));
          history.forEach((one, at) => (one.commit = writeCommit(repo, one.tree, history[at - 1]?.commit)));
          const range = { include: history.slice(-1).map(({ commit }) => commit), exclude: [] };
          const touching = new Set(await commitsTouching(repository, range, POLICY_PATHS));
          const walker = new TreeWalker(reader, "sha1");
          let before: string | null = null;
          for (const { tree, commit } of history) {
            if (touching.has(commit)) before = null;
            const now = await policyIn(walker, tree);
            if (now === null) continue;
            read += 1;
            if (before !== null) {
              expect(now).toBe(before);
              same += 1;
            }
            before = now;
          }
        };
        try {
          await fc.assert(fc.asyncProperty(fc.array(tree, { minLength: 8, maxLength: 40 }), judge), { numRuns: 60 });
        } finally {
          reader.close();
        }
        expect(read).toBeGreaterThan(300);
        expect(same).toBeGreaterThan(20);
      }),
    60_000,
  );
});

function writeCommit(repo: Repo, tree: string, parent: string | undefined): ObjectId {
  return repo.write("commit", Buffer.from(commitText({ tree, parents: parent === undefined ? [] : [parent] })));
}

function writeTree(repo: Repo, entries: readonly Entry[]): ObjectId {
  const rows = entries.map(({ mode, name, content }) => {
    const inner = repo.write("blob", Buffer.from(String(content)));
    const folder = mode.endsWith("40000");
    return row(mode, name, folder ? repo.write("tree", row("100644", "signpolicyrc", inner)) : inner);
  });
  return repo.write("tree", Buffer.concat(rows));
}

const row = (mode: string, name: string, oid: string): Buffer =>
  Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex")]);

/** Null for a tree that is refused. */
async function policyIn(walker: TreeWalker, oid: ObjectId): Promise<string | null> {
  try {
    const found = await Promise.all(POLICY_PATHS.map((path) => walker.entry(oid, path)));
    return JSON.stringify(found);
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}
