import { GitError } from "../errors.ts";
import type { Decision, Finding, ObjectId, RefName, Seconds } from "../model.ts";
import { readHead, readRefs, type RefValues } from "../io/refs.ts";
import { collectCommits, isAncestor } from "../io/revisions.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { Policy } from "../policy/policy.ts";
import { judgeChain, type ChainTask, type Settled } from "./chain.ts";
import { keepTips, recallTips, type KnownTip } from "./chain-memory.ts";
import { NO_FALLEN, type FallenKeys } from "./brought-keys.ts";
import { marksKeys, marksOf, withFallen } from "./chain-marks.ts";
import { surveyPolicies } from "./chain-policies.ts";
import { resumeChain } from "./chain-resume.ts";
import { nameMissing } from "./missing.ts";
export { joinedDenials } from "./joined-denials.ts";
import type { RecordState } from "./record-state.ts";
import type { PolicyState } from "./policy-states.ts";
import type { RefUpdate } from "./push-input.ts";
import { broughtApprovals, judgingContext, type Session } from "./session.ts";
import { readTrustRoot } from "./trust-root.ts";

export interface BranchValue {
  readonly ref: RefName;
  /** Where it stands; null for one that is not born yet. */
  readonly oid: ObjectId | null;
}

/** The branch that a server's policy is read from; the one that HEAD names where it is an administrator's file. */
export async function serverBranch(session: Session, policyRef: RefName | null): Promise<BranchValue | null> {
  const ref = policyRef ?? (await readHead(session.repository));
  return ref === null ? null : { ref, oid: (await readRefs(session.repository, [ref])).get(ref)?.oid ?? null };
}

export interface RootedPush {
  readonly root: ObjectId;
  /** In force: its rules say which refs are judged at all. */
  readonly policy: Policy;
  /** Tags are judged by the rules of this branch, and so is what it holds wherever that is pushed. */
  readonly branch: BranchValue | null;
  /** Before the push. A symbolic ref moves the one that it names, which is judged as well; a clone knows none of a server's. */
  readonly present: RefValues;
  /** Null where there is none, as in a clone. */
  readonly record: RecordState | null;
  readonly now: Seconds;
}

/**
 * With a trust root a push must also be authenticated from it, ref by ref, through the ref's present value. Gives what is
 * denied and was not told before; the policy in force has judged the rest.
 *
 * @throws GitError only where git itself fails
 */
export async function denyUnchained(
  session: Session,
  pushed: RootedPush,
  updates: readonly RefUpdate[],
  told: readonly Decision[],
): Promise<readonly Decision[]> {
  const asked = updates.flatMap((update) => {
    const names = new Set([update.ref, pushed.present.get(update.ref)?.symbolic ?? update.ref]);
    const judged = [...names].filter((name) => isJudged(pushed.policy, name));
    return update.new === null || judged.length === 0 ? [] : [{ update, names, judged }];
  });
  if (asked.length === 0) return [];
  const start = await readTrustRoot(session, pushed.root);
  if ("allow" in start) return [named(start)];
  const { root, branch, now } = pushed;
  const contextOf = contextsFor(session, pushed, updates);
  const means = { root, branch: branch?.ref ?? null, standing: branch?.oid ?? null, now, contextOf };
  const chain = new PushChain(session, means, start);
  const withoutLifted = liftsOf(told);
  const left: Decision[] = [];
  let clean = told.every(({ allow }) => allow);
  for (const { update, names, judged } of asked) {
    for (const ref of judged) {
      const denied = await judgeNamed(session, chain, { ...update, ref });
      clean &&= denied.length === 0;
      const found = withoutLifted(denied, names);
      left.push(...found.map((decision) => onRef(decision, update.ref)));
      // What refuses the one name mostly refuses the other, and the push is refused already.
      if (found.length > 0) break;
    }
  }
  if (clean) chain.keep(updates);
  const known = new Set(told.flatMap(({ allow, subject }) => (allow ? [] : [subject.oid])));
  return left.filter(({ subject }) => subject.kind === "ref" || !known.has(subject.oid)).map(named);
}

async function judgeNamed(session: Session, chain: PushChain, update: RefUpdate): Promise<readonly Decision[]> {
  try {
    return await chain.judge(update);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return [await nameMissing(session, [update], error)];
  }
}

/** Told of the ref that was pushed, as the policy in force tells it. */
const onRef = (decision: Decision, ref: RefName): Decision =>
  decision.subject.ref === null ? decision : { ...decision, subject: { ...decision.subject, ref } };

/**
 * What an override let pass on a ref it lets pass there in the chain, and nothing else; the chain ends at it until it is
 * exempt. What is denied of the ref as such is never lifted: where the chain ends at a commit, nothing is said of its path.
 *
 * @param told - by the policy in force
 * @returns what is left of the denials of a ref that goes by these names
 */
