import { isZeroId } from "../encoding/identifiers.ts";
import { GitError, PolicyError, UsageError } from "../errors.ts";
import type { Decision, ObjectId, RefName, Seconds } from "../model.ts";
import { asksForRef, rulesOn } from "../policy/applies.ts";
import { isSameSelector } from "../policy/membership.ts";
import type { Rule } from "../policy/policy.ts";
import { listRefs, readHead, readRefs, type RefValue } from "../io/refs.ts";
import { isAncestor } from "../io/revisions.ts";
import { openRepository } from "../io/reading.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { isBareTag } from "../policy/rules/update.ts";
import { BaseHistories, groupsBeside, type BaseHistory } from "./base-history.ts";
import { countAhead } from "./count-ahead.ts";
import { EarlyListing } from "./early-listing.ts";
import type { Frontier, HistoryWatch } from "./frontier.ts";
import { defaultBranch, governClone, type PolicyChoice } from "./governing.ts";
import { exportedWitness, type WitnessChoice } from "./exported-witness.ts";
import type { JoinedDenials } from "./joined-denials.ts";
import { nameMissing } from "./missing.ts";
import { BROKEN_REF, missingProblem } from "./missing-problem.ts";
import type { OpenHistory } from "./open-history.ts";
import { judgeLists, type JudgingContext } from "./range.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { loadRecord } from "./record.ts";
import { reportHead } from "./report-head.ts";
import { type GoverningPolicy, judgingContext, openSession, otherKeysOf, type Session } from "./session.ts";
import type { ReportSink } from "./sink.ts";
import { decideStandingRef } from "./standing-ref.ts";
import { judgeTagged, judgeTags, tagRef } from "./tags.ts";
import { configuredTrustRoot, parseTrustRoot } from "./trust-root.ts";
import { brokenTargets, implicitRef, parseAs, resolveTargets, type Target } from "./targets.ts";
import { policyDrift } from "./drift.ts";
import { SAY_REF } from "./chain-words.ts";

export interface VerifyOptions extends PolicyChoice, WitnessChoice {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The repository in `cwd`, where git began to read it already. */
  readonly begun?: Promise<OpenHistory> | null;
  /** Ranges, refs and ids; none means HEAD. */
  readonly targets: readonly string[];
  /** The ref whose rules judge. */
  readonly as?: string | undefined;
  /** Every tag. */
  readonly tags: boolean;
  /** Every branch and every tag. */
  readonly all: boolean;
  /** The commit that history is authenticated from. */
  readonly trustRoot?: string | undefined;
  /** Where none is named, the repository's own configuration may name it. */
  readonly configuredRoot?: boolean;
  /** With a trust root: a commit that the authenticated path must lead through. */
  readonly via?: string | undefined;
  /** Only the objects named, not their history. */
  readonly noWalk: boolean;
  /** Our clock. */
  readonly now: Seconds;
  /** Whoever reads the report made the commits: its hints may look at the keys on this machine. */
  readonly mine?: boolean;
  /** The policy, where it is not the clone's. */
  readonly govern?: (session: Session) => Promise<GoverningPolicy>;
  /** Said above the report. */
  readonly notes?: readonly string[];
  /** Keeps the run, if it may. */
  readonly frontier?: Frontier | null;
  /** Is told of the policy that judges, once it is known; from a trust root of the one that the first target has. */
  readonly governed?: (loaded: LoadedPolicy) => unknown;
}

/**
 * `verify`: judges history. Every commit that the targets reach, ancestors first, by the rules of one ref; of tags the
 * object, every nested tag and what they name.
 *
 * @throws UsageError, GitError; PolicyError for a policy that cannot be used
 */
