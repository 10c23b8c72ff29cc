/**
 * Histories of any shape, judged from a trust root and by a few lines that say the same in the slowest way: which policy judges
 * which commit, what a merge vouches for and who may change the policy. No shape of merges may tell the two apart, nor may what
 * hooks keep of earlier pushes.
 */
import { afterAll, expect } from "@jest/globals";
import fc from "fast-check";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { denyUnchained } from "../../src/check/chain-push.ts";
import { openSession } from "../../src/check/session.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import { alice, bob, carol, eve, NOW, POLICY, policyText, History } from "../support/authenticated.ts";
import { itHolds } from "../support/fuzz.ts";

type Mode = "every" | "vouched" | "first-parent";
const MODES: readonly Mode[] = ["every", "vouched", "first-parent"];
const SIGNERS = [alice, bob, carol, eve, null] as const;
/** Who signs under each policy; alice alone changes them. */
const TEAMS = [
  [alice, bob, carol],
  [alice, bob],
  [alice, carol],
] as const;

interface Step {
  /** Back from the latest commit, the root the furthest; doubled ones are one. */
  readonly parents: readonly number[];
  readonly signer: number;
  /** A parent's policy, by its place, or beyond them any. */
  readonly policy: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  parents: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }),
  // Mostly somebody who may, or nothing would ever be authenticated.
  signer: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.nat({ max: 4 }) }),
  policy: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
});

interface Made {
  readonly oid: string;
  readonly parents: readonly number[];
  readonly signer: number;
  readonly team: number;
}

function build(history: History, trees: readonly string[], steps: readonly Step[]): readonly Made[] {
  const made: Made[] = [{ oid: history.ofTree(alice, [], trees[0] ?? ""), parents: [], signer: 0, team: 0 }];
  for (const { parents: back, signer, policy } of steps) {
    const parents = [...new Set(back.map((steps) => Math.max(0, made.length - 1 - steps)))];
    const team = policy < parents.length ? (made[parents[policy] ?? 0]?.team ?? 0) : policy % TEAMS.length;
    const oids = parents.map((at) => made[at]?.oid ?? "");
    made.push({ oid: history.ofTree(SIGNERS[signer] ?? null, oids, trees[team] ?? ""), parents, signer, team });
  }
  return made;
}

interface Known {
  readonly team: number;
  /** The commits that made its policy what it is. */
  readonly changes: ReadonlySet<number>;
}

/** For each commit whether it is authenticated; nothing is remembered, and nothing is clever. */
function authenticated(made: readonly Made[], mode: Mode): readonly boolean[] {
  const ancestors = made.map((_, at) => reaching(made, at));
  const known: (Known | null)[] = [];
  for (const [at, { parents, signer, team }] of made.entries()) {
    known.push(at === 0 ? { team, changes: new Set([0]) } : judge(parents, signer, team, at));
  }
  return known.map((one) => one !== null);

  function judge(parents: readonly number[], signer: number, team: number, at: number): Known | null {
    const good = parents.filter((parent) => known[parent] != null);
    const asked = mode === "every" ? parents : mode === "first-parent" ? parents.slice(0, 1) : [];
    if (good.length === 0 || asked.some((parent) => !good.includes(parent))) return null;
    const judges = newest(good.flatMap((parent) => known[parent] ?? []));
    const name = SIGNERS[signer]?.name;
    const allowed = judges.every(
      (judge) => TEAMS[judge.team]?.some((one) => one.name === name) && (judge.team === team || name === "alice"),
    );
    if (!allowed) return null;
    const [same] = judges;
    return judges.length === 1 && same?.team === team ? same : { team, changes: new Set([at]) };
  }

  function newest(all: readonly Known[]): readonly Known[] {
    const teams = [...new Set(all.map(({ team }) => team))].map((team): Known => {
      const changes = all.filter((one) => one.team === team).flatMap((one) => [...one.changes]);
      const last = changes.filter((one) => !changes.some((other) => other !== one && ancestors[other]?.has(one)));
      return { team, changes: new Set(last) };
    });
    const knows = (one: Known, other: Known): boolean =>
      [...one.changes].some((later) => [...other.changes].some((change) => ancestors[later]?.has(change)));
    const first = teams.find((one) =>
      teams.every((other) => other === one || (knows(one, other) && !knows(other, one))),
    );
    return first === undefined ? teams : [first];
  }
}

