import { ParseError } from "../errors.ts";
import type { Commit, Decision, Evidence, ObjectId, RefName, Seconds } from "../model.ts";
import { collectCommits, listParents } from "../io/revisions.ts";
import { rulesOn } from "../policy/applies.ts";
import { PolicyChain, type Link } from "../policy/chain.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { TRUST_MERGES, type Exemption, type TrustMerges } from "../policy/policy.ts";
import { ChainEmission } from "./chain-emission.ts";
import { NO_FALLEN, type FallenKeys } from "./brought-keys.ts";
import { changeBy, hindsightOf, NO_HINDSIGHT, rescueId, type ChainChange, type Hindsight } from "./chain-hindsight.ts";
import { withFallen, withMarks } from "./chain-marks.ts";
import type { HistoryOfPolicies } from "./chain-policies.ts";
import { besideRoot, unauthenticated, unbelieved, unruled } from "./chain-words.ts";
import { isByForge } from "./commit-facts.ts";
import { ExemptionCover } from "./exemption-cover.ts";
import type { Examined } from "./examiner.ts";
import { isForPaths, judgeCommit, openPaths } from "./judge-commit.ts";
import { Mending } from "./mending.ts";
import { objectProblem } from "./object-problem.ts";
import { editOf } from "./policy-edits.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { PolicyState } from "./policy-states.ts";
import type { JudgingContext } from "./range.ts";
import type { Session } from "./session.ts";
import type { TouchedPaths } from "./touched-paths.ts";
import { AncestorDates, type Walked } from "./walk.ts";

export interface ChainTask {
  readonly root: ObjectId;
  /** What is authenticated to begin with, and the one policy that it hands on: the root, or commits reached from it before. */
  readonly start: { readonly oids: readonly [ObjectId, ...ObjectId[]]; readonly policy: PolicyState };
  /** Commits that descend from the root. */
  readonly targets: readonly ObjectId[];
  /** The ref whose rules judge. */
  readonly ref: RefName | null;
  /** What another ref brought before is judged by the rules for that one. */
  readonly settled?: Settled | null;
  /** A commit that the authenticated path must lead through; null where every path will do. */
  readonly via: ObjectId | null;
  /** What the targets' own policy forgives, wherever it lies: it counts if the targets are authenticated. */
  readonly exempt: readonly Exemption[];
  /** Where the start is later than the root: keys of its policy that a compromised one brought in before. */
  readonly fallen?: FallenKeys;
  readonly now: Seconds;
  /** A push brings it: approvals that are neither here nor in the push are missing, and not merely unknown. */
  readonly arriving?: true;
  /** What a policy of the history judges in. */
  readonly contextOf: (loaded: LoadedPolicy) => JudgingContext;
}

/** What a ref reaches, and its first-parent line. */
export interface Settled {
  readonly ref: RefName;
  readonly commits: ReadonlySet<ObjectId>;
  readonly line: ReadonlySet<ObjectId>;
}

/** For each target what it hands on; null where it is not authenticated. */
export type ChainLinks = ReadonlyMap<ObjectId, Link<PolicyState> | null>;

export interface ChainVerdict {
  readonly links: ChainLinks;
  /** What a policy of the history judges in, with all that the history says at its end. */
  readonly contextOf: (state: PolicyState) => JudgingContext;
}

/** Commits asked for and verified ahead of the one that is decided. */
const AHEAD = 384;
/** How many are left when more are asked for. */
const REFILL = 256;

/**
 * Judges the history between a trust root and targets, ancestors first, each commit by the policy that its authenticated
 * parents give. Linear in commits: each is looked at once, whatever merges lead to it, and a few times more where a policy says
 * that a key fell into other hands: that reaches back over everything, but only authenticated commits can say it. The caller
 * has seen that the targets descend from the root.
 *
 * @throws GitError when git cannot list the commits
 */