export async function verifyCommits(options: VerifyOptions, sink: ReportSink): Promise<void> {
  const begun = await options.begun;
  const { repository, reading } = begun ?? (await openRepository(options.cwd, options.environment));
  const session = await openSession(repository, reading);
  const early = begun?.early ?? new EarlyListing(session.repository);
  try {
    const root = rootFor(session, options);
    if (root !== null) {
      early.close();
      const { verifyFromRoot } = await import("./verify-chain.ts");
      await verifyFromRoot(session, options, root, await targetsOf(session, options), sink);
      return;
    }
    options.frontier?.opened(session);
    // Asked of git before the policy is read, and looked at after it: what is wrong with the policy is said first.
    const resolved = targetsOf(session, options);
    resolved.then(
      ([target, ...others]) => {
        if (target !== undefined && others.length === 0 && !options.noWalk)
          early.begin(target, (commits) => options.frontier?.mayKnow !== true && session.expectChecks(commits));
      },
      () => undefined,
    );
    // A clone has no record; a server's, also one that is damaged, changes nothing but what a compromised key signed.
    const record = loadRecord(session).catch(() => null);
    const governing = await governOrDeny(session, options, sink);
    if (governing === null) return;
    options.governed?.(governing.loaded);
    options.frontier?.governed(governing);
    const beside = options.noWalk || governing.ref !== null ? null : governing.loaded.policy.trustRoot;
    const notes = [
      ...(options.notes ?? []),
      ...(await policyDrift(session, governing)),
      ...(beside === null ? [] : [`its history must also authenticate itself from the trust root ${beside}`]),
    ];
    await sink.begin(reportHead(governing, notes));
    const exported = await exportedWitness(session, options, options.now);
    const judging = judgingContext(session, governing, options.now, await record, exported);
    const context = {
      ...judging,
      early,
      unread: sink.counted !== undefined,
      ...(options.mine === true ? { signWith: otherKeysOf(governing.loaded, options.now, options) } : {}),
    };
    const targets = await resolved;
    const denials = beside === null ? null : await deniedFromRoot(session, options, beside, targets);
    const joining = { begin: () => undefined, decision: (one: Decision) => sink.decision(denials?.join(one) ?? one) };
    const verification = new Verification(session, context, options, denials === null ? sink : joining);
    const counted = options.noWalk ? null : countAhead(session, targets, sink);
    for (const target of targets) await verification.judge(target);
    await counted;
    for (const decision of denials?.rest() ?? []) await sink.decision(decision);
  } finally {
    early.close();
    session.close();
  }
}

/** An administrator's file may ask for both, as in a hook: what the chain denies is denied. */
async function deniedFromRoot(
  session: Session,
  options: VerifyOptions,
  root: ObjectId,
  targets: readonly Target[],
): Promise<JoinedDenials> {
  const [{ verifyFromRoot }, { joinedDenials, named }] = await Promise.all([
    import("./verify-chain.ts"),
    import("./chain-push.ts"),
  ]);
  const denials = joinedDenials([]);
  await verifyFromRoot(session, { ...options, governed: () => undefined }, root, targets, {
    begin: () => undefined,
    decision: (decision) => (decision.allow ? undefined : denials.add(named(decision))),
  });
  return denials;
}

/** A policy that the command line names judges alone, and a single object needs no history. */
function rootFor(session: Session, options: VerifyOptions): ObjectId | null {
  const chosen = options.policy ?? options.policyRef;
  const { trustRoot, configuredRoot, noWalk } = options;
  const named = trustRoot ?? (configuredRoot === true ? configuredTrustRoot(session) : null);
  const root = chosen === undefined && !noWalk && named !== null ? parseTrustRoot(named) : null;
  if (root !== null || options.via === undefined) return root;
  throw new UsageError("--via asks for a path from a trust root, and none is named", {
    hint: "--trust-root OID, or git config signpolicy.trustRoot OID; without --policy, --policy-ref and --no-walk",
  });
}

/** No policy to be found is a verdict, as it is for a push: a report with that one denial. */
export async function governOrDeny(
  session: Session,
  options: PolicyChoice & Pick<VerifyOptions, "govern">,
  sink: ReportSink,
): Promise<GoverningPolicy | null> {
  try {
    return await (options.govern?.(session) ?? governClone(session, options));
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== "ERR_POLICY_MISSING") throw error;
    const problem = { code: "policy-missing", message: error.message } as const;
    await sink.begin(reportHead(null));
    const hinted = error.hint === undefined ? problem : { ...problem, hint: error.hint };
    await sink.decision(decideProblem({ kind: "ref", oid: null, ref: null }, hinted));
    return null;
  }
}

async function targetsOf(session: Session, options: VerifyOptions): Promise<readonly Target[]> {
  const folders = [...(options.all ? ["refs/heads"] : []), ...(options.all || options.tags ? ["refs/tags"] : [])];
  const refs = folders.length === 0 ? new Map<RefName, RefValue>() : await listRefs(session.repository, folders);
  const listed = [...refs].map(([ref, { oid }]): Target => ({ include: [oid], exclude: [], ref }));
  listed.push(...(await brokenTargets(session, folders, refs)));
  const named = await resolveTargets(session, options.targets);
  if (listed.length + named.length > 0 || folders.length > 0 || options.targets.length > 0)
    return [...named, ...listed];
  // A branch without a commit has a history of nothing; a detached HEAD has one, whatever branches are here.
  const branch = await readHead(session.repository);
  const head = branch === null ? null : await readRefs(session.repository, [branch]);
  return branch !== null && head?.size === 0
    ? brokenTargets(session, [branch], head)
    : resolveTargets(session, ["HEAD"]);
}

interface JudgedHistory {
  readonly tips: ObjectId[];
  readonly denied: ObjectId[];
}

