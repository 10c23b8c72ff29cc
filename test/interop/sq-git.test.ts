/**
 * Our verdicts beside those of sequoia-git on the same commits, each of which carries the policy of both. Where they differ, `why`
 * says what makes ours right; docs/design.md has the table.
 */
import { expect, it } from "@jest/globals";
import { BEGUN, pgpPerson, withHistory, type History, type PgpPerson } from "../support/authenticated.ts";
import { revocation, signature } from "../support/openpgp.ts";
import { bothPolicies, sqLog, sqTag, type BothPolicies, type Holder } from "../support/sq-git.ts";
import { describeWith } from "../support/tools.ts";

const [mara, cora, nina, stan] = ["mara", "cora", "nina", "stan"].map((name, at) => pgpPerson(name, 100 + at)) as [
  PgpPerson,
  PgpPerson,
  PgpPerson,
  PgpPerson,
];

interface Scenario {
  readonly name: string;
  /** The root, and what is asked about: a commit or a range. */
  readonly make: (history: History) => readonly [root: string, target: string, via?: string];
  readonly ours: boolean;
  /** Where it differs, with the reason. */
  readonly theirs?: readonly [verdict: boolean, why: string];
}

/** mara may do everything, cora signs; nina comes when she is added, stan never. */
const people: readonly Holder[] = [
  { who: mara, may: "rule" },
  { who: cora, may: "sign" },
];
const withNina: readonly Holder[] = [...people, { who: nina, may: "sign" }];
const begin = (history: History, holders = people, more: BothPolicies = {}): string =>
  history.commit(mara, [], bothPolicies(holders, more));
const change = (
  history: History,
  who: PgpPerson,
  from: string,
  holders: readonly Holder[],
  more: BothPolicies = {},
): string => history.commit(who, [from], bothPolicies(holders, more));
const ninaWith = (...more: readonly Uint8Array[]): readonly Holder[] => [
  ...people,
  { who: nina, may: "sign", certificate: nina.certificate({ more }) },
];

