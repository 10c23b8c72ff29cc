import { describe } from "@jest/globals";
import fc from "fast-check";
import type { Evidence } from "../../src/model.ts";
import { decideCommit } from "../../src/policy/decide-commit.ts";
import type { CommitInput } from "../../src/policy/decide-commit.ts";
import { decideTag } from "../../src/policy/decide-tag.ts";
import type { TagInput } from "../../src/policy/decide-tag.ts";
import type { IdentityRule, Rule, Selector } from "../../src/policy/policy.ts";
import {
  DAY,
  EVIDENCE_CODES,
  NOW,
  commit,
  commitInput,
  edit,
  commitRule,
  exemption,
  identity,
  oid,
  policy,
  rule,
  tag,
  tagInput,
  tagRule,
  unverified,
  verified,
} from "../support/decisions.ts";
import { itHolds } from "../support/fuzz.ts";

const people = ["alice", "bob", "robot", "agent", "github-web"];
const emails = [...people.map((id) => `${id}@example.org`), "noreply@github.com", "Alice@example.org", "x@y"];
const moment = fc.constantFrom(NOW - 900 * DAY, NOW - DAY, NOW - 301, NOW, NOW + 300, NOW + 301);

const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  fc.constantFrom(...EVIDENCE_CODES).map((code) => unverified(code)),
  fc
    .record({ by: fc.constantFrom(...people), signedAt: fc.option(moment), lapsed: fc.boolean() })
    .map(({ by, signedAt, lapsed }) => verified(by, { signedAt, ...(lapsed ? { lapsed: "key-expired" } : {}) })),
);
const term = fc.record({ from: fc.option(moment), until: fc.option(moment) });
const selector: fc.Arbitrary<Selector> = fc
  .tuple(
    fc.subarray(people, { minLength: 1 }),
    fc.dictionary(fc.constantFrom(...people), fc.array(term, { maxLength: 2 })),
  )
  .map(([ids, terms]) => ({
    names: new Set(ids),
    dated: new Map(Object.entries(terms).filter(([id]) => ids.includes(id))),
  }));
const enforcement = { level: fc.constantFrom("error", "warn"), enforceFrom: fc.option(moment) } as const;
const clause = fc.record({
  signedBy: selector,
  side: selector,
  identity: fc.constantFrom<IdentityRule>("committer", "author", "both", "none"),
  ...enforcement,
});
const clock = fc.record({
  mode: fc.constantFrom("new" as const, "history" as const),
  now: fc.constant(NOW),
  latestAncestor: fc.option(moment),
});
const exemptions = fc.array(
  fc
    .record({ codes: fc.subarray([...EVIDENCE_CODES]), until: fc.option(moment), tag: fc.boolean() })
    .map(({ codes, until, tag: ofTag }) => exemption(codes, { until, commit: oid(ofTag ? "a" : "c") })),
  { maxLength: 2 },
);

const commits: fc.Arbitrary<CommitInput> = fc
  .record({
    committer: fc.tuple(fc.constantFrom(...emails), moment),
    author: fc.constantFrom(...emails),
    evidence: fc.array(evidence, { maxLength: 3 }),
    clauses: fc.array(fc.tuple(clause, fc.constantFrom("line" as const, "side" as const)), { maxLength: 3 }),
    unmatched: fc.constantFrom("deny" as const, "allow" as const),
    changes: fc.boolean(),
    clock,
    exemptions,
  })
  .map((made) =>
    commitInput({
      policy: policy({ unmatched: made.unmatched }),
      commit: commit({ committer: identity(...made.committer), author: identity(made.author) }),
      evidence: made.evidence,
      applied: made.clauses.map(([one, place], index) => ({
        rule: rule({ name: `rule ${index}`, commits: commitRule(one) }),
        place,
      })),
      policyEdit: made.changes ? edit(["rules"]) : null,
      clock: made.clock,
      exemptions: made.exemptions,
    }),
  );

const tags: fc.Arbitrary<TagInput> = fc
  .record({
    tagger: fc.option(fc.tuple(fc.constantFrom(...emails), moment)),
    name: fc.constantFrom("v1", "v2"),
    outermost: fc.boolean(),
    evidence: fc.array(evidence, { maxLength: 3 }),
    clauses: fc.array(
      fc.record({ signedBy: selector, identity: fc.constantFrom("tagger" as const, "none" as const), ...enforcement }),
      { maxLength: 3 },
    ),
    clock,
    exemptions,
  })
  .map((made) =>
    tagInput({
      tag: tag({ name: made.name, tagger: made.tagger === null ? null : identity(...made.tagger) }),
      outermost: made.outermost,
      evidence: made.evidence,
      rules: made.clauses.map((one, index) => rule({ name: `rule ${index}`, tags: tagRule(one) })),
      clock: made.clock,
      exemptions: made.exemptions,
    }),
  );

