import type { ObjectId, RefName, Seconds } from "../model.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import { compileGlob } from "../policy/globs.ts";
import type { Glob, Policy, Rule, Selector } from "../policy/policy.ts";
import type { RecordState } from "./record-state.ts";

/**
 * Which of the values on a rule's refs count for all of these, where it is new or takes others' signature than before. Where other rules judged till now what comes to them, and
 * no longer do, it takes their place: what only the one of them judged must not vouch for a ref that the other one kept,
 * whether that is there yet or not.
 */
export class Succession {
  readonly #rule: Rule;
  readonly #record: RecordState;
  /** Other rules that would have judged what comes to one of the refs until now. */
  readonly #before: ReadonlySet<string>;

  constructor(policy: Policy, rule: Rule, record: RecordState, tips: Readonly<Record<string, ObjectId>>, now: Seconds) {
    this.#rule = rule;
    this.#record = record;
    const others = [...record.rulesInForce()]
      .filter(([name]) => name !== rule.name && record.signersOf(name) !== null)
      .map(([name, { patterns }]) => ({ name, globs: [...patterns].map(compileGlob) }));
    const patterns = others.flatMap(({ name, globs }) => {
      const same = policy.rules.find((other) => other.name === name && judgesCommits(other, now));
      const kept = new Set(same?.refs.map(({ pattern }) => pattern));
      return globs.some((glob) => !kept.has(glob.pattern) && overlaps(rule, glob)) ? [name] : [];
    });
    const values = Object.entries(tips) as [RefName, ObjectId][];
    const standing = values.flatMap(([ref, oid]) => {
      const judges = new Set(record.judgesOf(oid));
      const still = new Set(
        rulesOn(policy, ref, now)
          .filter((other) => judgesCommits(other, now))
          .map(({ name }) => name),
      );
      return others
        .filter(({ name, globs }) => judges.has(name) && !still.has(name) && globs.some((glob) => glob.matches(ref)))
        .map(({ name }) => name);
    });
    this.#before = new Set([...patterns, ...standing]);
  }

  /** Whether there are such rules. */
  get takesPlace(): boolean {
    return this.#before.size > 0;
  }

  /** Some rule judged it, and either each of those before did, or one that took nobody's word whom this rule would not take. */
  isJudged(oid: ObjectId): boolean {
    const judges = this.#record.judgesOf(oid);
    if (judges.length === 0) return false;
    return [...this.#before].every((name) => judges.includes(name)) || judges.some((name) => this.#isAsStrict(name));
  }

  #isAsStrict(name: string): boolean {
    const { commits } = this.#rule;
    const signers = this.#record.signersOf(name);
    if (commits === null || signers === null || commits.threshold !== null) return false;
    const always = ({ names, dated }: Selector, signer: string): boolean => names.has(signer) && !dated.has(signer);
    // Who is asked for at a time only passed the other rule at any.
    return signers.every((signer) => always(commits.signedBy, signer) && always(commits.side, signer));
  }
}

/** Whether one of the rule's patterns names what the other names, or the other way; of two that only meet half-way neither does. */
const overlaps = ({ refs }: Rule, other: Glob): boolean =>
  refs.some((glob) => glob.matches(latin1(other.pattern)) || other.matches(latin1(glob.pattern)));

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
