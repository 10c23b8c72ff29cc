import type { ObjectId, RefName, Seconds } from "../model.ts";
import { compileGlob } from "../policy/globs.ts";
import { isEnforced, judgesCommits, patternsOn, rulesOn } from "../policy/applies.ts";
import { parseTime } from "../encoding/time.ts";
import type { Policy, Rule } from "../policy/policy.ts";
import type { RefValues } from "../io/refs.ts";
import type { RecordMet } from "./record-entries.ts";
import type { RecordState } from "./record-state.ts";
import { Succession } from "./succession.ts";
import { type Tips, unionOf } from "./tip-set.ts";

/** Which commits have been judged before: for a rule and a ref, values of refs whose history needs no second look. */
export interface JudgedTips {
  /** For an update of any ref under this rule, `base` included. */
  shared(rule: Rule): Tips;
  /** More that counts for this ref alone: its own recorded value, and what stood on it when the rule came to name it. */
  own(rule: Rule, ref: RefName): Tips;
  /** Values that some rule with `commits` at error level judged, whichever: commits they reach are history, not new. */
  readonly any: Tips;
}

/** Judged tips from the receive record. Every rule that names a ref of the push must have been met (`meetRules`). */
export function tipsFromRecord(policy: Policy, record: RecordState, now: Seconds): JudgedTips {
  const judging = policy.rules.filter((rule) => judgesCommits(rule, now));
  return {
    shared: (rule) => unionOf(record.sharedTips(rule.name), new Set(baseTips(policy, rule, record, now))),
    own: (rule, ref) => record.ownTips(rule.name, ref),
    any: unionOf(...judging.map((rule) => record.sharedTips(rule.name))),
  };
}

/** A rule that only warns lets anything stand where it looks. */
const judges = (rule: Rule, now: Seconds): boolean => rule.commits !== null && isEnforced(rule.commits, now);

/**
 * What the rules of the refs in `base` judged: on each such ref, the values that all of them passed at error level. Rules
 * for paths alone have not looked at every commit.
 */
function baseTips(policy: Policy, rule: Rule, record: RecordState, now: Seconds): readonly ObjectId[] {
  const base = rule.commits?.base ?? [];
  if (base.length === 0) return [];
  // A server may hold a hundred thousand refs: what the same rules judged is the same for each of them.
  const judging = new Map<string, readonly Rule[]>();
  for (const ref of record.refsLeft()) {
    if (!base.some((glob) => glob.matches(ref))) continue;
    const rules = rulesOn(policy, ref, now).filter((judge) => judges(judge, now));
    judging.set(rules.map(({ name }) => name).join("\n"), rules);
  }
  return [...judging.values()].flatMap((rules) => {
    const first = rules.find((judge) => judgesCommits(judge, now));
    const others = rules.filter((judge) => judge !== first).map(({ name }) => record.sharedTips(name));
    if (first === undefined) return [];
    return [...record.sharedTips(first.name)].filter((oid) => others.every((tips) => tips.has(oid)));
  });
}

/**
 * What the record must learn before this policy can be applied: a rule it never met takes what stands on its refs as a
 * baseline for all of them, but for what came in while nobody judged it, and where it takes the place of other rules (see
 * `Succession`); that, and what stands on refs which a known rule newly names, counts for its own ref alone. Else whoever
 * parks commits where a rule only warns, takes others' word, or none is, has them vouched for by the next rule that looks
 * there.
 * A ref that the rule named all along but the record never saw came to be while the hook was off: it gets nothing.
 */
