import { GitError, ParseError } from "../errors.ts";
import type { Decision, ObjectId, RefName } from "../model.ts";
import { isPartialClone } from "../io/safety.ts";
import { collectCommits, isAncestor, listParents } from "../io/revisions.ts";
import type { Link } from "../policy/chain.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import type { Exemption } from "../policy/policy.ts";
import { judgeChain, type ChainTask, type ChainVerdict } from "./chain.ts";
import { surveyPolicies, type HistoryOfPolicies } from "./chain-policies.ts";
import { judgeChainedTag } from "./chain-tags.ts";
import type { VerifyOptions } from "./commits.ts";
import { countAhead } from "./count-ahead.ts";
import { exportedWitness } from "./exported-witness.ts";
import { defaultBranch } from "./governing.ts";
import { groupByLine } from "./line-groups.ts";
import { nameMissing } from "./missing.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { PolicyState } from "./policy-states.ts";
import { loadRecord } from "./record.ts";
import { reportHead } from "./report-head.ts";
import { judgingContext, type Session } from "./session.ts";
import type { ReportSink } from "./sink.ts";
import { implicitRef, parseAs, type Target } from "./targets.ts";
import { resolveCommit } from "./revision.ts";
import { partialClone, readTrustRoot } from "./trust-root.ts";

/** One commit to authenticate, and the tag that led to it. */
interface Goal {
  readonly commit: ObjectId;
  readonly ref: RefName | null;
  /** Null where every path will do. */
  readonly via: ObjectId | null;
  readonly tag: { readonly oid: ObjectId; readonly ref: RefName | null } | null;
}

/**
 * `verify --trust-root`: authenticates the targets from one commit, each commit by the policy that its own history hands
 * down. No remote, no policy in force and nothing else than that commit's id is believed.
 *
 * @throws UsageError, GitError
 */
export async function verifyFromRoot(
  session: Session,
  options: VerifyOptions,
  root: ObjectId,
  targets: readonly Target[],
  sink: ReportSink,
): Promise<void> {
  const start = await readTrustRoot(session, root).catch((error: unknown) => {
    throw isPartialClone(session.config) && isUnread(error) ? partialClone() : error;
  });
  if ("allow" in start) {
    await sink.begin(reportHead(null));
    return sink.decision(start);
  }
  const contextOf = await contextsFor(session, options);
  const begin = (applied: string): void | Promise<void> => {
    const note = `judged from the trust root ${root}, each commit by the policy of its parents${applied}`;
    return sink.begin({ ...reportHead(null, [note]), policy: start.loaded?.origin ?? null });
  };
  let begun = false;
  const goals: Goal[] = [];
  try {
    goals.push(...(await goalsOf(session, options, targets)));
    const commits = [...new Set(goals.map(({ commit }) => commit))];
    const newest = commits[0] === undefined ? null : await policyAt(session, commits[0]);
    if (newest !== null) options.governed?.(newest);
    const survey = await surveyPolicies(session, start, { include: commits, exclude: [root] });
    begun = true;
    await begin(`; trust.merges: ${survey.modes.join(", ")}`);
    const counted = countAhead(session, [{ include: commits, exclude: [root] }], sink);
    const task = { root, start: { oids: [root] as const, policy: start }, now: options.now, contextOf };
    await new Authentication(session, task, survey, sink).judge(goals);
    await counted;
  } catch (error) {
    if (isPartialClone(session.config) && isUnread(error)) throw partialClone();
    if (!(error instanceof GitError)) throw error;
    const missing = goals.map(({ commit, ref }) => ({ ref: ref ?? ("HEAD" as RefName), new: commit }));
    if (!begun) await begin("");
    await sink.decision(await nameMissing(session, missing, error));
  }
}

const isUnread = (error: unknown): boolean => error instanceof GitError || error instanceof ParseError;

/** A record, this server's own or an exported one, can show what a key signed before it was compromised. */
async function contextsFor(session: Session, options: VerifyOptions): Promise<ChainTask["contextOf"]> {
  const record = await loadRecord(session).catch(() => null);
  const exported = await exportedWitness(session, options, options.now);
  return (loaded) =>
    judgingContext(session, { loaded, ref: null, trustRoot: null, notes: [] }, options.now, record, exported);
}

async function goalsOf(session: Session, options: VerifyOptions, targets: readonly Target[]): Promise<readonly Goal[]> {
  const via = options.via === undefined ? null : await resolveCommit(session, options.via);
  const branch = (await defaultBranch(session))?.branch ?? (await implicitRef(session));
  const goals: Goal[] = [];
  for (const { include, exclude, ref } of targets) {
    for (const oid of include) {
      const ofTag = ref?.startsWith("refs/tags/") ?? false;
      const commit = (await session.outlines.peel(oid)) ?? oid;
      const ruling = options.as === undefined ? ((ofTag ? null : ref) ?? branch) : parseAs(options.as);
      const tag = ofTag || commit !== oid ? { oid, ref: ofTag ? ref : null } : null;
      // A..B asks for a path through A.
      for (const through of via === null && exclude.length > 0 ? exclude : [via]) {
        goals.push({ commit, ref: ruling, via: through, tag });
      }
    }
  }
  return goals;
}

class Authentication {
  readonly #session: Session;
  readonly #task: Pick<ChainTask, "root" | "start" | "now" | "contextOf">;
  readonly #survey: HistoryOfPolicies;
  readonly #sink: ReportSink;

