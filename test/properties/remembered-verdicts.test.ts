/**
 * `verify` with what it keeps of earlier runs says what it says without, whatever happens in between: refs of any kind move and come
 * back, are packed and fetched, HEAD and other work trees go elsewhere, policies, keys and configuration change, objects are
 * lost and found, and time goes by, or back. Everything is real git's; the clock is ours.
 */
import { afterAll, expect, it } from "@jest/globals";
import fc from "fast-check";
import { join } from "node:path";
import { EXIT } from "../../src/errors.ts";
import { itHolds } from "../support/fuzz.ts";
import { DAY, RememberingClone, type Asked } from "../support/remembering-clone.ts";

const BRANCHES = ["refs/heads/main", "refs/heads/release", "refs/heads/功能/x", "refs/heads/d\u00e9/y"];
const TAGS = ["refs/tags/v1", "refs/tags/deep/t\u00e4g", "refs/tags/main"];

type Change = (clone: RememberingClone, a: number, b: number) => void;

const of = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;
const branch = (at: number): string => of(BRANCHES, at);
const commit = (clone: RememberingClone, at: number): string => of(clone.commits, at);

const CHANGES: Readonly<Record<string, Change>> = {
  "a branch moves": (clone, a, b) => clone.git("update-ref", branch(a), commit(clone, b)),
  "a branch goes": (clone, a) => clone.git("update-ref", "-d", branch(a)),
  "HEAD names a branch": (clone, _, b) => clone.git("symbolic-ref", "HEAD", branch(b)),
  "HEAD is detached": (clone, _, b) => clone.git("update-ref", "--no-deref", "HEAD", commit(clone, b)),
  "the linked work tree moves": (clone, _, b) => clone.git("-C", clone.linked, "update-ref", "HEAD", commit(clone, b)),
  "the linked work tree bisects": (clone, _, b) =>
    clone.git("-C", clone.linked, "update-ref", "refs/bisect/bad", commit(clone, b)),
  "a tag moves": (clone, a, b) =>
    clone.git("update-ref", of(TAGS, a), of([...clone.tags, ...clone.commits.slice(0, 6)], b)),
  "a tag goes": (clone, a) => clone.git("update-ref", "-d", of(TAGS, a)),
  "a symbolic ref": (clone, a, b) => clone.git("symbolic-ref", branch(a), of(["ORIG_HEAD", "HEAD", branch(b)], b)),
  "refs are packed": (clone) => clone.git("pack-refs", "--all"),
  "objects are packed": (clone) => clone.git("repack", "-dq"),
  "git cleans up": (clone) => clone.git("gc", "-q"),
  "the remote moves": (clone, a, b) => clone.remote("update-ref", branch(a), commit(clone, b)),
  "a fetch of a branch": (clone, _, b) => clone.git("fetch", "-q", "origin", branch(b)),
  "a fetch of all": (clone) => clone.git("fetch", "-q", "--prune", "origin"),
  "the remote's default branch": (clone, _, b) =>
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", `refs/remotes/origin/${branch(b).slice(11)}`),
  "ORIG_HEAD moves": (clone, _, b) => clone.git("update-ref", "ORIG_HEAD", commit(clone, b)),
  "an administrator's policy": (clone, _, b) => clone.putPolicy(b),
  "a key's file": (clone, _, b) => clone.putKey(b),
  "the work tree's policy": (clone, a, b) => clone.putOwn(of([clone.top, clone.linked], a), b),
  "a pinned policy": (clone, _, b) =>
    clone.git("config", "signpolicy.policyRef", of(["refs/heads/main", "refs/remotes/origin/main", "release"], b)),
  "no pinned policy": (clone) => clone.git("config", "--unset-all", "signpolicy.policyRef"),
  "other configuration": (clone, a) => clone.git("config", of(["remote.up.url", "core.x", "include.path"], a), "x"),
  "no other configuration": (clone, a) =>
    clone.git("config", "--unset-all", of(["remote.up.url", "core.x", "include.path"], a)),
  "a replaced object": (clone, a, b) => clone.git("replace", "-f", commit(clone, a), commit(clone, b)),
  "a shallow file": (clone, _, b) => clone.write("shallow", b % 2 === 0 ? null : `${commit(clone, b)}\n`),
  grafts: (clone, a, b) => clone.write("info/grafts", b % 2 === 0 ? null : `${commit(clone, a)}\n`),
  alternates: (clone, _, b) => clone.write("objects/info/alternates", b % 3 === 0 ? `${clone.gitDir}/none\n` : null),
  "a commit is lost or found": (clone, a) => clone.lose(of(clone.commits, a)),
  "time goes by": (clone, _, b) => void (clone.now += of([1, 600, DAY, 4 * DAY, 6 * DAY, 30 * DAY], b)),
  "time goes back": (clone, _, b) => void (clone.now -= of([1, 600, DAY, 5 * DAY], b)),
};