export function meetRules(policy: Policy, record: RecordState, present: RefValues, at: string): readonly RecordMet[] {
  const now = parseTime(at);
  const isNew = record.isNew();
  const met = policy.rules.flatMap((rule): readonly RecordMet[] => {
    if (isMet(policy, rule, record, now)) return [];
    const known = record.patternsOf(asMet(rule));
    const patterns = patternsOn(policy, rule, now);
    const before = known === null ? [] : [...known].map(compileGlob);
    const standing: Values = Object.fromEntries(
      [...present].flatMap(([ref, value]) => {
        if (!rulesOn(policy, ref, now).includes(rule)) return [];
        const left = record.left(ref);
        const oid = left === undefined ? value.oid : left;
        return oid === null ? [] : [[ref, oid]];
      }),
    );
    const [seen, tips] = split(standing, (_, ref) => before.some((glob) => glob.matches(ref)));
    const signers = signersOf(rule, now);
    const met = {
      kind: "met",
      at,
      rule: rule.name,
      refs: patterns,
      ...(rule.paths === null ? {} : { paths: true as const }),
      ...(signers === null ? {} : { signers }),
    } as const;
    const succession = new Succession(policy, rule, record, standing, now);
    if (known !== null && !succession.takesPlace) return [{ ...met, scope: "ref", tips }];
    if (known !== null) {
      const mine = record.sharedTips(rule.name);
      const [judged, others] = split(seen, (oid) => mine.has(oid) && succession.isJudged(oid));
      return [
        { ...met, scope: "rule", tips: judged, anew: true },
        { ...met, scope: "ref", tips: { ...others, ...tips } },
      ];
    }
    const [judged, others] = isNew ? [tips, {}] : split(tips, (oid) => succession.isJudged(oid));
    const alone: readonly RecordMet[] =
      Object.keys(others).length === 0 ? [] : [{ ...met, scope: "ref", tips: others }];
    return [{ ...met, scope: "rule", tips: judged }, ...alone];
  });
  return [...met, ...goneRules(policy, record, at)];
}

/** That a rule is gone is written down as well: what it judged till then, no later rule takes its place for. */
function goneRules(policy: Policy, record: RecordState, at: string): readonly RecordMet[] {
  const names = new Set(policy.rules.map(({ name }) => name));
  return [...record.rulesInForce()].flatMap(([rule, { paths }]): readonly RecordMet[] =>
    names.has(rule) ? [] : [{ kind: "met", at, rule, refs: [], scope: "rule", tips: {}, ...(paths ? { paths } : {}) }],
  );
}

/** Whether the record met the rule as it is now. */
function isMet(policy: Policy, rule: Rule, record: RecordState, now: Seconds): boolean {
  const known = record.patternsOf(asMet(rule));
  if (known === null || !sameMembers(known, patternsOn(policy, rule, now))) return false;
  const [signers, before] = [signersOf(rule, now), record.signersOf(rule.name)];
  return signers === null || before === null ? signers === before : sameMembers(new Set(before), signers);
}

/** Whose signature the rule takes, on the line and beside it; null where it lets every commit pass. */
const signersOf = (rule: Rule, now: Seconds): readonly string[] | null =>
  rule.commits !== null && judgesCommits(rule, now)
    ? [...new Set([...rule.commits.signedBy.names, ...rule.commits.side.names])].sort()
    : null;

const asMet = ({ name, paths }: Rule) => ({ name, paths: paths !== null });

type Values = Readonly<Record<string, ObjectId>>;

function split(tips: Values, condition: (oid: ObjectId, ref: RefName) => boolean): readonly [Values, Values] {
  const [yes, no]: [Record<string, ObjectId>, Record<string, ObjectId>] = [{}, {}];
  for (const [ref, oid] of Object.entries(tips)) (condition(oid, ref as RefName) ? yes : no)[ref] = oid;
  return [yes, no];
}

/** Whether `meetRules` would have anything to say; tells without listing every ref. */
export function hasUnmetRules(policy: Policy, record: RecordState, now: Seconds): boolean {
  return policy.rules.some((rule) => !isMet(policy, rule, record, now)) || goneRules(policy, record, "").length > 0;
}

const sameMembers = (known: ReadonlySet<string>, some: readonly string[]): boolean =>
  known.size === new Set(some).size && some.every((member) => known.has(member));
