import { GitError, ParseError } from "../errors.ts";
import { formatTime } from "../encoding/time.ts";
import type { Bytes, Decision, ObjectId, ReportHead, RefName, Seconds } from "../model.ts";
import { stopGit } from "../io/git.ts";
import type { Reading } from "../io/reading.ts";
import { readAlone } from "../io/reading-alone.ts";
import { foldsRefs, watchRefs, type RefWatch } from "../io/ref-watch.ts";
import { writePending } from "../io/pending-file.ts";
import { danglingRefs } from "../io/dangling-refs.ts";
import { listRefs, readRefs, type RefValues } from "../io/refs.ts";
import { isAncestor } from "../io/revisions.ts";
import { hookRepository, type HookPlace } from "../io/repository.ts";
import { rulesOn } from "../policy/applies.ts";
import { decideProblem, decidePush, type Problem } from "../policy/decide-problem.ts";
import { type Limits, overLimit } from "../policy/limits.ts";
import type { Override } from "../policy/override.ts";
import type { Policy } from "../policy/policy.ts";
import { Deadline } from "./deadline.ts";
import { governServer, type PolicyChoice } from "./governing.ts";
import { nameMissing } from "./missing.ts";
import { renderPending, type KeptCertificate } from "./pending.ts";
import { judgePush, type UpdateVerdict } from "./push.ts";
import { algorithmOf, parseReceiveInput, type RefUpdate } from "./push-input.ts";
import { judgeNextPolicy } from "./next-policy.ts";
import { denyBroken, orDenial } from "./push-denial.ts";
import { mendingHint, recallRecord } from "./record.ts";
import type { RecordState } from "./record-state.ts";
import { rememberGit } from "./remember-git.ts";
import { reportHead } from "./report-head.ts";
import { StraightLine } from "./straight-line.ts";
import { broughtApprovals, type GoverningPolicy, judgingContext, openSession, type Session } from "./session.ts";
import type { SignedPush } from "./signed-push.ts";
import type { ReportSink } from "./sink.ts";
import { bindingTrustRoot } from "./trust-root.ts";
import { unionOf } from "./tip-set.ts";
import { hasUnmetRules, meetRules, tipsFromRecord, type JudgedTips } from "./tips.ts";

export interface ReceiveOptions extends PolicyChoice {
  /** Where git started the hook. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All of standard input. */
  readonly input: Bytes;
  readonly now: () => Seconds;
  /** The repository that `cwd` and `environment` name, where it was found before. */
  readonly place?: HookPlace | undefined;
  /** Of that repository, where it was begun before. */
  readonly reading?: Reading | undefined;
}

/** How often a push is judged anew because the policy or a ref moved meanwhile. */
const ATTEMPTS = 3;

/**
 * `pre-receive`: judges a push by the policy that stood before it, from refs read by ourselves. Hands every decision to
 * the sink; the push may pass only if all of them allow. A push of nothing passes.
 *
 * Guarantees: nothing is allowed whose objects were not read, hashed and judged; a failing git, a policy that cannot be
 * used and a broken record are denials. Not guaranteed: that the refs move as judged (git itself compares old values
 * when it moves them).
 */
export async function judgeReceive(options: ReceiveOptions, sink: ReportSink): Promise<void> {
  let updates: readonly RefUpdate[];
  try {
    updates = parseReceiveInput(options.input);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return refuse(sink, decideProblem(push, { code: "bad-input", message: error.message }));
  }
  if (updates.length === 0) return sink.begin(reportHead(null));
  if ((options.environment["GIT_NAMESPACE"] ?? "") !== "") {
    const message = "GIT_NAMESPACE is set: refs would not be the ones that the rules name";
    return refuse(sink, decideProblem(push, { code: "bad-input", message }));
  }
  const timed: Timed = { deadline: new Deadline(TO_FIND_POLICY), limits: null };
  const late = timed.deadline.passed.then((): Judgement => {
    stopGit();
    return {
      head: reportHead(null),
      decisions: [decidePush(timed.limits === null ? NO_POLICY_YET : overLimit("seconds", timed.limits))],
    };
  });
  // What loses the race goes on for a moment, its git children gone, and is not heard.
  const { head, decisions } = await Promise.race([late, receive(options, updates, timed)]);
  await sink.begin(head);
  for (const decision of decisions) await sink.decision(decision);
}

