import type { ObjectId, RefName, Seconds } from "../model.ts";
import { isEnforced, judgesCommits, rulesOn } from "../policy/applies.ts";
import type { Policy, Rule } from "../policy/policy.ts";
import type { UpdateVerdict } from "./push.ts";
import type { PlannedUpdate } from "./push-plan.ts";
import { unionOf } from "./tip-set.ts";
import type { JudgedTips } from "./tips.ts";

interface Judging {
  verdictOf(planned: PlannedUpdate): Promise<UpdateVerdict>;
  /** From here on a rule has more tips. */
  lent(): void;
}

/**
 * What branches of a push lend to its other refs by `base`: a new value that all rules of its own ref pass is what the record
 * will say of it, and one that does not refuses the push anyway. So a release branch may come with the main it was cut from.
 */
export class LentTips {
  readonly #policy: Policy;
  readonly #now: Seconds;
  readonly #lent = new Map<Rule, Set<ObjectId>>();
  readonly #begun = new Set<Rule>();

  constructor(policy: Policy, now: Seconds) {
    this.#policy = policy;
    this.#now = now;
  }

  /** The tips that were known before, with what is lent by the time that a rule is first asked for. */
  beside(tips: JudgedTips): JudgedTips {
    return { ...tips, shared: (rule) => unionOf(tips.shared(rule), this.#lent.get(rule) ?? new Set()) };
  }

  /** Judges what may lend, before what borrows of it; where they ask for one another, nothing is lent the one way round. */
  async lend(updates: readonly PlannedUpdate[], judging: Judging): Promise<void> {
    for (const { rules } of updates) for (const rule of rules) await this.#lendTo(rule, updates, judging);
  }

  async #lendTo(rule: Rule, updates: readonly PlannedUpdate[], judging: Judging): Promise<void> {
    const base = rule.commits?.base ?? [];
    if (base.length === 0 || this.#begun.has(rule)) return;
    this.#begun.add(rule);
    const lent = new Set<ObjectId>();
    for (const planned of updates) {
      const { update, rules } = planned;
      if (update.new === null || rules.includes(rule) || !isBranch(update.ref)) continue;
      if (!base.some((glob) => glob.matches(update.ref))) continue;
      for (const other of rules) await this.#lendTo(other, updates, judging);
      if (this.#isJudged(await judging.verdictOf(planned))) lent.add(update.new);
    }
    if (lent.size === 0) return;
    this.#lent.set(rule, lent);
    judging.lent();
  }

  /** As `tipsFromRecord` has it: by every rule on the ref that asks anything of commits. */
  #isJudged({ update, allowed, rules: passed }: UpdateVerdict): boolean {
    const rules = rulesOn(this.#policy, update.ref, this.#now);
    const judging = rules.filter(({ commits }) => commits !== null && isEnforced(commits, this.#now));
    return (
      allowed &&
      judging.some((rule) => judgesCommits(rule, this.#now)) &&
      judging.every(({ name }) => passed.includes(name))
    );
  }
}

/** A tag would have to wait for the branches that vouch for it. */
const isBranch = (ref: RefName): boolean => ref.startsWith("refs/heads/");