function liftsOf(
  told: readonly Decision[],
): (denied: readonly Decision[], names: ReadonlySet<RefName>) => readonly Decision[] {
  const codes = new Map(
    told.flatMap(({ subject: { ref, oid }, lifted }) =>
      lifted === undefined ? [] : [[`${ref ?? ""} ${oid ?? ""}`, new Set(lifted)] as const],
    ),
  );
  return (denied, names) =>
    denied.filter(({ subject: { kind, oid }, findings }) => {
      const lifted = [...names].flatMap((name) => codes.get(`${name} ${oid ?? ""}`) ?? []);
      const errors = findings.filter(({ severity }) => severity === "error");
      const isLifted = ({ code }: Finding): boolean => lifted.some((known) => known.has(code));
      return kind === "ref" || errors.length === 0 || !errors.every(isLifted);
    });
}

export function contextsFor(
  session: Session,
  { record, now }: Pick<RootedPush, "record" | "now">,
  updates: readonly RefUpdate[],
): ChainTask["contextOf"] {
  return (loaded) => {
    const context = judgingContext(session, { loaded, ref: null, trustRoot: null, notes: [] }, now, record);
    return { ...context, approvals: broughtApprovals(context, updates) };
  };
}

const isJudged = (policy: Policy, ref: RefName): boolean =>
  rulesFor(policy, ref).some((rule) => rule.commits !== null || rule.tags !== null);

/** Both judge, and who is refused must know which of them did. */
export const named = (decision: Decision): Decision => ({
  ...decision,
  findings: decision.findings.map((finding) => ({ ...finding, message: `from the trust root: ${finding.message}` })),
});

interface Means extends Pick<RootedPush, "root" | "now"> {
  readonly branch: RefName | null;
  /** Where the branch stands. */
  readonly standing: ObjectId | null;
  readonly contextOf: ChainTask["contextOf"];
}

class PushChain {
  readonly #session: Session;
  readonly #pushed: Means;
  readonly #start: PolicyState;
  readonly #known: ReadonlyMap<RefName, KnownTip>;
  readonly #found = new Map<RefName, KnownTip>();
  #settled: Promise<Settled | null> | null = null;

  constructor(session: Session, pushed: Means, start: PolicyState) {
    this.#session = session;
    this.#pushed = pushed;
    this.#start = start;
    this.#known = recallTips(session.repository.commonDir, pushed);
  }