function reaching(made: readonly Made[], at: number): ReadonlySet<number> {
  const parents = made[at]?.parents ?? [];
  return new Set([...parents, ...parents.flatMap((parent) => [...reaching(made, parent)])]);
}

const history = new History();
afterAll(() => {
  history.remove();
});
const rights = { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 };

function treesOf(mode: Mode): readonly string[] {
  const more = { trust: { merges: mode }, administration: rights };
  return TEAMS.map((people) => {
    const blob = history.repo.write("blob", Buffer.from(policyText({ people, more })));
    return history.repo.write("tree", Buffer.concat([Buffer.from(`100644 ${POLICY}\0`), Buffer.from(blob, "hex")]));
  });
}

itHolds(
  "a commit is authenticated exactly where the slow way says so, whatever merges lead to it",
  () =>
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), fc.constantFrom(...MODES), async (steps, mode) => {
      const made = build(history, treesOf(mode), steps);
      const last = made.at(-1)?.oid ?? "";
      const { decisions } = await history.verify(made[0]?.oid, [last]);
      const own = decisions.find(({ subject }) => subject.oid === last && subject.kind === "commit");
      expect(own?.allow === true).toBe(authenticated(made, mode).at(-1));
    }),
  { runs: 15 },
);

const MAIN = "refs/heads/main" as RefName;
const memory = join(history.repo.gitDir, "signpolicy", "chain-checked");

/** Whether a push of `value` is authenticated, by what earlier ones left behind where it is there. */
async function passes(
  root: string,
  ref: RefName,
  old: string | null,
  value: string,
  main: string | null,
): Promise<boolean> {
  const session = await openSession(await findRepository(history.repo.dir, history.repo.env));
  try {
    const commit = await session.outlines.outline(value as ObjectId);
    const loaded = commit === null ? null : (await session.states.at(commit)).loaded;
    if (loaded === null) throw new Error("every commit here has a policy");
    const branch = { ref: MAIN, oid: main as ObjectId | null };
    const terms = { root: root as ObjectId, policy: loaded.policy, branch, present: new Map(), record: null, now: NOW };
    const update = { ref, old: old as ObjectId | null, new: value as ObjectId };
    return (await denyUnchained(session, terms, [update], [])).length === 0;
  } finally {
    session.close();
  }
}

itHolds(
  "a push is authenticated by what was kept of those before exactly where it is from the root",
  () =>
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.boolean()), { minLength: 3, maxLength: 9 }),
      fc.constantFrom(...MODES),
      async (steps, mode) => {
        rmSync(memory, { force: true });
        const made = build(
          history,
          treesOf(mode),
          steps.map(([one]) => one),
        );
        const oid = (at: number | undefined): string | null => (at === undefined ? null : (made[at]?.oid ?? null));
        const values = new Map<RefName, number>();
        for (const [at, { oid: value }] of made.entries()) {
          if (at === 0) continue;
          const ref = steps[at - 1]?.[1] === true ? MAIN : ("refs/heads/topic" as RefName);
          const old = values.get(ref);
          // The policy's branch is never rewound.
          if (ref === MAIN && old !== undefined && !reaching(made, at).has(old)) continue;
          const push = (): Promise<boolean> => passes(oid(0) ?? "", ref, oid(old), value, oid(values.get(MAIN)));
          const remembered = await push();
          const kept = existsSync(memory);
          if (kept) renameSync(memory, `${memory}.kept`);
          expect(remembered).toBe(await push());
          rmSync(memory, { force: true });
          if (kept) renameSync(`${memory}.kept`, memory);
          if (remembered) values.set(ref, at);
        }
      },
    ),
  { runs: 5 },
);