/** How long the push may take; the policy says it once it is read. */
interface Timed {
  readonly deadline: Deadline;
  limits: Limits | null;
}

/** Finding and reading the policy takes milliseconds; whoever waits longer waits for a broken disk. */
const TO_FIND_POLICY = 60;

const NO_POLICY_YET: Problem = {
  code: "resource-limit",
  message: `the policy could not be found and read within ${TO_FIND_POLICY} seconds`,
  hint: "an administrator looks after the server's disk, and whether git answers there",
};

interface Judgement {
  readonly head: ReportHead;
  readonly decisions: readonly Decision[];
}

/** Refs are read at once, beside the policy, unless they are so many that its limit may forbid them. */
const READ_AT_ONCE = 1000;

const namesOf = (updates: readonly RefUpdate[]): readonly RefName[] => updates.map((update) => update.ref);

const push = { kind: "push", oid: null, ref: null } as const;

async function refuse(sink: ReportSink, decision: Decision, governing: GoverningPolicy | null = null): Promise<void> {
  await sink.begin(reportHead(governing));
  await sink.decision(decision);
}

/** The refs as a push is judged by them. */
interface Standing {
  readonly present: Promise<RefValues> | RefValues;
  /** Of these values, from before they were read; null for what was read since. */
  readonly watch: RefWatch | null;
}

function readStanding({ repository, config }: Session, names: readonly RefName[]): Standing {
  const watch = watchRefs(repository, names);
  const seen = watch.values(config);
  if (seen !== null) return { present: seen, watch };
  const present = readRefs(repository, names);
  present.catch(() => undefined);
  return { present, watch };
}

async function receive(options: ReceiveOptions, updates: readonly RefUpdate[], timed: Timed): Promise<Judgement> {
  const algorithm = algorithmOf(updates);
  const { cwd, environment, place } = options;
  const repository = place === undefined ? hookRepository(cwd, environment, algorithm) : { ...place, algorithm };
  const session = await openSession(repository, options.reading ?? readAlone(repository) ?? undefined);
  try {
    let standing = updates.length > READ_AT_ONCE ? null : readStanding(session, namesOf(updates));
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await judgeOnce(options, session, updates, standing, timed).catch(unusable(session));
      if (outcome.moved !== null && attempt < ATTEMPTS) {
        standing = { present: outcome.moved, watch: null };
        continue;
      }
      const decisions = [...outcome.decisions];
      if (outcome.moved !== null) {
        const message = "the policy or a ref moved each time the push was judged";
        decisions.push(decidePush({ code: "bad-input", message, hint: "push again" }));
      } else if (outcome.pending !== null) {
        writePending(session.repository.commonDir, outcome.pending, options.now());
        await rememberGit(session, outcome.keep);
      }
      timed.deadline.meet();
      return { head: outcome.head, decisions };
    }
  } finally {
    session.close();
  }
}

interface Outcome {
  readonly head: ReportHead;
  readonly decisions: readonly Decision[];
  /** For the `post-receive` of an allowed push; null for a denied one. */
  readonly pending: string | null;
  /**
   * Under an administrator's file a push may need nothing of git's: the root commits that the record names, to be kept for
   * the next one. Null where the policy lies in the repository.
   */
  readonly keep: readonly ObjectId[] | null;
  /** The refs' values now, where they or the policy are not what the push was judged by. */
  readonly moved: RefValues | null;
  /** Of a push that is refused: the trust root's policy, where the branch that it stands for has none yet. */
  readonly unborn: GoverningPolicy | null;
}

const REFUSED = { pending: null, keep: null, moved: null, unborn: null } as const;

/** What a push asks of a long record it asks while it is judged. */
const unusable =
  ({ repository }: Session) =>
  (error: unknown): Outcome => ({
    ...REFUSED,
    head: reportHead(null),
    decisions: [denyBroken(error, mendingHint(repository.commonDir))],
  });

async function judgeOnce(
  options: ReceiveOptions,
  session: Session,
  updates: readonly RefUpdate[],
  standing: Standing | null,
  timed: Timed,
): Promise<Outcome> {
  const line = new StraightLine(session.outlines);
  const outcome = await judgeBy(options, session, updates, standing, timed, line);
  const clean = outcome.decisions.every(({ allow, findings }) => allow && findings.length === 0);
  const known = clean || !line.used ? outcome : await judgeBy(options, session, updates, standing, timed, undefined);
  if (known.unborn === null) return known;
  // By the root's policy alone nobody could bring a history to a new server in which somebody joined since.
  const { adoptPolicy } = await import("./first-policy.ts");
  const adopted = await adoptPolicy(session, known.unborn, updates, options.now());
  return adopted === null ? known : judgeBy(options, session, updates, standing, timed, undefined, adopted);
}

