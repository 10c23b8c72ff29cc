import { GitError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import type { Rule } from "../policy/policy.ts";
import { listRefs } from "../io/refs.ts";
import { mergeBases } from "../io/revisions.ts";
import { defaultRemote } from "./governing.ts";
import { judgeLists, type JudgingContext, type RangeToJudge, type RuleGroup } from "./range.ts";
import type { Session } from "./session.ts";
import type { Target } from "./targets.ts";
import { trackedRefs } from "./tracking.ts";

type History = Pick<Target, "include" | "exclude">;

/** A part of a history that lies on refs in `base`, whose own rules allow all of it. */
export interface BaseHistory {
  /** The ref whose rules judge that part, or the first of several with the same rules. */
  readonly ref: RefName;
  readonly rules: readonly Rule[];
  readonly tips: readonly ObjectId[];
  /** The newest commits that the history and the tips have in common. */
  readonly common: readonly ObjectId[];
  /** Rules that need not look at it: those that name the ref in `base`, and those that judged it there. */
  readonly satisfied: ReadonlySet<Rule>;
}

/**
 * In a push a rule takes over what the rules of its `base` judged, by the record. An audit has none, and judges by those rules
 * itself: what lies on the refs in `base`, as this clone knows them, counts where their rules allow it from its beginning on.
 * What the refs in `base` have in `base` themselves does not count any further.
 */
export class BaseHistories {
  readonly #session: Session;
  readonly #context: JudgingContext;
  #values: Promise<ReadonlyMap<RefName, ObjectId>> | null = null;

  constructor(session: Session, context: JudgingContext) {
    this.#session = session;
    this.#context = context;
  }

  async of(history: History, ref: RefName | null, rules: readonly Rule[]): Promise<readonly BaseHistory[]> {
    if (!rules.some(({ commits }) => (commits?.base.length ?? 0) > 0)) return [];
    const found: BaseHistory[] = [];
    for (const base of await this.#candidates(ref, rules)) {
      const common = await this.#commonWith(history, base.tips);
      if (common.length > 0 && (await this.#passes({ ...history, include: common }, base)))
        found.push({ ...base, common });
    }
    return found;
  }

  async #candidates(
    ref: RefName | null,
    rules: readonly Rule[],
  ): Promise<readonly (Omit<BaseHistory, "common"> & { readonly tips: ObjectId[] })[]> {
    const { policy, now } = this.#context;
    const alike = new Map<string, Omit<BaseHistory, "common"> & { readonly tips: ObjectId[] }>();
    for (const [name, oid] of await (this.#values ??= standingBranches(this.#session))) {
      const asking = rules.filter(({ commits }) => commits?.base.some((glob) => glob.matches(name)) === true);
      const judging = rulesOn(policy, name, now).filter(({ commits }) => commits !== null);
      if (name === ref || asking.length === 0 || !judging.some((rule) => judgesCommits(rule, now))) continue;
      const key = JSON.stringify([asking, judging].map((some) => some.map((rule) => rule.name)));
      const satisfied = new Set([...asking, ...judging]);
      const base = alike.get(key) ?? { ref: name, rules: judging, tips: [], satisfied };
      base.tips.push(oid);
      alike.set(key, base);
    }
    return [...alike.values()];
  }

  async #commonWith({ include }: History, tips: readonly ObjectId[]): Promise<readonly ObjectId[]> {
    const bases = include.map((oid) => mergeBases(this.#session.repository, oid, tips));
    return [...new Set((await orNothing(Promise.all(bases), [])).flat())];
  }

  #passes({ include, exclude }: History, { ref, rules }: Pick<BaseHistory, "ref" | "rules">): Promise<boolean> {
    return orNothing(this.#allows({ ref, include, groups: [{ rules, exclude }], history: "everything" }), false);
  }

  async #allows(range: RangeToJudge): Promise<boolean> {
    for await (const some of judgeLists(this.#context, range)) {
      if (some.some(({ decision }) => !decision.allow)) return false;
    }
    return true;
  }
}

/** What is missing is named where the history itself is judged. */
async function orNothing<T>(answer: Promise<T>, nothing: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitError) return nothing;
    throw error;
  }
}

/** Branches by the names that they have on the remote, as last fetched; those that it has not as they stand here. */
async function standingBranches(session: Session): Promise<ReadonlyMap<RefName, ObjectId>> {
  const remote = defaultRemote(session);
  const own = [...(await listRefs(session.repository, ["refs/heads"]))].map(([ref, { oid }]) => [ref, oid] as const);
  return new Map([...own, ...(remote === null ? [] : await trackedRefs(session, remote))]);
}

/** Rules by what they need not look at. */
export function groupsBeside(
  rules: readonly Rule[],
  exclude: readonly ObjectId[],
  bases: readonly BaseHistory[],
): readonly RuleGroup[] {
  if (bases.length === 0) return [{ rules, exclude }];
  const groups = new Map<string, { rules: Rule[]; exclude: readonly ObjectId[] }>();
  for (const rule of rules) {
    const tips = bases.filter(({ satisfied }) => satisfied.has(rule)).flatMap((base) => base.tips);
    const key = tips.join(" ");
    const group = groups.get(key) ?? { rules: [], exclude: [...exclude, ...tips] };
    group.rules.push(rule);
    groups.set(key, group);
  }
  return [...groups.values()];
}
