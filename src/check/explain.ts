/** `explain`: everything that decides about one object, from the same stages that judge it. */
import { createHash } from "node:crypto";
import { formatTime } from "../encoding/time.ts";
import { UsageError } from "../errors.ts";
import { isAncestor } from "../io/revisions.ts";
import { findRepository } from "../io/repository.ts";
import type { Commit, Decision, Evidence, ObjectId, RefName, Seconds, Tag } from "../model.ts";
import { rulesFor, rulesOn } from "../policy/applies.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { Rule } from "../policy/policy.ts";
import type { ExplainedKey, ExplainedRule, Explanation } from "../report/explain.ts";
import { verifyCommits } from "./commits.ts";
import { defaultBranch, defaultRemote, governClone } from "./governing.ts";
import type { PolicyChoice } from "./governing.ts";
import { endOf, problemAt } from "./key-standing.ts";
import type { LoadedKey } from "./policy-source.ts";
import { judgeRange } from "./range.ts";
import type { JudgingContext } from "./range.ts";
import { exportedWitness, type WitnessChoice } from "./exported-witness.ts";
import { loadRecord } from "./record.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { judgingContext, openSession, otherKeysOf } from "./session.ts";
import { signatureFacts } from "./signature-facts.ts";
import { implicitRef, parseAs, resolveTargets } from "./targets.ts";
import { NO_TIPS } from "./tip-set.ts";
import { trackedRefs } from "./tracking.ts";
import { missingProblem } from "./missing-problem.ts";

export interface ExplainOptions extends PolicyChoice, WitnessChoice {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** An id, a ref, a tag: one object. */
  readonly target: string;
  /** The ref whose rules judge. */
  readonly as?: string | undefined;
  readonly now: Seconds;
}

/** @throws UsageError for what names no object or several, PolicyError, GitError */
export async function explainObject(options: ExplainOptions): Promise<Explanation> {
  const session = await openSession(await findRepository(options.cwd, options.environment));
  try {
    const governing = await governClone(session, options);
    const [target, ...others] = await resolveTargets(session, [options.target]);
    const oid = target?.include[0];
    if (target === undefined || oid === undefined || others.length + target.exclude.length > 0) {
      throw new UsageError(`${options.target} is a range; explain takes one object`, {
        hint: `signpolicy verify ${options.target} names each commit that is denied; then explain one of them`,
      });
    }
    const record = await loadRecord(session).catch(() => null);
    const exported = await exportedWitness(session, options, options.now);
    const signWith = otherKeysOf(governing.loaded, options.now, options);
    const context = { ...judgingContext(session, governing, options.now, record, exported), signWith };
    const kind = await context.examiner.kind(oid);
    const { ref, why } = await rulingRef(session, options, target.ref);
    const scene = { session, governing, context, options, oid, ref, refWhy: why };
    if (kind === "commit" && !(ref?.startsWith("refs/tags/") ?? false)) return await explainCommit(scene);
    if (kind === "tag") return await explainTag(scene);
    const judged = await judgeWhole(scene);
    return { ...frameOf(scene, judged, "other"), rules: [], clock: HISTORY };
  } finally {
    session.close();
  }
}

interface Scene {
  readonly session: Session;
  readonly governing: GoverningPolicy;
  readonly context: JudgingContext;
  readonly options: ExplainOptions;
  readonly oid: ObjectId;
  readonly ref: RefName | null;
  readonly refWhy: string;
}

const HISTORY = { mode: "history", why: "judged as what is there already: good when it was signed" } as const;

async function rulingRef(
  session: Session,
  { as }: ExplainOptions,
  named: RefName | null,
): Promise<{ ref: RefName | null; why: string }> {
  if (as !== undefined) return { ref: parseAs(as), why: "named by --as" };
  if (named !== null) return { ref: named, why: "the ref that was named" };
  const ref = await implicitRef(session);
  return {
    ref,
    why:
      ref === null ? "no branch is checked out; name one with --as" : "the current branch; --as REF asks for another",
  };
}