const scenarios: readonly Scenario[] = [
  {
    name: "a line of commits by those who may sign",
    make: (history) => {
      const root = begin(history);
      return [root, history.same(cora, [history.same(mara, [root])])];
    },
    ours: true,
  },
  { name: "an unsigned commit", make: (history) => next(history, null), ours: false },
  { name: "a commit by a stranger", make: (history) => next(history, stan), ours: false },
  {
    name: "a stranger's commit below a good one",
    make: (history) => {
      const root = begin(history);
      return [root, history.same(mara, [history.same(stan, [root])])];
    },
    ours: false,
  },
  {
    name: "a SHA-1 signature",
    make: (history) => {
      const root = begin(history);
      const weak = {
        ...cora,
        sign: (bytes: Buffer, at: number) => signature(cora.primary, bytes, { at, hash: "sha1" }),
      };
      return [root, history.same(weak, [root])];
    },
    ours: false,
  },
  {
    name: "another's e-mail over one's own signature",
    make: (history) => {
      const root = begin(history);
      return [root, history.same({ ...cora, email: mara.email }, [root])];
    },
    ours: false,
    theirs: [true, "it never compares the committer with the certificate: cora's commits pass as mara's"],
  },
  {
    name: "the trust root itself",
    make: (history) => {
      const root = begin(history);
      return [root, root];
    },
    ours: false,
    theirs: [true, "nothing was verified: a root that is its own target would authenticate whatever is asked about"],
  },
  {
    name: "a sibling of the root",
    make: (history) => {
      const first = begin(history);
      return [history.same(mara, [first]), history.same(cora, [first])];
    },
    ours: false,
  },
  {
    name: "a commit before the root",
    make: (history) => {
      const first = begin(history);
      return [history.same(mara, [first]), first];
    },
    ours: false,
  },
  { name: "an unrelated history", make: (history) => [begin(history), begin(history)], ours: false },
  {
    name: "a root without a policy",
    make: (history) => {
      const root = history.commit(mara, [], { a: "1" });
      return [root, history.same(mara, [root])];
    },
    ours: false,
  },
  { name: "an unsigned side, merged by who may sign", make: (history) => merged(history, null, cora), ours: true },
  {
    name: "the same where every commit is asked for",
    make: (history) => merged(history, null, cora, "every"),
    ours: false,
    theirs: [
      true,
      "`trust.merges: every`, our default, is Guix' rule; sequoia-git has one rule, which is our `vouched`",
    ],
  },
  { name: "a good side, merged by nobody", make: (history) => merged(history, cora, null), ours: false },
  { name: "a good side, merged by a stranger", make: (history) => merged(history, cora, stan), ours: false },
  {
    name: "a merge whose first parent is the unsigned one",
    make: (history) => {
      const root = begin(history);
      return [root, history.withTree(cora, [history.same(null, [root]), history.same(mara, [root])], root)];
    },
    ours: true,
  },
  {
    name: "an unrelated repository, merged",
    make: (history) => {
      const root = begin(history);
      const foreign = history.commit(stan, [], bothPolicies([{ who: stan, may: "rule" }]));
      return [root, history.withTree(cora, [root, foreign], root)];
    },
    ours: true,
  },
  {
    name: "what its owner signs on top of that",
    make: (history) => {
      const root = begin(history);
      const foreign = history.commit(stan, [], bothPolicies([{ who: stan, may: "rule" }]));
      return [root, history.same(stan, [history.withTree(cora, [root, foreign], root)])];
    },
    ours: false,
  },
  {
    name: "a side that makes itself a policy, merged without it",
    make: (history) => {
      const root = begin(history);
      const grabbed = change(history, stan, root, [...people, { who: stan, may: "rule" }]);
      return [root, history.withTree(cora, [history.same(mara, [root]), grabbed], root)];
    },
    ours: true,
  },
  {
    name: "the same, merged with it by a committer",
    make: (history) => {
      const root = begin(history);
      const grabbed = change(history, stan, root, [...people, { who: stan, may: "rule" }]);
      return [root, history.withTree(cora, [history.same(mara, [root]), grabbed], grabbed)];
    },
    ours: false,
  },
  {
    name: "somebody who is added, from the next commit on",
    make: (history) => {
      const root = begin(history);
      return [root, history.same(nina, [change(history, mara, root, withNina)])];
    },
    ours: true,
  },
  {
    name: "somebody who adds himself",
    make: (history) => {
      const root = begin(history);
      return [root, change(history, nina, root, withNina)];
    },
    ours: false,
  },
  {
    name: "somebody whom a committer adds",
    make: (history) => {
      const root = begin(history);
      return [root, change(history, cora, root, withNina)];
    },
    ours: false,
  },
  {
    name: "somebody whom a committer removes",
    make: (history) => {
      const root = begin(history, withNina);
      return [root, change(history, cora, root, people)];
    },
    ours: false,
  },
  {
    name: "somebody who was removed",
    make: (history) => {
      const root = begin(history, withNina);
      return [root, history.same(nina, [change(history, mara, root, people)])];
    },
    ours: false,
  },
  {
    name: "a merge of main into what somebody began before she was removed, by her",
    make: (history) => {
      const root = begin(history, withNina);
      const fork = history.commit(nina, [root], { n: "1" });
      const removed = change(history, mara, root, people);
      return [root, history.withTree(nina, [fork, removed], removed, { n: "1" })];
    },
    ours: false,
  },
  {
    name: "the same, dropping the removal",
    make: (history) => {
      const root = begin(history, withNina);
      const fork = history.commit(nina, [root], { n: "1" });
      return [root, history.withTree(nina, [fork, change(history, mara, root, people)], fork)];
    },
    ours: false,
    theirs: [
      true,
      "one parent's policy is enough for it, so whoever forked in time is never removed: ours takes the newest, and this is a change of it",
    ],
  },
  {
    name: "an unknown key in the policy, by a committer",
    make: (history) => {
      const root = begin(history);
      return [root, change(history, cora, root, people, { more: { later: 1 }, sqMore: "later = 1" })];
    },
    ours: false,
    theirs: [true, "a key that somebody plants today may mean something tomorrow"],
  },
  {
    name: "a version of the policy that nobody knows",
    make: (history) => {
      const root = begin(history);
      return [root, change(history, mara, root, people, { more: { version: 7 }, sqMore: "version = 7" })];
    },
    ours: false,
    theirs: [true, "what it means cannot be known, so nothing can be judged by it"],
  },
  {
    name: "the policy deleted by who may change it",
    make: (history) => {
      const root = begin(history);
      return [root, history.withTree(mara, [root], history.repo.emptyTree())];
    },
    ours: false,
    theirs: [true, "nobody could commit after it: whoever may change the policy may not brick it by a slip"],
  },
  {
    name: "what comes after",
    make: (history) => {
      const root = begin(history);
      return [root, history.same(mara, [history.withTree(mara, [root], history.repo.emptyTree())])];
    },
    ours: false,
  },
  {
    name: "a soft revocation: what was signed before",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      return [root, change(history, mara, before, ninaWith(revocation(nina.primary, BEGUN + 150, 3)))];
    },
    ours: true,
  },
  {
    name: "a soft revocation: what is signed after",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      const closed = change(history, mara, before, ninaWith(revocation(nina.primary, BEGUN + 150, 3)));
      return [root, history.same(nina, [closed])];
    },
    ours: false,
  },
  {
    name: "a soft revocation: what is signed after and dated before",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      let tip = change(history, mara, before, ninaWith(revocation(nina.primary, BEGUN + 150, 3)));
      for (let n = 0; n < 8; n += 1) tip = history.same(mara, [tip]);
      return [root, history.same(nina, [tip], { date: BEGUN + 140 })];
    },
    ours: false,
    theirs: [
      true,
      "the signer chose the date: a commit that is older than what it builds on counts for no key that has ended",
    ],
  },
  {
    name: "a key that closes itself in a commit that it signs",
    make: (history) => {
      const root = begin(history, withNina);
      return [root, change(history, nina, root, ninaWith(revocation(nina.primary, BEGUN + 90, 3)))];
    },
    ours: true,
  },
  {
    name: "a hard revocation reaches back",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      return [root, change(history, mara, before, ninaWith(revocation(nina.primary, BEGUN + 600, 2)))];
    },
    ours: false,
  },
  {
    name: "a hard revocation on a side, merged into what the key signed by who vouches for it",
    make: (history) => {
      const root = begin(history, withNina);
      const side = change(history, mara, root, ninaWith(revocation(nina.primary, BEGUN + 600, 2)));
      return [root, history.withTree(mara, [history.same(nina, [root]), side], side)];
    },
    ours: true,
  },
  {
    name: "a hard revocation that an `ours` merge drops",
    make: (history) => {
      const root = begin(history, withNina);
      const side = change(history, mara, root, ninaWith(revocation(nina.primary, BEGUN + 600, 2)));
      return [root, history.same(nina, [history.same(nina, [root]), side])];
    },
    ours: false,
  },
  {
    name: "goodlist: what a revoked key signed, by who may",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      const holders = ninaWith(revocation(nina.primary, BEGUN + 600, 2));
      return [root, change(history, mara, before, holders, { good: [before] })];
    },
    ours: true,
  },
  {
    name: "goodlist: the same, by a committer",
    make: (history) => {
      const root = begin(history, withNina);
      const before = history.same(nina, [root]);
      const closed = change(history, mara, before, ninaWith(revocation(nina.primary, BEGUN + 600, 2)));
      const holders = ninaWith(revocation(nina.primary, BEGUN + 600, 2));
      return [root, change(history, cora, closed, holders, { good: [before] })];
    },
    ours: false,
  },
  {
    name: "goodlist: another commit than the one that is listed",
    make: (history) => {
      const root = begin(history, withNina);
      const [before, other] = [history.same(nina, [root]), history.same(mara, [root])];
      const holders = ninaWith(revocation(nina.primary, BEGUN + 600, 2));
      return [root, change(history, mara, before, holders, { good: [other] })];
    },
    ours: false,
  },
  {
    name: "goodlist: an unsigned commit",
    make: (history) => {
      const root = begin(history);
      const slip = history.same(null, [root]);
      return [root, change(history, mara, slip, people, { good: [slip] })];
    },
    ours: true,
    theirs: [
      false,
      "who holds `exempt` may forgive a slip by its full id and with a reason; sequoia-git must move its root",
    ],
  },
  {
    name: "an expired certificate that is renewed in the same commit",
    make: (history) => {
      const short = (renewed?: number): readonly Holder[] => [
        ...people,
        { who: nina, may: "sign", certificate: nina.certificate({ life: 60, ...(renewed && { renewed }) }) },
      ];
      const root = begin(history, short());
      return [root, change(history, nina, root, short(BEGUN + 90))];
    },
    ours: true,
  },
  {
    name: "an expired certificate that is not",
    make: (history) => {
      const root = begin(history, [...people, { who: nina, may: "sign", certificate: nina.certificate({ life: 60 }) }]);
      return [root, history.same(nina, [root])];
    },
    ours: false,
  },
  {
    name: "a way that must lead through a commit on it",
    make: (history) => {
      const root = begin(history);
      const way = history.same(cora, [root]);
      return [root, history.same(mara, [way, history.same(null, [root])]), way];
    },
    ours: true,
  },
  {
    name: "a way that must lead through a commit that was only merged in",
    make: (history) => {
      const root = begin(history);
      const aside = history.same(null, [root]);
      return [root, history.same(mara, [history.same(cora, [root]), aside]), aside];
    },
    ours: false,
  },
];

