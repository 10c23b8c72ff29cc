import type { ObjectId, RefName, Seconds } from "../model.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import type { Policy, Rule, Selector } from "../policy/policy.ts";
import type { RecordState } from "./record-state.ts";

/**
 * Which of the values on a new rule's refs count for all of these. Where other rules judged till now what
 * comes to them, and no longer do, it takes their place: what only the one of them judged must not vouch for a ref that the other one kept.
 */
export class Succession {
  readonly #rule: Rule;
  readonly #record: RecordState;
  /** Rules that judged what stands on one of the refs, and would have judged what comes there until now. */
  readonly #before: ReadonlySet<string>;

  constructor(policy: Policy, rule: Rule, record: RecordState, tips: Readonly<Record<string, ObjectId>>, now: Seconds) {
    this.#rule = rule;
    this.#record = record;
    const values = Object.entries(tips) as [RefName, ObjectId][];
    this.#before = new Set(
      values.flatMap(([ref, oid]) => {
        const judging = rulesOn(policy, ref, now).filter((other) => judgesCommits(other, now));
        const still = new Set(judging.map(({ name }) => name));
        return record.judgesOf(oid).filter((name) => record.signersOf(name) !== null && !still.has(name));
      }),
    );
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
