import { GitError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import { asksForRef, isEnforced, rulesOn } from "../policy/applies.ts";
import type { Rule } from "../policy/policy.ts";
import { collectCommits, isAncestor, unreachedOf } from "../io/revisions.ts";
import type { RefUpdate } from "./push-input.ts";
import type { PushContext } from "./push.ts";
import type { RuleGroup } from "./range.ts";
import { type KnownRange, SharedWalk } from "./shared-walk.ts";
import { isSame, sorted, type Tips, unionOf } from "./tip-set.ts";

/** From this many refs on, git walks for all of them at once instead of for each. */
const MANY = 8;

export interface PlannedUpdate {
  readonly update: RefUpdate;
  /** The ref, and the one that it symbolically names. */
  readonly names: readonly RefName[];
  readonly symbolic: RefName | null;
  readonly rules: readonly Rule[];
}

/** Rules that share their judged tips; of those some may count for this ref alone. */
export interface PlannedGroup extends RuleGroup {
  /** The same for the same rules and tips, and for the same ref where the rules ask for that. */
  readonly key: string;
  readonly shared: SharedTips;
  readonly own: readonly ObjectId[];
}

interface SharedTips {
  readonly key: string;
  readonly tips: Tips;
  /** For git, where it must be asked: a server may have a hundred thousand of them. */
  list(): readonly ObjectId[];
}

interface CommonWalk {
  readonly walk: SharedWalk;
  /** Of the commits at which the walk ended, those that the shared tips reach: left out for every ref. */
  readonly excluded: ReadonlySet<ObjectId>;
}

/**
 * What every ref of a push is asked for, and what git has to be asked only once for all of them: a push of thousands of
 * refs starts git a few times, not a few times a ref. Answers are those of a walk for the one ref, or that walk is made.
 */
export class PushPlan {
  readonly #context: PushContext;
  readonly #updates: readonly PlannedUpdate[];
  readonly #shared = new Map<Rule, SharedTips>();
  readonly #keys = new Map<string, string>();
  readonly #walks = new Map<string, Promise<CommonWalk | null>>();
  readonly #leaning = new Map<string, Promise<ReadonlySet<ObjectId>>>();
  #tips: Promise<ReadonlyMap<RefUpdate, ObjectId>> | null = null;
  #named: Promise<ReadonlySet<ObjectId>> | null = null;
  #fresh: Promise<ReadonlySet<ObjectId>> | null = null;
  readonly #reached: Map<string, Promise<ReadonlySet<ObjectId>>> = new Map();

  constructor(context: PushContext, updates: readonly RefUpdate[]) {
    this.#context = context;
    this.#updates = updates.map((update) => this.#planned(update));
  }

  get updates(): readonly PlannedUpdate[] {
    return this.#updates;
  }

  #planned(update: RefUpdate): PlannedUpdate {
    const symbolic = this.#context.present.get(update.ref)?.symbolic ?? null;
    const names = symbolic === null ? [update.ref] : [update.ref, symbolic];
    const rules = [...new Set(names.flatMap((name) => rulesOn(this.#context.policy, name, this.#context.now)))];
    return { update, names, symbolic, rules };
  }

  /** The rules that judge commits on this ref, by what they judged before. */
  groups({ names, rules }: PlannedUpdate): readonly PlannedGroup[] {
    const groups = new Map<string, { rules: Rule[]; shared: SharedTips; own: readonly ObjectId[] }>();
    for (const rule of rules) {
      if (rule.commits === null) continue;
      const shared = this.#sharedOf(rule);
      const own = this.#ownOf(rule, names);
      const key = [shared.key, ...own].join(" ");
      const group = groups.get(key) ?? { rules: [], shared, own };
      group.rules.push(rule);
      groups.set(key, group);
    }
    return [...groups].map(([tips, { rules, shared, own }]) => ({
      rules,
      shared,
      own,
      exclude: unionOf(shared.tips, new Set(own)),
      key: this.#keyOf(
        JSON.stringify([
          rules.map(({ name }) => name),
          tips,
          asksForRef(this.#context.policy, rules) ? names[0] : null,
        ]),
      ),
    }));
  }

  #sharedOf(rule: Rule): SharedTips {
    const known = this.#shared.get(rule);
    if (known !== undefined) return known;
    const tips = this.#context.tips.shared(rule);
    // Rules are few and tips may be a hundred thousand: they are compared, not written out as a key.
    const same = [...this.#shared.values()].find((other) => isSame(other.tips, tips));
    let list: readonly ObjectId[] | null = null;
    const shared = same ?? { key: `#${this.#shared.size}`, tips, list: () => (list ??= sorted(tips)) };
    this.#shared.set(rule, shared);
    return shared;
  }

  /** A short name for a long text. */
  #keyOf(text: string): string {
    const known = this.#keys.get(text) ?? `#${this.#keys.size}`;
    this.#keys.set(text, known);
    return known;
  }

  /** What counts for this ref beyond what counts for all. */
  #ownOf(rule: Rule, names: readonly RefName[]): readonly ObjectId[] {
    const { tips } = this.#sharedOf(rule);
    const own = names.flatMap((name) => [...this.#context.tips.own(rule, name)]);
    return [...new Set(own)].filter((oid) => !tips.has(oid)).sort();
  }

  /** The range of one ref under one group as the common walk found it; null where git is asked for this ref. */
  async known(group: PlannedGroup, tip: ObjectId, settled?: ReadonlySet<ObjectId>): Promise<KnownRange | null> {
    if (this.#updates.length < MANY) return null;
    const common = await this.#walkOf(group.shared);
    return common?.walk.range(tip, (oid) => common.excluded.has(oid) || group.own.includes(oid), settled) ?? null;
  }

  #walkOf(shared: SharedTips): Promise<CommonWalk | null> {
    const known = this.#walks.get(shared.key);
    if (known !== undefined) return known;
    const walk = this.#walk(shared);
    this.#walks.set(shared.key, walk);
    return walk;
  }

  async #walk(shared: SharedTips): Promise<CommonWalk | null> {
    const { repository, changes, policy } = this.#context;
    const { include, own } = await this.#under(shared);
    const range = { include, exclude: [...shared.list(), ...own] };
    const walk = await SharedWalk.read(repository, range, changes, policy.limits.commits);
    if (walk === null) return null;
    try {
      // Branches leave judged history anywhere, not only at its tips, and each ref's own walk would read all of those again.
      return { walk, excluded: await walk.leftOutBy(shared.tips) };
    } catch (error) {
      if (error instanceof GitError) return null;
      throw error;
    }
  }

  /** The tips of every ref under rules with these judged tips, and what counts for single ones of them. */
  async #under(shared: SharedTips): Promise<{ include: readonly ObjectId[]; own: readonly ObjectId[] }> {
    const tips = await this.#tipsOf();
    const include = new Set<ObjectId>();
    const own = new Set<ObjectId>();
    for (const { update, names, rules } of this.#updates) {
      const tip = tips.get(update);
      for (const rule of rules) {
        if (tip === undefined || rule.commits === null || this.#sharedOf(rule) !== shared) continue;
        include.add(tip);
        for (const oid of this.#ownOf(rule, names)) own.add(oid);
      }
    }
    return { include: [...include], own: [...own] };
  }

  /** The commits that the refs would name, tags followed to their end; none for what cannot be read. */
  #tipsOf(): Promise<ReadonlyMap<RefUpdate, ObjectId>> {
    this.#tips ??= this.#peel();
    return this.#tips;
  }

  async #peel(): Promise<ReadonlyMap<RefUpdate, ObjectId>> {
    const moved = this.#updates.flatMap(({ update }) => (update.new === null ? [] : [{ update, oid: update.new }]));
    const peeled = await Promise.all(moved.map(({ oid }) => this.#context.outlines.peel(oid)));
    return new Map(
      moved.flatMap(({ update }, index) => {
        const tip = peeled[index] ?? null;
        return tip === null ? [] : [[update, tip] as const];
      }),
    );
  }

  async #judgedTips(): Promise<readonly ObjectId[]> {
    const named = await this.#tipsOf();
    const judged = this.#updates.filter(({ rules }) => rules.some(({ commits }) => commits !== null));
    return [...new Set(judged.flatMap(({ update }) => named.get(update) ?? []))];
  }

  /** For the clock: which commits no judged tip reaches. */
  async history(): Promise<Tips | { readonly fresh: ReadonlySet<ObjectId> }> {
    const { repository, tips } = this.#context;
    if (this.#updates.length < MANY) return tips.any;
    this.#fresh ??= this.#judgedTips()
      .then((include) => collectCommits(repository, { include, exclude: [...tips.any] }))
      .then((oids) => new Set(oids));
    return { fresh: await this.#fresh };
  }

  /** Whether one of these tips reaches the commit. `name` stands for the tips, which may be too many to list for each ref. */
  async isReached(commit: ObjectId, name: string, tips: () => readonly ObjectId[]): Promise<boolean> {
    const named = this.#updates.length < MANY ? null : await (this.#named ??= this.#namedTips());
    if (named?.has(commit) !== true) return !(await this.#unreached([commit], tips())).has(commit);
    const unreached = this.#reached.get(name) ?? this.#unreached([...named], tips());
    this.#reached.set(name, unreached);
    return !(await unreached).has(commit);
  }

  async #namedTips(): Promise<ReadonlySet<ObjectId>> {
    return new Set((await this.#tipsOf()).values());
  }

  async #unreached(commits: readonly ObjectId[], tips: readonly ObjectId[]): Promise<ReadonlySet<ObjectId>> {
    return tips.length === 0 ? new Set(commits) : unreachedOf(this.#context.repository, commits, tips);
  }

  /**
   * The rules for which the new value counts as judged on every ref: those that passed it at error level, without leaning
   * on a value that counts for this ref alone. Otherwise what nobody judged would travel on under a signed tip.
   */
  async rulesPassed({ update, names, rules }: PlannedUpdate): Promise<readonly string[]> {
    const { now } = this.#context;
    const passed: string[] = [];
    for (const group of this.groups({ update, names, rules, symbolic: null })) {
      if (update.new === null || (group.own.length > 0 && (await this.#leans(group, update.new)))) continue;
      for (const { name, commits } of group.rules) if (commits !== null && isEnforced(commits, now)) passed.push(name);
    }
    return rules.map(({ name }) => name).filter((name) => passed.includes(name));
  }

  async #leans(group: PlannedGroup, tip: ObjectId): Promise<boolean> {
    const { repository } = this.#context;
    const commit = (await this.#context.outlines.peel(tip)) ?? tip;
    const edges = (await this.known(group, commit))?.edges;
    if (edges !== undefined) {
      const leaning = await this.#leaningUnder(group.shared);
      return [...edges].some((edge) => leaning.has(edge));
    }
    const [all, judged] = await Promise.all([
      collectCommits(repository, { include: [commit], exclude: group.shared.list() }),
      collectCommits(repository, { include: [commit], exclude: [...group.exclude] }),
    ]);
    return all.length !== judged.length;
  }

  /** Of what counts for single refs, what the tips that count for all do not reach. */
  #leaningUnder(shared: SharedTips): Promise<ReadonlySet<ObjectId>> {
    const known = this.#leaning.get(shared.key);
    if (known !== undefined) return known;
    const leaning = this.#under(shared).then(({ own }) => unreachedOf(this.#context.repository, own, shared.list()));
    this.#leaning.set(shared.key, leaning);
    return leaning;
  }

  /** Whether the new commit reaches the old one. */
  async reachesOld(planned: PlannedUpdate, old: ObjectId, tip: ObjectId): Promise<boolean> {
    for (const group of this.groups(planned)) {
      if ((await this.known(group, tip))?.edges.has(old) === true) return true;
    }
    return isAncestor(this.#context.repository, old, tip);
  }
}