function next(history: History, who: PgpPerson | null): readonly [string, string] {
  const root = begin(history);
  return [root, history.same(who, [root])];
}

function merged(
  history: History,
  side: PgpPerson | null,
  by: PgpPerson | null,
  merges: BothPolicies["merges"] = "vouched",
): readonly [string, string] {
  const root = begin(history, people, { merges });
  return [root, history.same(by, [history.same(mara, [root]), history.same(side, [root])])];
}

describeWith("sq-git", "sequoia-git beside us", () => {
  it.each(scenarios)("$name", ({ make, ours, theirs }) =>
    withHistory(async (history) => {
      const [root, target, via] = make(history);
      const words = via === undefined ? target : `${via}..${target}`;
      expect({ ours: (await history.verify(root, [words])).allowed, theirs: sqLog(history, root, words) }).toEqual({
        ours,
        theirs: theirs?.[0] ?? ours,
      });
    }),
  );

  it("tags: good; unsigned; by somebody without the right; by a stranger; over a bad commit", () =>
    withHistory(async (history) => {
      const rules = [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["mara"] } },
      ];
      const root = begin(history, people, { more: { rules } });
      const tip = history.same(cora, [root]);
      history.repo.updateRef("refs/heads/main", tip);
      const cases: readonly (readonly [string, PgpPerson | null, string, boolean])[] = [
        ["good", mara, tip, true],
        ["unsigned", null, tip, false],
        ["unpermitted", cora, tip, false],
        ["stranger", stan, tip, false],
        ["over-bad", mara, history.same(null, [tip]), false],
      ];
      for (const [name, who, target, good] of cases) {
        history.tag(who, name, target);
        const { allowed } = await history.verify(root, [`refs/tags/${name}`], { as: undefined });
        expect([name, allowed, sqTag(history, root, name)]).toEqual([name, good, good]);
      }
    }));
});