async function judgeBy(
  options: ReceiveOptions,
  session: Session,
  updates: readonly RefUpdate[],
  standing: Standing | null,
  timed: Timed,
  line: StraightLine | undefined,
  adopted: GoverningPolicy | null = null,
): Promise<Outcome> {
  const decisions: Decision[] = [];
  const collect = { decision: (decision: Decision) => void decisions.push(slim(decision)) };
  const [found, record] = await Promise.all([
    orDenial(governServer(session, { ...options, recall: true })),
    orDenial(recallRecord(session)),
  ]);
  const denied = [found, record].filter((part) => "allow" in part);
  if (denied.length > 0 || "allow" in found || "allow" in record) {
    return { ...REFUSED, head: reportHead("allow" in found ? null : found), decisions: denied };
  }
  const governing = adopted ?? found;
  const { limits } = governing.loaded.policy;
  timed.limits = limits;
  timed.deadline.allow(limits.seconds);
  if (updates.length > limits.refs) {
    const decisions = [decidePush(overLimit("refs", limits, `${updates.length} refs`))];
    return { ...REFUSED, head: reportHead(governing), decisions };
  }
  const present = await (standing?.present ?? readRefs(session.repository, namesOf(updates)));
  for (const decision of await leadNowhere(session, updates, present)) collect.decision(decision);
  if (foldsRefs(session.config)) {
    const { refuseFolded } = await import("./folded-refs.ts");
    const standing = (await listRefs(session.repository)).keys();
    for (const decision of refuseFolded(governing.loaded.policy, updates, standing)) collect.decision(decision);
  }
  const now = options.now();
  const context = judgingContext(session, governing, now, record);
  const met = hasUnmetRules(context.policy, record, now)
    ? meetRules(context.policy, record, await listRefs(session.repository), formatTime(now))
    : [];
  for (const entry of met) record.apply(entry);
  let verdicts: readonly UpdateVerdict[] = [];
  let changes: readonly string[] = [];
  let kept: KeptCertificate | null = null;
  let override: Override | null = null;
  const tips = rootedTips(tipsFromRecord(context.policy, record, now), context.policy, governing, now);
  const pushed = { ...context, tips, present, line, approvals: broughtApprovals(context, updates) };
  try {
    const signed = await signedPush(options, session, governing, record, updates, present, now);
    for (const decision of signed?.decisions ?? []) collect.decision(decision);
    kept = signed?.kept ?? null;
    override = signed?.override ?? null;
    verdicts = await judgePush({ ...pushed, override }, updates, collect);
    decisions.push(...(await unrooted(session, governing, present, updates)));
    const next = await judgeNextPolicy(session, governing, pushed, updates);
    decisions.push(...unreported(decisions, next.decisions));
    changes = next.changes;
    const root = bindingTrustRoot(session, governing);
    if (root !== null) {
      const { denyUnchained, joinedDenials, serverBranch } = await import("./chain-push.ts");
      const branch = await serverBranch(session, governing.ref);
      const rooted = { root, policy: context.policy, branch, present, record, now };
      joinedDenials(await denyUnchained(session, rooted, updates, decisions)).into(decisions);
    }
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    decisions.push(await nameMissing(session, updates, error));
  }
  const allowed = verdicts.length === updates.length && decisions.every((decision) => decision.allow);
  return {
    head: reportHead(governing, changes),
    decisions,
    pending: allowed ? renderPending(governing.loaded.origin, met, verdicts, { kept, override }) : null,
    keep: governing.ref === null ? record.roots : null,
    unborn: allowed || adopted !== null || governing.trustRoot === null ? null : governing,
    moved: allowed
      ? await readAgain(options, session, found, present, standing?.watch ?? null, namesOf(updates))
      : null,
  };
}