async function explainCommit(scene: Scene): Promise<Explanation> {
  const { context, oid, ref, governing } = scene;
  const examined = await context.examiner.commitWhole(oid);
  const clock = await clockFor(scene);
  const rules = ref === null ? [] : rulesOn(context.policy, ref, context.now);
  const history = clock.mode === "history" ? "everything" : NO_TIPS;
  const judgeBy = async (group: readonly Rule[]): Promise<Decision | null> => {
    const range = { ref, include: [oid], groups: [{ rules: group, exclude: [] }], history, only: true } as const;
    for await (const { decision } of judgeRange(context, range)) return decision;
    return null;
  };
  const alone = await judgeBy(rules);
  const verdict =
    (alone === null || alone.allow || clock.mode === "history" ? alone : await withWiderFix(scene, rules, alone)) ??
    decideProblem({ kind: "commit", oid, ref }, missingProblem(oid));
  const explained = await Promise.all(
    context.policy.rules.map(async (rule): Promise<ExplainedRule> => {
      if (!rules.includes(rule)) return { name: rule.name, asks: null, signedBy: [], findings: [] };
      if (rule.commits === null) return { name: rule.name, asks: "nothing of this", signedBy: [], findings: [] };
      const byIt = await judgeBy([rule]);
      if (rule.paths !== null && byIt?.rules.includes(rule.name) !== true)
        return { name: rule.name, asks: "nothing of this", signedBy: [], findings: [] };
      return {
        name: rule.name,
        asks: "commits",
        signedBy: [...rule.commits.signedBy.names],
        findings: byIt?.findings ?? [],
      };
    }),
  );
  const frame = { ...frameOf(scene, verdict, "commit"), clock, rules: explained };
  if ("problem" in examined) return frame;
  const { subject, evidence } = examined;
  return {
    ...frame,
    ...signedParts(subject, `the commit without its signature header`, governing),
    people: [
      { who: "author", identity: subject.author },
      { who: "committer", identity: subject.committer },
    ],
    ...(await keyParts(oid, evidence[0], governing, context.now)),
  };
}

/** An amend does not mend what lies below it: where an earlier commit is not pushed and denied as well, one command mends both. */
async function withWiderFix(
  { session, context, oid, ref }: Scene,
  rules: readonly Rule[],
  alone: Decision,
): Promise<Decision> {
  const remote = defaultRemote(session);
  const there = remote === null ? [] : [...new Set((await trackedRefs(session, remote)).values())];
  if (there.length === 0) return alone;
  const groups = [{ rules, exclude: there }];
  let earlier = false;
  for await (const { decision } of judgeRange(context, { ref, include: [oid], groups, history: NO_TIPS })) {
    if (decision.subject.oid !== oid) earlier ||= !decision.allow;
    else if (earlier) {
      const hints = new Map(decision.findings.map(({ code, rule, hint }) => [`${code} ${String(rule)}`, hint]));
      const findings = alone.findings.map((finding) => {
        const hint = hints.get(`${finding.code} ${String(finding.rule)}`);
        return hint === undefined ? finding : { ...finding, hint };
      });
      return { ...alone, findings };
    }
  }
  return alone;
}

async function explainTag(scene: Scene): Promise<Explanation> {
  const { context, oid, governing } = scene;
  const examined = await context.examiner.tagWhole(oid);
  const verdict = await judgeWhole(scene);
  const frame = frameOf(scene, verdict, "tag");
  const ref = verdict.subject.ref ?? frame.ref;
  const rules = context.policy.rules.map((rule): ExplainedRule => {
    if (ref === null || !rulesFor(context.policy, ref).includes(rule))
      return { name: rule.name, asks: null, signedBy: [], findings: [] };
    if (rule.tags === null) return { name: rule.name, asks: "nothing of this", signedBy: [], findings: [] };
    const findings = verdict.findings.filter((finding) => finding.rule === rule.name || finding.rule === null);
    return { name: rule.name, asks: "tags", signedBy: [...rule.tags.signedBy.names], findings };
  });
  const refWhy = ref === scene.ref ? frame.refWhy : "the name that the tag object bears";
  if ("problem" in examined) return { ...frame, ref, refWhy, rules, clock: HISTORY };
  const { subject, evidence } = examined;
  return {
    ...frame,
    ref,
    refWhy,
    rules,
    clock: HISTORY,
    ...signedParts(subject, "the tag without its signature", governing),
    people: subject.tagger === null ? [] : [{ who: "tagger", identity: subject.tagger }],
    ...(await keyParts(oid, evidence[0], governing, context.now)),
  };
}

/** The object as `verify --no-walk` judges it; of several decisions the object's own, with what denies the others. */
async function judgeWhole({ options, oid, ref }: Scene): Promise<Decision> {
  const decisions: Decision[] = [];
  const named = ref?.startsWith("refs/tags/") === true ? options.target : oid;
  await verifyCommits(
    { ...options, targets: [named], tags: false, all: false, noWalk: true },
    { begin: () => undefined, decision: (decision) => void decisions.push(decision) },
  );
  const own = decisions.find(({ subject }) => subject.oid === oid) ?? decisions[0];
  if (own === undefined)
    return decideProblem({ kind: "tag", oid, ref }, { code: "malformed", message: "nothing was judged" });
  const others = decisions.filter((decision) => decision !== own && !decision.allow);
  return {
    ...own,
    allow: own.allow && others.length === 0,
    findings: [...own.findings, ...others.flatMap(({ findings }) => findings)],
  };
}