  constructor(
    session: Session,
    task: Pick<ChainTask, "root" | "start" | "now" | "contextOf">,
    survey: HistoryOfPolicies,
    sink: ReportSink,
  ) {
    this.#session = session;
    this.#task = task;
    this.#survey = survey;
    this.#sink = sink;
  }

  /** Goals on one ref, by one way and with the same exemptions are judged in one walk, so that a thousand tags cost one. */
  async judge(goals: readonly Goal[]): Promise<void> {
    const groups = new Map<string, { readonly goals: Goal[]; readonly exempt: readonly Exemption[] }>();
    const descending = await this.#descending(goals);
    for (const goal of goals) {
      const problem = descending.has(goal.commit) ? await this.#misled(goal) : await this.#unrelated(goal.commit);
      if (problem !== null) {
        await this.#take(decideProblem({ kind: "ref", oid: goal.commit, ref: goal.ref }, problem));
        continue;
      }
      const exempt = await this.#session.states.exemptAt(goal.commit);
      // Where a mark may reach back, what is marked depends on the history that the target ends.
      const ends = this.#survey.reachesBack ? await this.#stateId(goal.commit) : "";
      const key = JSON.stringify([goal.via, goal.ref, exempt.map(wordsOf), ends]);
      const group = groups.get(key) ?? { goals: [], exempt };
      group.goals.push(goal);
      groups.set(key, group);
    }
    for (const { goals: group, exempt } of groups.values()) {
      for (const alike of await this.#alike(group)) await this.#judgeGroup(alike, exempt);
    }
  }

  /** A commit on the one target's line may lie on a side of another, and then each asks for its own signers. */
  async #alike(group: readonly Goal[]): Promise<readonly (readonly Goal[])[]> {
    const targets = [...new Set(group.map(({ commit }) => commit))];
    if (targets.length < 2 || !this.#survey.tellsSides) return [group];
    const first = new Map<ObjectId, ObjectId>();
    const range = { include: targets, exclude: this.#task.start.oids };
    for await (const [oid, parent] of listParents(this.#session.repository, range, ["--first-parent"])) {
      if (oid !== undefined && parent !== undefined) first.set(oid, parent);
    }
    return groupByLine(targets, first).map((line) => group.filter(({ commit }) => line.has(commit)));
  }

  async #judgeGroup(group: readonly Goal[], exempt: readonly Exemption[]): Promise<void> {
    const [{ ref, via }] = group as [Goal];
    const targets = [...new Set(group.map(({ commit }) => commit))];
    const task = { ...this.#task, targets, ref, via, exempt };
    const { links, contextOf } = await judgeChain(this.#session, task, this.#survey, (decision) =>
      this.#take(decision),
    );
    for (const goal of group) await this.#conclude(goal, links.get(goal.commit) ?? null, contextOf);
  }

  async #stateId(oid: ObjectId): Promise<string> {
    const commit = await this.#session.outlines.outline(oid);
    return commit === null ? "" : (await this.#session.states.at(commit)).id;
  }

  /** Those that were built on the root, told by one git for all of them. */
  async #descending(goals: readonly Goal[]): Promise<ReadonlySet<ObjectId>> {
    const include = [...new Set(goals.map(({ commit }) => commit))];
    const range = { include, exclude: [this.#task.root], gone: true } as const;
    return new Set(await collectCommits(this.#session.repository, range, ["--ancestry-path"]));
  }

  async #misled({ via }: Goal): Promise<Problem | null> {
    const { root } = this.#task;
    if (via === null || via === root || (await isAncestor(this.#session.repository, root, via))) return null;
    return beside(`${via}, through which the path must lead, does not descend from the trust root ${root}`);
  }

  async #unrelated(commit: ObjectId): Promise<Problem> {
    const { repository, outlines } = this.#session;
    const { root } = this.#task;
    if (commit === root)
      return beside(`the target is the trust root ${root} itself, which proves nothing about itself`);
    if ((await outlines.outline(commit)) === null)
      return { code: "missing-object", message: `${commit} is no commit that can be read here` };
    return beside(
      (await isAncestor(repository, commit, root))
        ? `the target lies before the trust root ${root}, and what comes after says nothing of it`
        : `the target does not descend from the trust root ${root}, so nothing vouches for it`,
    );
  }

  async #conclude(
    { commit, ref, via, tag }: Goal,
    link: Link<PolicyState> | null,
    contextOf: ChainVerdict["contextOf"],
  ): Promise<void> {
    if (link?.through === false && via !== null) {
      const message = `no authenticated path leads from the trust root to the target by way of ${via}`;
      await this.#take(decideProblem({ kind: "ref", oid: commit, ref }, unled(message)));
    }
    if (tag === null) return;
    const context = link === null ? null : contextOf(link.policy);
    await judgeChainedTag(context, tag, (decision) => this.#take(decision));
  }

  async #take(decision: Decision): Promise<void> {
    await this.#sink.decision(decision);
  }
}

const unled = (message: string): Problem => ({
  code: "policy-missing",
  message,
  hint: "name a commit between the trust root and the target, on a way where every commit is authenticated",
});

const beside = (message: string): Problem => ({
  code: "policy-missing",
  message,
  hint: "name a target that was built on the trust root, or an older trust root",
});

/** The policy in a commit's own tree; null where there is none that can be read. */
async function policyAt({ outlines, states }: Session, oid: ObjectId): Promise<LoadedPolicy | null> {
  const commit = await outlines.outline(oid);
  const state = commit === null ? null : await states.at(commit).catch(() => null);
  return state?.loaded ?? null;
}

const wordsOf = ({ codes, ...exemption }: Exemption): object => ({ ...exemption, codes: [...codes] });