export async function judgeChain(
  session: Session,
  task: ChainTask,
  survey: HistoryOfPolicies,
  take: (decision: Decision) => Promise<void>,
): Promise<ChainVerdict> {
  const range = { include: task.targets, exclude: task.start.oids };
  const line = new Set(await collectCommits(session.repository, range, ["--first-parent"]));
  const silently = async (hindsight: Hindsight): Promise<ChainWalk> =>
    walkChain(new ChainWalk(session, task, survey, line, hindsight), () => Promise.resolve());
  const begin: Hindsight = { ...NO_HINDSIGHT, fallen: task.fallen ?? NO_FALLEN };
  const hindsight = survey.reachesBack ? await hindsightOf(silently, begin, task.start.policy) : begin;
  const out = new ChainEmission(survey.modes, take);
  const last = new ChainWalk(session, task, survey, line, hindsight);
  const { chain } = await walkChain(last, (decision) => out.take(decision));
  const verdict = new Map<ObjectId, Link<PolicyState> | null>();
  for (const oid of task.targets) {
    const link = chain.link(oid);
    // Exemptions were taken from a target's own tree before anything in it was believed: it must be what the chain hands on.
    const own = link === null || (await session.states.idAt(oid)) === link.policy.id;
    verdict.set(oid, own ? link : null);
    if (!own) await out.take(decideProblem({ kind: "ref", oid, ref: task.ref }, unbelieved));
  }
  await out.finish([...verdict.values()].every((link) => link !== null));
  return { links: verdict, contextOf: (state) => last.contextOf(state) };
}

async function walkChain(walk: ChainWalk, take: (decision: Decision) => Promise<void>): Promise<ChainWalk> {
  const queue: (() => Promise<Decision>)[] = [];
  for await (const [oid, ...parents] of walk.list()) {
    if (oid === undefined) continue;
    queue.push(await walk.prepare(oid, parents));
    if (queue.length < AHEAD) continue;
    for (const next of queue.splice(0, AHEAD - REFILL)) await take(await next());
  }
  for (const next of queue) await take(await next());
  return walk;
}

/** The policy that probably judges what is built on a commit, and how many changes were met before it. */
interface Guess {
  readonly policy: PolicyState;
  readonly age: number;
}

/** A commit that descends from the root, with what its authenticated parents hand on. */
interface Position {
  readonly commit: Commit;
  readonly parents: readonly ObjectId[];
  readonly governing: readonly Link<PolicyState>[];
  readonly after: PolicyState;
  readonly latestAncestor: Seconds | null;
}

class ChainWalk {
  readonly chain: PolicyChain<PolicyState>;
  /** Changes of the policy by authenticated commits, ancestors first. */
  readonly changes: ChainChange[] = [];
  readonly #session: Session;
  readonly #task: ChainTask;
  readonly #survey: HistoryOfPolicies;
  readonly #line: ReadonlySet<ObjectId>;
  readonly #hindsight: Hindsight;
  readonly #dates: AncestorDates;
  readonly #mending: Mending;
  readonly #contexts = new Map<string, JudgingContext>();
  readonly #covers: ExemptionCover;
  readonly #guesses = new Map<ObjectId, Guess>();
  readonly #first: Guess;
  #paths: Promise<TouchedPaths> | null = null;

  constructor(
    session: Session,
    task: ChainTask,
    survey: HistoryOfPolicies,
    line: ReadonlySet<ObjectId>,
    hindsight: Hindsight,
  ) {
    this.#hindsight = hindsight;
    this.#session = session;
    this.#covers = new ExemptionCover(session);
    this.#task = task;
    this.#survey = survey;
    this.#line = line;
    this.#first = { policy: task.start.policy, age: 0 };
    this.#dates = new AncestorDates(session.outlines);
    this.#mending = new Mending(session.repository, task.targets, true);
    this.chain = new PolicyChain(task.start.oids, task.start.policy, task.via);
  }

  /** Commits with their parents, ancestors first. */
  list(): AsyncGenerator<readonly ObjectId[]> {
    const { targets, start } = this.#task;
    return listParents(this.#session.repository, { include: targets, exclude: start.oids });
  }

  /** Starts examining a commit by the policy that it will probably be judged by; what comes back decides it. */
  async prepare(oid: ObjectId, parents: readonly ObjectId[]): Promise<() => Promise<Decision>> {
    const known = parents.flatMap((parent) => this.#guesses.get(parent) ?? []);
    const by = known.reduce((newest, guess) => (guess.age > newest.age ? guess : newest), known[0] ?? this.#first);
    const examined = this.#examine(by.policy, oid);
    examined.catch(() => undefined);
    const state = this.#survey.touching.has(oid) ? await this.#stateAhead(oid) : null;
    this.#guesses.set(oid, state?.loaded == null ? by : { policy: state, age: this.#guesses.size + 1 });
    return async () => this.#decide(await this.#dates.finish(oid, await examined), by.policy);
  }

  /** For guessing alone: what cannot be read is told when the commit is decided. */
  async #stateAhead(oid: ObjectId): Promise<PolicyState | null> {
    const commit = await this.#session.outlines.outline(oid);
    if (commit === null) return null;
    return this.#session.states.at(commit).catch((error: unknown) => {
      if (error instanceof ParseError) return null;
      throw error;
    });
  }