class Verification {
  readonly #session: Session;
  readonly #context: JudgingContext;
  readonly #options: VerifyOptions;
  readonly #sink: ReportSink;
  readonly #judged = new Map<string, JudgedHistory>();
  readonly #bases: BaseHistories;

  constructor(session: Session, context: JudgingContext, options: VerifyOptions, sink: ReportSink) {
    this.#session = session;
    this.#context = context;
    this.#options = options;
    this.#sink = sink;
    this.#bases = new BaseHistories(session, context);
  }

  async judge(target: Target): Promise<void> {
    const commits: ObjectId[] = [];
    for (const oid of target.include) {
      const kind = await this.#context.examiner.kind(oid);
      const { ref } = target;
      const subject = { kind: "commit", oid, ref } as const;
      if (ref !== null && isZeroId(oid)) await this.#take(decideProblem({ kind: "ref", oid: null, ref }, BROKEN_REF));
      else if (kind === null) {
        await this.#take(decideProblem(subject, missingProblem(oid, await this.#session.reader.object(oid))));
      } else if (kind === "tag" || (target.ref?.startsWith("refs/tags/") ?? false)) {
        await this.#judgeTag(target, oid, kind);
      } else if (kind !== "commit") {
        const message = `${oid} is a ${kind}; only commits and tags are signed`;
        await this.#take(decideProblem(subject, { code: "malformed", message }));
      } else commits.push(oid);
    }
    if (commits.length > 0) await this.#judgeBranch({ ...target, include: commits });
  }

