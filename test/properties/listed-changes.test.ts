/** Whether commits change the files of a policy, as git says when it lists a history and as it says when it is asked for them. */
import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { listTexts } from "../../src/io/commit-texts.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId } from "../../src/model.ts";
import { itHolds } from "../support/fuzz.ts";
import { withRepo, type Repo } from "../support/repo.ts";

const WATCHED = [".signpolicy.yaml", ".signpolicyrc", ".config/signpolicyrc", "keys"];
const OTHERS = [
  ".SignPolicy.yaml",
  ".signpolicy.yaml.bak",
  ".config/other",
  ".Config/signpolicyrc",
  "keyz",
  "src/keys/a",
  "\xe9\n",
];
const PATHS = [...WATCHED.slice(0, 3), "keys/a", "keys/deep/er/b", ...OTHERS];
const MODES = ["100644", "100755", "120000", "160000", "folder", "gone"] as const;

interface Step {
  /** How far back its parents lie; none makes a root. */
  readonly parents: readonly number[];
  readonly edits: readonly { readonly path: string; readonly mode: (typeof MODES)[number]; readonly content: number }[];
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    parents: fc.oneof(
      { weight: 8, arbitrary: fc.constant([1]) },
      { weight: 2, arbitrary: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }) },
    ),
    edits: fc.array(
      fc.record({
        path: fc.constantFrom(...PATHS, "keys", ".config"),
        mode: fc.constantFrom(...MODES),
        content: fc.integer({ min: 0, max: 2 }),
      }),
      { maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 14 },
);

type Entries = ReadonlyMap<string, readonly [mode: string, oid: string]>;

function edited(repo: Repo, entries: Entries, { path, mode, content }: Step["edits"][number]): Entries {
  // What lies below it, and what it lies below, cannot stand beside it.
  const others = [...entries].filter(([one]) => !`${one}/`.startsWith(`${path}/`) && !path.startsWith(`${one}/`));
  const blob = repo.write("blob", Buffer.from(String(content)));
  const oid = mode === "160000" ? String(content + 1).repeat(40) : blob;
  if (mode === "gone") return new Map(others);
  if (mode === "folder") return new Map([...others, [`${path}/in/side`, ["100644", oid]]]);
  return new Map([...others, [path, [mode, oid]]]);
}

function treeOf(repo: Repo, entries: Entries, prefix = ""): ObjectId {
  const rows = new Map<string, readonly [string, string]>();
  for (const [path, [mode, oid]] of entries) {
    if (!path.startsWith(prefix)) continue;
    const [name = "", below] = path.slice(prefix.length).split("/");
    rows.set(name, below === undefined ? [mode, oid] : ["40000", treeOf(repo, entries, `${prefix}${name}/`)]);
  }
  const raw = [...rows].map(([name, [mode, oid]]) => ({
    key: Buffer.from(mode === "40000" ? `${name}/` : name, "latin1"),
    row: Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex")]),
  }));
  return repo.write("tree", Buffer.concat(raw.sort((a, b) => a.key.compare(b.key)).map(({ row }) => row)));
}

function build(repo: Repo, all: readonly Step[]): Map<ObjectId, readonly ObjectId[]> {
  const made: { readonly oid: ObjectId; readonly entries: Entries }[] = [];
  const commits = new Map<ObjectId, readonly ObjectId[]>();
  for (const [at, { parents, edits }] of all.entries()) {
    const before = [...new Set(parents.flatMap((back) => made[at - back] ?? []))];
    const entries = edits.reduce<Entries>((now, edit) => edited(repo, now, edit), before[0]?.entries ?? new Map());
    const ids = before.map(({ oid }) => oid);
    const who = `A <a@example.org> ${String(1_700_000_000 + at)} +0000`;
    const lines = [`tree ${treeOf(repo, entries)}`, ...ids.map((oid) => `parent ${oid}`), `author ${who}`];
    const oid = repo.write("commit", Buffer.from(`${lines.join("\n")}\ncommitter ${who}\n\n${String(at)}\n`));
    made.push({ oid, entries });
    commits.set(oid, ids);
  }
  return commits;
}

describe("changes of a policy's files that git tells of as it lists a history", () => {
  itHolds(
    "are those that it finds when it is asked for them, in every commit with one parent",
    () =>
      fc.asyncProperty(steps, fc.nat(), (all, cut) =>
        withRepo({ bare: true }, async (repo) => {
          const commits = build(repo, all);
          const ids = [...commits.keys()];
          // Tips that others do not reach, too: several ends, and a history that begins in the middle.
          const include = ids.slice(-2);
          const exclude = cut % 3 === 0 ? ids.slice(0, cut % ids.length) : [];
          const input = [...include, ...exclude.map((oid) => `^${oid}`)].join("\n");
          const asked = (argv: readonly string[]): readonly string[] =>
            repo.git(["--literal-pathspecs", "rev-list", ...argv], { input }).split("\n");
          const touching = new Set(asked(["--full-history", "--stdin", "--", ...WATCHED]));
          const listed = [];
          const place = await findRepository(repo.dir, { ...repo.env });
          for await (const some of listTexts(place, { include, exclude }, WATCHED)) listed.push(...some);
          const everything = asked(["--topo-order", "--reverse", "--stdin"]).filter((oid) => oid !== "");
          expect(listed.map(({ oid }) => oid)).toEqual(everything);
          for (const { oid, touches } of listed) {
            expect(typeof touches).toBe("boolean");
            if (commits.get(oid)?.length === 1) expect([oid, touches]).toEqual([oid, touching.has(oid)]);
          }
        }),
      ),
    { runs: 150 },
  );
});