  #examine(state: PolicyState, oid: ObjectId): Promise<Examined<Commit>> {
    return this.contextOf(state).examiner.commitOnce(oid);
  }

  contextOf({ id, loaded }: PolicyState): JudgingContext {
    const known = this.#contexts.get(id);
    if (known !== undefined) return known;
    if (loaded === null) throw new Error("a policy that cannot be used judges nothing");
    const { marks, fallen } = this.#hindsight;
    const made = this.#task.contextOf(withFallen(withMarks(loaded, marks), fallen));
    this.#contexts.set(id, made);
    return made;
  }

  async #decide({ oid, examined, latestAncestor }: Walked, by: PolicyState): Promise<Decision> {
    if ("problem" in examined) return this.#deny(oid, [], examined.problem);
    const commit = examined.subject;
    const parents = [...new Set(commit.parents)];
    if (!parents.some((parent) => this.chain.descends(parent))) {
      // Not added: it does not descend from the root, and so gives nothing.
      return decideProblem(this.#subject(oid), besideRoot(this.#task.root));
    }
    const governing = this.chain.governing(parents);
    const [first] = governing;
    if (first === undefined) return this.#deny(oid, parents, unauthenticated(parents, "every", false));
    const proofs = await Promise.all(
      governing.map(async ({ policy }) => (policy.id === by.id ? examined : await this.#examine(policy, oid))),
    );
    const mode = strictest(governing.map(({ policy }) => this.contextOf(policy).policy.merges));
    const byForge = governing.some(({ policy }, at) => isForgesOwn(this.contextOf(policy), proofs[at]));
    const path = await this.#pathOf(parents, byForge ? "every" : mode);
    if (path === null) {
      const missing = parents.filter((parent) => this.chain.link(parent) === null);
      return this.#deny(oid, parents, unauthenticated(missing, mode, byForge && mode !== "every"));
    }
    let after: PolicyState;
    try {
      after = await this.#stateAfter(commit, first);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      return this.#deny(oid, parents, objectProblem(error));
    }
    const position = { commit, parents, governing, after, latestAncestor };
    let decision = await this.#judge(position, first, proofs[0] ?? examined);
    for (const [at, link] of governing.entries()) {
      if (at > 0 && decision.allow) decision = await this.#judge(position, link, proofs[at] ?? examined);
    }
    const changed = governing.some(({ policy }) => policy.id !== after.id);
    if (changed && decision.allow) {
      const before = governing.map(({ policy }) => policy);
      const where = { ref: this.#placeOf(oid).ref, at: commit.committer.at };
      this.changes.push(changeBy(decision, proofs.map(evidenceOf), { before, after }, where));
    }
    this.chain.add(oid, parents, decision.allow ? { policy: after, changed, path } : null);
    return decision;
  }

  /** The parents that an authenticated path may lead through; null where one that must be authenticated is not. */
  async #pathOf(parents: readonly ObjectId[], mode: TrustMerges): Promise<readonly ObjectId[] | null> {
    const authenticated = parents.filter((parent) => this.chain.link(parent) !== null);
    if (mode === "vouched") return authenticated;
    const asked = mode === "first-parent" ? parents.slice(0, 1) : parents;
    for (const parent of asked) {
      if (this.chain.link(parent) === null && !(await this.#isBeforeRoot(parent))) return null;
    }
    return mode === "first-parent" ? asked : authenticated;
  }

  /** What the root reaches was there when somebody chose the root. */
  async #isBeforeRoot(oid: ObjectId): Promise<boolean> {
    return !this.chain.descends(oid) && (await this.#covers.reachedFrom(this.#task.root)).has(oid);
  }

  /** A commit that cannot hold another policy than its only parent needs no look into its tree. */
  async #stateAfter(commit: Commit, { policy }: Link<PolicyState>): Promise<PolicyState> {
    const { touching, covers } = this.#survey;
    const untouched = commit.parents.length === 1 && !touching.has(commit.oid) && covers(policy);
    return untouched ? policy : this.#session.states.at(commit);
  }

  async #judge(position: Position, link: Link<PolicyState>, examined: Examined<Commit>): Promise<Decision> {
    const { commit, governing, after, latestAncestor } = position;
    if ("problem" in examined) return decideProblem(this.#subject(commit.oid), examined.problem);
    const context = this.contextOf(link.policy);
    const { now } = this.#task;
    const { ref, line } = this.#placeOf(commit.oid);
    const at = Math.max(commit.committer.at, latestAncestor ?? 0);
    const rules = ref === null ? [] : rulesOn(context.policy, ref, at);
    if (!rules.some(({ commits, paths }) => commits !== null && paths === null)) {
      return decideProblem(this.#subject(commit.oid), unruled(ref));
    }
    const place = line.has(commit.oid) ? ("line" as const) : ("side" as const);
    const parents = position.parents.flatMap((parent) => this.chain.link(parent)?.policy ?? []);
    const terms = { ref, now: at, inForce: null, binding: true, guards: true, keepsMarks: true };
    const policyEdit = await editOf(
      after,
      governing.map((one) => one.policy),
      parents,
      terms,
    );
    const question = {
      commit,
      evidence: examined.evidence,
      ref,
      applied: rules.map((rule) => ({ rule, place })),
      clock: { mode: "history", now, latestAncestor, pushed: false },
      policyEdit,
      newer: () => Promise.resolve(after.loaded?.anchors ?? null),
      paths: rules.some(isForPaths) ? await (this.#paths ??= openPaths(context)) : null,
      judgedParents: rules.some(isForPaths) ? await this.#judged(position.parents) : position.parents,
    } as const;
    const written = [...context.policy.exempt, ...this.#task.exempt];
    if (written.length > 0) {
      // Nobody asks what covers a commit that needs no exemption: a policy that nobody believes yet may hold ten thousand.
      const bare = await judgeCommit(context, { ...question, exemptions: [], audit: false, mending: null });
      if (bare.allow) return bare;
    }
    const exemptions = await this.#covers.of(commit.oid, written);
    return judgeCommit(context, {
      ...question,
      // Who rescues a change of the policy may hold his right from it.
      exemptions: policyEdit === null ? exemptions : exemptions.filter((one) => this.#mayRescue(one)),
      audit: this.#task.arriving !== true,
      mending: this.#mending,
    });
  }

  /** What a merge vouches for it changes itself: a path that others guard is not laundered through a side nobody judged. */
  async #judged(parents: readonly ObjectId[]): Promise<readonly ObjectId[]> {
    const judged: ObjectId[] = [];
    for (const parent of parents) {
      if (this.chain.link(parent) !== null || (await this.#isBeforeRoot(parent))) judged.push(parent);
    }
    return judged;
  }

  /** The ref whose rules judge a commit, and its first-parent line. */
  #placeOf(oid: ObjectId): { readonly ref: RefName | null; readonly line: ReadonlySet<ObjectId> } {
    const { settled, ref } = this.#task;
    return settled?.commits.has(oid) === true ? settled : { ref, line: this.#line };
  }

  #mayRescue(exemption: Exemption): boolean {
    return exemption.key === null || !this.#hindsight.refused.has(rescueId(exemption));
  }

  #deny(oid: ObjectId, parents: readonly ObjectId[], problem: Problem): Decision {
    this.chain.add(oid, parents, null);
    return decideProblem(this.#subject(oid), problem);
  }

  #subject(oid: ObjectId): { kind: "commit"; oid: ObjectId; ref: RefName | null } {
    return { kind: "commit", oid, ref: this.#task.ref };
  }
}

const evidenceOf = (examined: Examined<Commit>): readonly Evidence[] =>
  "problem" in examined ? [] : examined.evidence;

const strictest = (modes: readonly TrustMerges[]): TrustMerges =>
  TRUST_MERGES.find((mode) => modes.includes(mode)) ?? "every";

const isForgesOwn = ({ policy }: JudgingContext, examined: Examined<Commit> | undefined): boolean =>
  examined !== undefined && !("problem" in examined) && isByForge(policy, examined.evidence);