  async #judgeBranch(target: Target): Promise<void> {
    const ref = await this.#rulingRef(target.ref);
    const rules = ref === null ? [] : rulesOn(this.#context.policy, ref, this.#context.now);
    if (rules.length === 0 && (await this.#unmatched(ref, target.include[0] ?? null))) return;
    await this.#judgeHistory(target, ref, rules);
  }

  async #rulingRef(named: RefName | null): Promise<RefName | null> {
    if (this.#options.as !== undefined) return parseAs(this.#options.as);
    return named ?? (await implicitRef(this.#session));
  }

  /** A ref that no rule names is one finding, not one for each of its commits. */
  async #unmatched(ref: RefName | null, oid: ObjectId | null): Promise<boolean> {
    const { policy, now } = this.#context;
    if (ref === null) {
      if (policy.unmatched === "allow") return false;
      const message = "no branch is checked out and none was named, so no rule can be found";
      await this.#take(decideProblem({ kind: "ref", oid, ref }, { code: "ref-unmatched", message, hint: SAY_REF }));
      return true;
    }
    const decision = decideStandingRef({ policy, ref, oid, kind: "commit", rules: [], now });
    if (decision.allow) return false;
    await this.#take(decision);
    return true;
  }

  /**
   * Judges what the targets reach. A history that passed under the same rules is not gone through again, so that a
   * thousand tags on one branch cost one walk. Returns whether everything was allowed.
   *
   * @param leads - the ref that leads there, where that is not the one whose rules judge: a report names it
   * @param lent - what of it refs in `base` account for; unless given it is found out, and reported as theirs
   */
  async #judgeHistory(
    target: Pick<Target, "include" | "exclude">,
    ref: RefName | null,
    rules: readonly Rule[],
    leads: RefName | null = ref,
    lent?: readonly BaseHistory[],
  ): Promise<boolean> {
    const bases = lent ?? (this.#options.noWalk ? [] : await this.#bases.of(target, ref, rules));
    for (const base of lent === undefined ? bases : [])
      await this.#judgeHistory({ ...target, include: base.common }, base.ref, base.rules, base.ref, []);
    const before = this.#judgedUnder(rules, target, ref, bases);
    const isWhole = bases.length === 0 && before?.tips.length === 0 && before.denied.length === 0;
    const watch = isWhole ? (this.#options.frontier?.history(this.#context, ref, target.include, rules) ?? null) : null;
    if (await this.#isKnown(watch, ref, leads)) {
      before?.tips.push(...target.include);
      return true;
    }
    let allowed = true;
    const take = (decision: Decision): void | Promise<void> => {
      watch?.see(decision);
      allowed &&= decision.allow;
      if (!decision.allow && decision.subject.oid !== null) before?.denied.push(decision.subject.oid);
      return this.#sink.decision(ledThereBy(decision, ref, leads));
    };
    const range = {
      ref,
      include: target.include,
      groups: groupsBeside(rules, [...target.exclude, ...(before?.tips ?? [])], bases),
      history: "everything",
      only: this.#options.noWalk,
    } as const;
    try {
      allowed &&= !(await this.#reachesDenied(before, target.include));
      const context = watch === null ? this.#context : { ...this.#context, dates: watch.dates };
      for await (const some of judgeLists(context, range)) {
        for (const { decision } of some) {
          const taken = take(decision);
          if (taken instanceof Promise) await taken;
        }
      }
      before?.tips.push(...target.include);
      await watch?.ended();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      const tips = target.include.map((oid) => ({ ref: ref ?? ("HEAD" as RefName), new: oid }));
      await take(await nameMissing(this.#session, tips, error));
    }
    return allowed;
  }

  /** Whether all but what was judged now was allowed before, and that is allowed as well. */
  async #isKnown(watch: HistoryWatch | null, ref: RefName | null, leads: RefName | null): Promise<boolean> {
    const judged = this.#sink.counted === undefined ? null : ((await watch?.beyond()) ?? null);
    if (judged === null) return false;
    this.#sink.counted?.(leads, judged.known.summary);
    for (const decision of judged.decisions) await this.#take(ledThereBy(decision, ref, leads));
    return true;
  }

  /**
   * What was judged under these rules in this run, beside the same bases. Null where it cannot stand in for a second walk: in
   * part of a history, and under rules that ask different things of a commit on the line and on a side.
   */
  #judgedUnder(
    rules: readonly Rule[],
    target: Pick<Target, "exclude">,
    ref: RefName | null,
    bases: readonly BaseHistory[],
  ) {
    const alike = rules.every(({ commits }) => commits === null || isSameSelector(commits.signedBy, commits.side));
    if (this.#options.noWalk || target.exclude.length > 0 || !alike) return null;
    const asked = asksForRef(this.#context.policy, rules) ? ref : null;
    const key = JSON.stringify([rules.map((rule) => rule.name), asked, bases.map(({ tips }) => tips)]);
    const known: JudgedHistory = this.#judged.get(key) ?? { tips: [], denied: [] };
    this.#judged.set(key, known);
    return known;
  }

  async #reachesDenied(before: JudgedHistory | null, tips: readonly ObjectId[]): Promise<boolean> {
    for (const denied of before?.denied ?? []) {
      for (const tip of tips) if (await isAncestor(this.#session.repository, denied, tip)) return true;
    }
    return false;
  }

  /** A tag by the rules of its own ref; what it names by theirs, or by the default branch's where they ask nothing of commits. */
  async #judgeTag(target: Target, oid: ObjectId, kind: "commit" | "tag" | "tree" | "blob"): Promise<void> {
    const { policy, now } = this.#context;
    const ref = target.ref ?? (await tagRef(this.#context.examiner, oid));
    const rules = rulesOn(policy, ref, now);
    const judging = rules.filter((rule) => rule.commits !== null);
    const judged = judging.some(({ paths }) => paths === null);
    const branch = judged ? null : ((await defaultBranch(this.#session))?.branch ?? (await implicitRef(this.#session)));
    const branchRules = branch === null ? [] : rulesOn(policy, branch, now).filter((rule) => rule.commits !== null);
    const fallback = branchRules.some(({ paths }) => paths === null) ? branchRules : [];
    const verified = rules.some((rule) => rule.tags?.target === "verified");
    const judgeTarget = async (commit: ObjectId): Promise<boolean> => {
      const history = { include: [commit], exclude: target.exclude };
      const own = judging.length === 0 || (await this.#judgeHistory(history, ref, judging));
      // Rules for paths have not looked at every commit, so they verify no target.
      if (judged || !verified) return own;
      return fallback.length > 0 && (await this.#judgeHistory(history, branch, fallback, ref)) && own;
    };
    const subject = { ref, oid, kind, rules, mode: "history" } as const;
    const chain = await judgeTags(this.#context, subject, { take: (decision) => this.#take(decision) }, judgeTarget);
    let targetProblem: Problem | null = null;
    if (kind !== "tag") {
      const bare = rules.filter((rule) => rule.tags !== null && isBareTag({ ref, newKind: kind }, rule));
      if (kind === "commit" && judging.length > 0) await judgeTarget(oid);
      else targetProblem = await judgeTagged(bare, { oid, kind }, judgeTarget);
    } else if (judging.length > 0 && !verified && chain.target?.kind === "commit") await judgeTarget(chain.target.oid);
    const decision = decideStandingRef({ policy, ref, oid, kind, rules, targetProblem, now });
    if (decision.findings.length > 0) await this.#take(decision);
  }

  async #take(decision: Decision): Promise<void> {
    await this.#sink.decision(decision);
  }
}

/** A commit that a tag alone leads to is on no branch, whatever branch's rules judged it. */
function ledThereBy(decision: Decision, ref: RefName | null, leads: RefName | null): Decision {
  const { subject } = decision;
  return leads === ref || subject.ref !== ref ? decision : { ...decision, subject: { ...subject, ref: leads } };
}