/** History is what the remote has already, as far as this clone knows; everything else would newly arrive there. */
async function clockFor({ session, oid, ref }: Scene): Promise<Explanation["clock"]> {
  const remote = defaultRemote(session);
  const there = remote === null ? new Map<RefName, ObjectId>() : await trackedRefs(session, remote);
  const usual = (await defaultBranch(session))?.branch ?? null;
  for (const name of new Set([ref, usual])) {
    const tip = name === null ? undefined : there.get(name);
    if (tip === undefined || !(await isAncestor(session.repository, oid, tip).catch(() => false))) continue;
    return {
      mode: "history",
      why: `${String(name)} of ${String(remote)} has it: the key must have been good when it signed`,
    };
  }
  const why = remote === null ? "there is no remote that has it" : `no such branch of ${remote} has it`;
  return { mode: "new", why: `${why}: the key must be good when it signed and today` };
}

function frameOf(
  { governing, oid, ref, refWhy, options }: Scene,
  verdict: Decision,
  kind: Explanation["kind"],
): Omit<Explanation, "rules" | "clock"> {
  return {
    policy: governing.loaded.origin,
    notes: governing.notes,
    kind,
    oid,
    ref,
    refWhy,
    title: verdict.shown?.title ?? "",
    people: [],
    signed: null,
    signature: ["not read"],
    key: null,
    noKey: "no signature was read",
    signedAt: verdict.evidence[0]?.signedAt ?? null,
    now: options.now,
    verdict,
  };
}

function signedParts(
  subject: Commit | Tag,
  what: string,
  { loaded }: GoverningPolicy,
): Pick<Explanation, "title" | "signed" | "signature"> {
  const sha256 = createHash("sha256").update(subject.payload).digest("hex");
  return {
    title: subject.title,
    signed: { bytes: subject.payload.length, sha256, what },
    signature: signatureFacts(subject.signatures, loaded.policy.algorithms),
  };
}

async function keyParts(
  oid: ObjectId,
  evidence: Evidence | undefined,
  { loaded }: GoverningPolicy,
  now: Seconds,
): Promise<Pick<Explanation, "key" | "noKey">> {
  const named = evidence?.outcome === "verified" ? evidence.signer.key.fingerprint : (evidence?.issuer ?? null);
  if (named === null)
    return { key: null, noKey: evidence?.outcome === "absent" ? "none: it is not signed" : "the signature names none" };
  const entry = loaded.keys.find((key) => holds(key, named));
  const through = evidence?.outcome === "verified" ? evidence.signer.key.primary : null;
  const found = entry ?? loaded.keys.find((key) => through !== null && holds(key, through));
  if (found === undefined) {
    return {
      key: null,
      noKey: `${named}, no key of this policy; if it is a member's: signpolicy keys add ${oid.slice(0, 12)}`,
    };
  }
  return { key: await explainKey(found, named, now, loaded), noKey: null };
}

const holds = ({ anchor }: LoadedKey, name: string): boolean =>
  anchor.kind === "openpgp"
    ? anchor.certificate.keys.some(({ fingerprint, keyId }) => fingerprint === name || keyId === name)
    : anchor.key.fingerprint === name;

async function explainKey(
  found: LoadedKey,
  named: string,
  now: Seconds,
  { policy }: GoverningPolicy["loaded"],
): Promise<ExplainedKey> {
  const { anchor, entry, principal } = found;
  const owner = policy.principals.get(principal);
  const whole = anchor.kind === "openpgp" ? anchor.certificate : anchor.key;
  const part =
    anchor.kind === "openpgp"
      ? anchor.certificate.keys.find((key) => [key.fingerprint, key.keyId].includes(named))
      : undefined;
  const fingerprint = part?.fingerprint ?? (anchor.kind === "sshCa" ? named : whole.fingerprint);
  const { from, until, retired, compromised } = entry.window;
  const end = await endOf(found, policy.algorithms, now);
  const limits = [
    ...[["from", from] as const, ["until", until] as const, ["retired", retired] as const].flatMap(([label, time]) =>
      time === undefined ? [] : [`${label} ${formatTime(time)}`],
    ),
    ...(compromised === undefined
      ? []
      : [compromised === true ? "compromised from the beginning" : `compromised ${formatTime(compromised)}`]),
    ...(end === null || end === until || end === retired ? [] : [`the key itself expires ${formatTime(end)}`]),
  ];
  const { path, line } = entry.place;
  const file = entry.source.kind === "file" ? `${entry.source.path}, ` : "";
  return {
    fingerprint,
    primary: fingerprint === whole.fingerprint ? null : whole.fingerprint,
    algorithm: part?.algorithm ?? whole.algorithm,
    principal,
    role: owner?.role ?? "human",
    emails: owner?.emails ?? [],
    place: `${file}${path}${line === null ? "" : `, line ${line}`}`,
    window: limits,
    today: (await problemAt(found, policy.algorithms, now))?.detail ?? null,
  };
}