  /** For the next push; a ref that is deleted is forgotten. */
  keep(updates: readonly RefUpdate[]): void {
    if (this.#found.size === 0) return;
    const gone = new Set(updates.filter((update) => update.new === null).map(({ ref }) => ref));
    const tips = [...this.#known, ...this.#found].filter(([ref]) => !gone.has(ref));
    keepTips(this.#session.repository.commonDir, this.#pushed, new Map(tips));
  }

  async judge(update: RefUpdate): Promise<readonly Decision[]> {
    const { ref, new: value } = update;
    const target = value === null ? null : await this.#session.outlines.peel(value);
    // A tag of a tree is for the rules on tags in force.
    if (value === null || target === null) return [];
    // The root itself is what the administrator vouched for.
    const denied = target === this.#pushed.root ? [] : await this.#judgeCommits(update, value, target);
    const isTag = ref.startsWith("refs/tags/");
    return denied.length > 0 || (!isTag && value === target)
      ? denied
      : this.#judgeTag(isTag ? ref : null, value, target);
  }

  /** The tag object, by the policy that the authenticated commit under it hands on, as `verify` will. */
  async #judgeTag(ref: RefName | null, oid: ObjectId, target: ObjectId): Promise<readonly Decision[]> {
    const { root, contextOf } = this.#pushed;
    const commit = await this.#session.outlines.outline(target);
    const policy = target === root || commit === null ? this.#start : await this.#session.states.at(commit);
    const fallen = target === root ? NO_FALLEN : await this.#fallenBy({ oids: [target], policy });
    const context = policy.loaded === null ? null : contextOf(withFallen(policy.loaded, fallen));
    const denied: Decision[] = [];
    const { judgeChainedTag } = await import("./chain-tags.ts");
    await judgeChainedTag(context, { oid, ref }, (decision) => {
      if (!decision.allow) denied.push(decision);
      return Promise.resolve();
    });
    return denied;
  }

  async #judgeCommits(
    { ref, old }: Pick<RefUpdate, "ref" | "old">,
    value: ObjectId,
    target: ObjectId,
  ): Promise<readonly Decision[]> {
    const { root, branch } = this.#pushed;
    const { repository } = this.#session;
    const subject = { kind: "ref", oid: value, ref } as const;
    if (!(await isAncestor(repository, root, target))) {
      const message = `this history does not descend from the trust root ${root}, so nothing vouches for it`;
      const hint = "build on a branch that descends from the trust root";
      return [decideProblem(subject, { code: "policy-missing", message, hint })];
    }
    const isBranch = ref.startsWith("refs/heads/");
    const judging = isBranch ? ref : branch;
    const tips = this.#tipsFor(ref, old);
    const via = await this.#viaOf(old, target);
    if (await this.#isKnown(target, via, tips)) return [];
    const found = await resumeChain(this.#session, root, target, tips);
    const whole = tips.every((tip) => tip.whole);
    const resumed = found !== null && (whole || via === null || found.oids.includes(via)) ? found : null;
    const start = resumed ?? { oids: [root] as const, policy: this.#start };
    const survey = await surveyPolicies(this.#session, start.policy, { include: [target], exclude: start.oids });
    const denied: Decision[] = [];
    const take = (decision: Decision): Promise<void> => {
      if (!decision.allow) denied.push({ ...decision, subject: { ...decision.subject, ref } });
      return Promise.resolve();
    };
    const settled = judging === branch ? null : await (this.#settled ??= this.#readSettled());
    const { now, contextOf } = this.#pushed;
    const exempt = await this.#session.states.exemptAt(target);
    // All that a whole history holds is on an authenticated path, where the ref stands with it.
    const through = resumed !== null && whole ? null : via;
    const fallen = resumed === null ? NO_FALLEN : await this.#fallenBy(resumed);
    const task = {
      root,
      start,
      targets: [target],
      ref: judging,
      settled,
      via: through,
      exempt,
      fallen,
      now,
      arriving: true,
      contextOf,
    } as const;
    const link = (await judgeChain(this.#session, task, survey, take)).links.get(target) ?? null;
    if (link?.through === false) {
      const message = `no authenticated path leads to the new value by way of ${via ?? root}, where the ref stands`;
      const hint = "merge or rebase onto what the ref holds";
      denied.push(decideProblem(subject, { code: "policy-missing", message, hint }));
    }
    const every = survey.modes.every((mode) => mode === "every") && (resumed === null || whole);
    if (denied.length === 0 && isBranch) this.#found.set(ref, { oid: target, whole: every });
    return denied;
  }

  /** What a walk from the root would have found of the keys that its start holds. */
  async #fallenBy({ oids, policy }: ChainTask["start"]): Promise<FallenKeys> {
    const { root, now, contextOf } = this.#pushed;
    if (policy.loaded === null || !marksKeys(policy.loaded)) return NO_FALLEN;
    const { fallenIn } = await import("./fallen-keys.ts");
    const { arrived } = contextOf(policy.loaded);
    return fallenIn(this.#session, { tips: oids, root, now, arrived }, marksOf([policy.loaded]));
  }

  /** What was authenticated before and still stands: the ref's own value, and that of the policy's branch. */
  #tipsFor(ref: RefName, old: ObjectId | null): readonly KnownTip[] {
    const { branch, standing } = this.#pushed;
    const own = this.#known.get(ref);
    const base = branch === null ? undefined : this.#known.get(branch);
    return [own?.oid === old ? own : undefined, base?.oid === standing ? base : undefined].filter(
      (tip) => tip !== undefined,
    );
  }

  async #isKnown(target: ObjectId, via: ObjectId | null, tips: readonly KnownTip[]): Promise<boolean> {
    for (const { oid, whole } of tips) {
      if (oid === target && (whole || via === null || via === target)) return true;
      if (whole && (await isAncestor(this.#session.repository, target, oid))) return true;
    }
    return false;
  }

  /** The path leads through the ref's present value, unless that is being replaced or is older than the root. */
  async #viaOf(old: ObjectId | null, target: ObjectId): Promise<ObjectId | null> {
    const { repository, outlines } = this.#session;
    const standing = old === null ? null : await outlines.peel(old);
    if (standing === null || !(await isAncestor(repository, standing, target))) return null;
    return (await isAncestor(repository, this.#pushed.root, standing)) ? standing : null;
  }

  async #readSettled(): Promise<Settled | null> {
    const { branch, standing, root } = this.#pushed;
    if (branch === null || standing === null) return null;
    const range = { include: [standing], exclude: [root] };
    const { repository } = this.#session;
    const [commits, line] = await Promise.all([
      collectCommits(repository, range),
      collectCommits(repository, range, ["--first-parent"]),
    ]);
    return { ref: branch, commits: new Set(commits), line: new Set(line) };
  }
}