const itIsSo = <T>(name: string, arbitrary: fc.Arbitrary<T>, holds: (made: T) => boolean) => {
  itHolds(name, () => fc.property(arbitrary, holds), { runs: 2000 });
};
/** Deny never turns into allow. */
const noLooser = (before: { allow: boolean }, after: { allow: boolean }): boolean => before.allow || !after.allow;

/** The same with every clause at error level for all time: what is asked then depends on no date. */
function always<T extends CommitInput | TagInput>(input: T): T {
  const strict = { level: "error", enforceFrom: null } as const;
  const enforce = (one: Rule): Rule => ({
    ...one,
    commits: one.commits === null ? null : { ...one.commits, ...strict },
    tags: one.tags === null ? null : { ...one.tags, ...strict },
  });
  return "applied" in input
    ? { ...input, applied: input.applied.map(({ rule: one, place }) => ({ rule: enforce(one), place })) }
    : { ...input, rules: input.rules.map(enforce) };
}

const rulesOf = (input: CommitInput | TagInput): number =>
  "applied" in input ? input.applied.length : input.rules.length;

describe.each([
  ["commits", commits, decideCommit as (input: never) => ReturnType<typeof decideCommit>],
  ["tags", tags, decideTag as (input: never) => ReturnType<typeof decideCommit>],
] as const)("decisions on %s", (_, inputs, decide) => {
  const made = inputs as fc.Arbitrary<CommitInput | TagInput>;
  const judge = decide as (input: CommitInput | TagInput) => ReturnType<typeof decideCommit>;

  itIsSo("allow exactly where no finding is an error, and errors come first", made, (input) => {
    const { allow, exempt, findings } = judge(input);
    const severities = findings.map((finding) => finding.severity);
    return (
      allow === !severities.includes("error") &&
      (!exempt || allow) &&
      severities.lastIndexOf("error") < (severities.includes("warning") ? severities.indexOf("warning") : Infinity)
    );
  });

  itIsSo("are the same for the same input, and pass the evidence through", made, (input) => {
    const decision = judge(input);
    return decision.evidence === input.evidence && JSON.stringify(decision) === JSON.stringify(judge(input));
  });

  // Exemptions forgive by code, and which code leads depends on what was proved; see the next property for them.
  itIsSo("never turn from deny to allow when evidence is taken away", fc.tuple(made, fc.nat(2)), ([input, at]) => {
    const plain = { ...always(input), exemptions: [] };
    return noLooser(judge(plain), judge({ ...plain, evidence: input.evidence.toSpliced(at, 1) }));
  });

  itIsSo("never allow a signed object of which nothing was proved, whatever is exempt", made, (input) => {
    const bare = { ...always(input), evidence: [] };
    return rulesOf(input) === 0 || !judge(bare).allow;
  });

  itIsSo("never turn from deny to allow when an exemption is taken away", made, (input) =>
    noLooser(judge(input), judge({ ...input, exemptions: input.exemptions.slice(1) })),
  );

  itIsSo("credit nobody without verified evidence", made, (input) => {
    const { principal } = judge(input);
    return (
      principal === null || input.evidence.some((e) => e.outcome === "verified" && e.signer.principal === principal)
    );
  });
});

describe("adding a principal", () => {
  const more = ({ names, dated }: Selector, id: string): Selector => ({
    names: new Set([...names, id]),
    dated: new Map([...dated].filter(([other]) => other !== id)),
  });
  const someone = fc.constantFrom(...people);

  itIsSo(
    "to `signedBy` and `side` never turns a commit from allow to deny",
    fc.tuple(commits, someone),
    ([input, id]) => {
      const applied = input.applied.map(({ rule: one, place }) => ({
        rule:
          one.commits === null
            ? one
            : {
                ...one,
                commits: { ...one.commits, signedBy: more(one.commits.signedBy, id), side: more(one.commits.side, id) },
              },
        place,
      }));
      return noLooser(decideCommit({ ...input, applied }), decideCommit(input));
    },
  );

  itIsSo("to `signedBy` never turns a tag from allow to deny", fc.tuple(tags, someone), ([input, id]) => {
    const rules = input.rules.map((one) =>
      one.tags === null ? one : { ...one, tags: { ...one.tags, signedBy: more(one.tags.signedBy, id) } },
    );
    return noLooser(decideTag({ ...input, rules }), decideTag(input));
  });
});

describe("adding a rule", () => {
  itIsSo(
    "never turns a commit from deny to allow, where one applied already",
    fc.tuple(commits, clause),
    ([input, extra]) => {
      if (input.applied.length === 0) return true;
      const applied = [
        ...input.applied,
        { rule: rule({ name: "extra", commits: commitRule(extra) }), place: "line" as const },
      ];
      return noLooser(decideCommit(input), decideCommit({ ...input, applied }));
    },
  );
});

describe("the clock", () => {
  itIsSo("takes no commit as new that it refuses as history", commits, (input) => {
    // Time before enforcement is history's alone; so are exemptions that have ended for what arrives.
    const on = (mode: "new" | "history") => decideCommit({ ...always(input), clock: { ...input.clock, mode } });
    return noLooser(on("history"), on("new"));
  });
});