/** A ref that is there and yet has no value: git would create what it names, or write over what is broken. */
async function leadNowhere(
  { repository, config }: Session,
  updates: readonly RefUpdate[],
  present: RefValues,
): Promise<readonly Decision[]> {
  const absent = updates.filter(({ ref }) => !present.has(ref));
  const dangling = await danglingRefs(repository, config, namesOf(absent));
  return absent.flatMap(({ ref, new: oid }) => {
    const held = dangling.get(ref);
    if (held === undefined) return [];
    const message = `this ref is there but leads nowhere: it holds "${held}"`;
    const hint = held.startsWith("refs/") ? `push to ${held}` : "an administrator looks at the file of this ref";
    return [decideProblem({ kind: "ref", oid, ref }, { code: "bad-input", message, hint })];
  });
}

/** The push as such, where it is signed or a rule asks for that. */
async function signedPush(
  options: ReceiveOptions,
  session: Session,
  { loaded: { policy, anchors } }: GoverningPolicy,
  record: RecordState,
  updates: readonly RefUpdate[],
  present: RefValues,
  now: Seconds,
): Promise<SignedPush | null> {
  const { environment } = options;
  const isAsked = policy.rules.some((rule) => rule.pushes !== null);
  const isBare = ["GIT_PUSH_CERT", "GIT_PUSH_OPTION_0"].every((name) => (environment[name] ?? "") === "");
  if (!isAsked && isBare) return null;
  const { judgeSignedPush } = await import("./signed-push.ts");
  return judgeSignedPush({ session, environment, anchors, record, now }, policy, updates, present);
}

/** What was found twice about one commit is said once. */
function unreported(known: readonly Decision[], more: readonly Decision[]): readonly Decision[] {
  const told = new Set(
    known.flatMap(({ subject, allow, findings }) =>
      !allow && findings.some(({ code }) => code === "policy-change") ? [subject.oid] : [],
    ),
  );
  return more.filter(({ subject }) => subject.kind !== "commit" || !told.has(subject.oid));
}

/** Decisions of a push are held until the policy was read a second time; of those without findings only the fact is kept. */
const slim = (decision: Decision): Decision =>
  decision.findings.length === 0 ? { ...decision, evidence: [], shown: null } : decision;

/** The trust root and what lies before it are what the administrator vouched for, under the rules of the branch he vouched for. */
function rootedTips(tips: JudgedTips, policy: Policy, { ref, trustRoot }: GoverningPolicy, now: Seconds): JudgedTips {
  if (trustRoot === null || ref === null) return tips;
  const rooted = new Set(rulesOn(policy, ref, now));
  return {
    ...tips,
    shared: (rule) => (rooted.has(rule) ? unionOf(tips.shared(rule), new Set([trustRoot])) : tips.shared(rule)),
  };
}

/** A first policy counts only on a history that holds the trust root. */
async function unrooted(
  session: Session,
  { ref, trustRoot }: GoverningPolicy,
  present: RefValues,
  updates: readonly RefUpdate[],
): Promise<readonly Decision[]> {
  if (trustRoot === null || ref === null) return [];
  const update = updates.find((candidate) => [candidate.ref, present.get(candidate.ref)?.symbolic].includes(ref));
  if (update === undefined || update.new === null) return [];
  if ((await session.outlines.outline(update.new)) === null) return [];
  if (await isAncestor(session.repository, trustRoot, update.new)) return [];
  const message = `this history does not hold the trust root ${trustRoot}, so nothing vouches for its policy`;
  return [decideProblem({ kind: "ref", oid: update.new, ref: update.ref }, { code: "policy-missing", message })];
}

/** Last thing before a push is allowed: are policy and refs still what it was judged by? Null where they are. */
async function readAgain(
  options: ReceiveOptions,
  session: Session,
  governing: GoverningPolicy,
  present: RefValues,
  watch: RefWatch | null,
  names: readonly RefName[],
): Promise<RefValues | null> {
  const { ref, loaded } = governing;
  // A commit's tree stays what it is: a policy in one moves only with the ref.
  if (watch?.stoodStill(session.config, ref === null ? names : [...names, ref]) === true) {
    if (ref !== null || (await loaded.digestNow()) === loaded.origin.digest) return null;
  }
  const [again, after] = await Promise.all([
    governServer(session, { ...options, unjudged: true }),
    readRefs(session.repository, names),
  ]);
  const same =
    again.loaded.origin.digest === governing.loaded.origin.digest &&
    names.every((name) => after.get(name)?.oid === present.get(name)?.oid);
  return same ? null : after;
}