const TARGETS: readonly ((clone: RememberingClone, at: number) => Pick<Asked, "targets" | "as" | "all" | "tags">)[] = [
  () => ({ targets: [] }),
  () => ({ targets: ["HEAD"] }),
  () => ({ targets: ["main"] }),
  () => ({ targets: [], all: true }),
  () => ({ targets: [], tags: true }),
  () => ({ targets: ["refs/heads/main"] }),
  () => ({ targets: ["release"], as: "main" }),
  () => ({ targets: ["FETCH_HEAD"], as: "main" }),
  () => ({ targets: ["ORIG_HEAD"], as: "main" }),
  () => ({ targets: ["main~1..HEAD"] }),
  () => ({ targets: ["refs/remotes/origin/main"] }),
  () => ({ targets: ["worktrees/linked/HEAD"], as: "main" }),
  () => ({ targets: ["main-worktree/HEAD"], as: "main" }),
  (clone, at) => ({ targets: [commit(clone, at)], as: "main" }),
];

/** Every branch and tag, in which whatever happens shows. */
const ALL = 3;

interface Question {
  readonly target: number;
  readonly place: number;
  readonly pinned: boolean;
}

const number = fc.nat({ max: 59 });
const mostly = <T, U>(usual: T, arbitrary: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
const question: fc.Arbitrary<Question> = fc.record({
  target: fc.oneof(fc.constant(ALL), number),
  place: mostly(0, fc.nat({ max: 4 })),
  pinned: mostly(true, fc.boolean()),
});
const change = fc.record({ change: fc.constantFrom(...Object.keys(CHANGES)), a: number });
/** What memory may miss is the second change of a thing, of which the first was seen: most stories are about one. */
const story = fc.record({
  policy: mostly(0, number),
  main: mostly(0, number),
  question,
  theme: change,
  steps: fc.array(fc.record({ digression: mostly(null, change), b: number, other: mostly(null, question) }), {
    minLength: 4,
    maxLength: 10,
  }),
});

const clones = new Set<RememberingClone>();
afterAll(() => {
  for (const clone of clones) clone.remove();
});

let again = 0;
let allowed = 0;

async function isAnsweredAlike(clone: RememberingClone, { target, place, pinned }: Question) {
  const asked: Asked = {
    ...of(TARGETS, target)(clone, target),
    cwd: of([clone.top, clone.top, clone.linked, join(clone.linked, "below"), clone.gitDir], place),
    ...(pinned ? { policy: clone.policyFile } : {}),
  };
  const first = await clone.remembered(asked);
  const fresh = await clone.forgetful(asked);
  expect({ asked, text: first.text, exit: first.exit }).toEqual({ asked, ...fresh });
  if (first.exit !== EXIT.allowed) return;
  allowed += 1;
  // What was kept just now, and nothing has changed.
  const second = first.again ? first : await clone.remembered(asked);
  again += second.again ? 1 : 0;
  expect({ asked, text: second.text, exit: second.exit }).toEqual({ asked, ...fresh });
}

itHolds(
  "verify says with what it keeps what it says without",
  () =>
    fc.asyncProperty(story, async ({ policy, main, question, theme, steps }) => {
      const clone = new RememberingClone();
      clones.add(clone);
      clone.putPolicy(policy);
      clone.git("update-ref", "refs/heads/main", commit(clone, main));
      await isAnsweredAlike(clone, question);
      for (const { digression, b, other } of steps) {
        const { change, a } = digression ?? theme;
        CHANGES[change]?.(clone, a, b);
        await isAnsweredAlike(clone, other ?? question);
      }
      clone.remove();
      clones.delete(clone);
    }),
  { runs: 5 },
);

it("and does so from memory, and of what is allowed, or that would prove nothing", () => {
  if (process.env["SLOW"] === "1") return;
  expect(allowed).toBeGreaterThan(10);
  expect(again).toBeGreaterThan(5);
});
