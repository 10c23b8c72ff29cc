/** `keys blast`: what a key signed, and what would fall with it. */
import type { Commit, Evidence, ObjectId, RefName, Seconds } from "../model.ts";
import { formatTime } from "../encoding/time.ts";
import { listRefs, type RefValues } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { rulesOn } from "../policy/applies.ts";
import { changeWords } from "../policy/change-words.ts";
import type { Rule } from "../policy/policy.ts";
import { createAnchors } from "../signature/anchors.ts";
import { approvalsBy, type SignedApproval } from "./approvals-by.ts";
import { Examiner } from "./examiner.ts";
import { exportedWitness, type WitnessChoice } from "./exported-witness.ts";
import { governClone, type PolicyChoice } from "./governing.ts";
import { mapHistory } from "./history-map.ts";
import { fingerprintOf, selectKey } from "./key-select.ts";
import { isMadeByIt } from "./made-by.ts";
import { keyIdOf, NO_FALLEN, type FallenKeys } from "./brought-keys.ts";
import { marksOf, type Marks, withMarks } from "./chain-marks.ts";
import { fallenIn } from "./fallen-keys.ts";
import { resolveCommit } from "./revision.ts";
import { knownRoot } from "./standing-keys.ts";
import type { LoadedKey } from "./policy-source.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import { loadRecord } from "./record.ts";
import { type GoverningPolicy, judgingContext, openSession, policyChanges, type Session } from "./session.ts";
import { trackedName } from "./tracking.ts";

export interface BlastOptions extends PolicyChoice, WitnessChoice {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Which key: see `selectKey`. */
  readonly key: string;
  /** Since when it would be compromised; `true`: from the beginning. */
  readonly at: Seconds | true;
  readonly now: Seconds;
}

interface SignedObject {
  readonly oid: ObjectId;
  readonly title: string;
  /** As the signature says. */
  readonly signedAt: string | null;
  readonly refs: readonly RefName[];
  /** Allowed as the policy is, and denied once the key is marked. */
  readonly falls: boolean;
}

export interface SignedChange {
  readonly oid: ObjectId;
  /** What it changed of the policy. */
  readonly changes: readonly string[];
}

export interface Blast {
  readonly key: { readonly fingerprint: string; readonly principal: string; readonly format: string };
  readonly compromised: string | true;
  readonly commits: readonly SignedObject[];
  readonly tags: readonly SignedObject[];
  readonly approvals: readonly SignedApproval[];
  readonly policyChanges: readonly SignedChange[];
  /** Keys of today's policy that it brought in, or one that it brought in; `falls`: and nobody else confirmed. */
  readonly broughtIn: readonly { readonly principal: string; readonly fingerprint: string; readonly falls: boolean }[];
}

/**
 * Everything on any ref here that a key of the policy signed, whatever the policy says of it by now, and what of that would
 * be denied if it were compromised since a time. What a record shows received before, and what the policy exempts, stands.
 *
 * @throws UsageError, PolicyError, GitError
 */
export async function blastOf(options: BlastOptions): Promise<Blast> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const governing = await governClone(session, options);
    const key = selectKey(governing.loaded, options.key);
    const marks: Marks = new Map([[fingerprintOf(key), { compromised: options.at, revocations: [] }]]);
    const [record, exported] = await Promise.all([
      loadRecord(session).catch(() => null),
      exportedWitness(session, options, options.now),
    ]);
    const contextOf = (one: GoverningPolicy): JudgingContext =>
      judgingContext(session, one, options.now, record, exported);
    const marked = { ...governing, loaded: withMarks(governing.loaded, marks) };
    const search = new Search(session, governing, key, options.now, contextOf(governing), contextOf(marked));
    const refs = await listRefs(session.repository);
    const commits = await search.commits(refs);
    const { changes, added } = await search.policyChanges(commits.map(({ oid }) => oid));
    const none = commits.length === 0;
    const fallen = none ? NO_FALLEN : await fallenWith(session, governing, marks, contextOf(governing));
    return {
      key: { fingerprint: fingerprintOf(key), principal: key.principal, format: key.entry.format },
      compromised: options.at === true ? true : formatTime(options.at),
      commits,
      tags: await search.tags(refs),
      approvals: await approvalsBy(session, refs, search.own),
      policyChanges: changes,
      broughtIn: governing.loaded.keys
        .filter((one) => one !== key && (added.has(keyIdOf(one)) || fallen.has(keyIdOf(one))))
        .map((one) => {
          const falls = fallen.has(keyIdOf(one));
          return { principal: one.principal, fingerprint: fingerprintOf(one), falls };
        }),
    };
  } finally {
    session.close();
  }
}

/** The keys that fall once a key is marked; a policy that lies outside the history has none that is told from it. */
async function fallenWith(
  session: Session,
  { loaded, ref }: GoverningPolicy,
  marks: Marks,
  { now, arrived }: JudgingContext,
): Promise<FallenKeys> {
  const tip = ref === null ? null : await resolveCommit(session, ref);
  if (tip === null) return NO_FALLEN;
  return fallenIn(
    session,
    { tips: [tip], root: await knownRoot(session), now, arrived },
    new Map([...marksOf([loaded]), ...marks]),
  );
}

/** Commits examined at once. */
const AT_ONCE = 256;

class Search {
  /** Knows this key alone, and nothing against it. */
  readonly own: Examiner;
  readonly #session: Session;
  readonly #governing: GoverningPolicy;
  readonly #key: LoadedKey;
  readonly #now: Seconds;
  readonly #today: JudgingContext;
  readonly #marked: JudgingContext;

  constructor(
    session: Session,
    governing: GoverningPolicy,
    key: LoadedKey,
    now: Seconds,
    today: JudgingContext,
    marked: JudgingContext,
  ) {
    const { reader, repository, raw } = session;
    const { algorithms, limits } = governing.loaded.policy;
    const anchors = createAnchors([{ ...key.anchor, window: {} }], algorithms);
    this.own = new Examiner(reader, repository, anchors, now, limits, null, raw);
    this.#session = session;
    this.#governing = governing;
    this.#key = key;
    this.#now = now;
    this.#today = today;
    this.#marked = marked;
  }

  async commits(refs: RefValues): Promise<readonly SignedObject[]> {
    const map = await mapHistory(this.#session, refs);
    const signed: { readonly commit: Commit; readonly signedAt: Seconds | null }[] = [];
    for (let at = 0; at < map.commits.length; at += AT_ONCE) {
      const some = map.commits.slice(at, at + AT_ONCE);
      for (const examined of await Promise.all(some.map((oid) => this.own.commitOnce(oid)))) {
        if ("problem" in examined) continue;
        const proof = examined.evidence.find(isMadeByIt);
        if (proof !== undefined) signed.push({ commit: examined.subject, signedAt: proof.signedAt });
      }
    }
    const found = new Set(signed.map(({ commit }) => commit.oid));
    const falling = await this.#falling(refs, found);
    return signed.map(({ commit: { oid, title }, signedAt }) => ({
      oid,
      title,
      signedAt: timeOrNull(signedAt),
      refs: map.refsOf(oid),
      falls: falling.has(oid),
    }));
  }

  /** Each branch is judged under the rules of its name, once as the policy is and once as it would be. */
  async #falling(refs: RefValues, signed: ReadonlySet<ObjectId>): Promise<ReadonlySet<ObjectId>> {
    const fallen = new Set<ObjectId>();
    if (signed.size === 0) return fallen;
    for (const [name, { oid, symbolic }] of refs) {
      const ref = trackedName(this.#session, name) ?? name;
      const rules = rulesOn(this.#today.policy, ref, this.#now).filter(({ commits }) => commits !== null);
      const tip = symbolic === null && rules.length > 0 ? await this.#session.outlines.peel(oid) : null;
      if (tip === null) continue;
      const denied = await deniedUnder(this.#marked, ref, rules, tip, signed);
      if (denied.size === 0) continue;
      const before = await deniedUnder(this.#today, ref, rules, tip, denied);
      for (const one of denied) if (!before.has(one)) fallen.add(one);
    }
    return fallen;
  }

  async tags(refs: RefValues): Promise<readonly SignedObject[]> {
    const found = new Map<ObjectId, { title: string; signedAt: Seconds | null; refs: RefName[]; falls: boolean }>();
    for (const [ref, { oid: tip }] of refs) {
      for (let oid = tip; (await this.own.kind(oid)) === "tag";) {
        const examined = await this.own.tag(oid);
        if ("problem" in examined) break;
        const proof = examined.evidence.find(isMadeByIt);
        if (proof !== undefined) {
          const known = found.get(oid) ?? {
            title: examined.subject.name,
            signedAt: proof.signedAt,
            refs: [],
            falls: false,
          };
          known.refs.push(ref);
          known.falls ||= await this.#tagFalls(ref, oid);
          found.set(oid, known);
        }
        oid = examined.subject.target;
      }
    }
    return [...found].map(([oid, { signedAt, ...tag }]) => ({ oid, ...tag, signedAt: timeOrNull(signedAt) }));
  }

  async #tagFalls(ref: RefName, oid: ObjectId): Promise<boolean> {
    const { policy } = this.#today;
    if (!rulesOn(policy, ref, this.#now).some(({ tags }) => tags !== null)) return false;
    if (policy.exempt.some(({ key, commit }) => key === fingerprintOf(this.#key) && commit === oid)) return false;
    const [now, then] = await Promise.all([this.#today.examiner.tag(oid), this.#marked.examiner.tag(oid)]);
    return !("problem" in now) && isProven(now.evidence) && !("problem" in then) && !isProven(then.evidence);
  }

  async policyChanges(
    commits: readonly ObjectId[],
  ): Promise<{ readonly changes: readonly SignedChange[]; readonly added: ReadonlySet<string> }> {
    const { loaded, ref } = this.#governing;
    const { outlines, states } = this.#session;
    const suspects = policyChanges(this.#session, loaded.files);
    const terms = { ref, now: this.#now, inForce: null, binding: false, guards: false };
    const changes: SignedChange[] = [];
    const added = new Set<string>();
    const range = suspects.within({ include: commits, exclude: [] }, []);
    range.expect(commits.length);
    for (const oid of commits) {
      const commit = await outlines.outline(oid);
      if (commit === null || !(await range.mayTouch(commit))) continue;
      const edit = await suspects.editOf(commit, terms);
      if (edit === null) continue;
      changes.push({ oid, changes: edit.steps.flatMap((step) => step.changes.map(changeWords)) });
      const after = await states.at(commit);
      const parents = await Promise.all(commit.parents.map((parent) => outlines.outline(parent)));
      const before = await Promise.all(parents.flatMap((parent) => (parent === null ? [] : [states.at(parent)])));
      const known = new Set(before.flatMap((state) => state.loaded?.keys.map(keyIdOf) ?? []));
      for (const key of after.loaded?.keys ?? []) if (!known.has(keyIdOf(key))) added.add(keyIdOf(key));
    }
    return { changes, added };
  }
}

const isProven = (evidence: readonly Evidence[]): boolean => evidence.some(({ outcome }) => outcome === "verified");
const timeOrNull = (time: Seconds | null): string | null => (time === null ? null : formatTime(time));

/** Which of some commits are denied when a history is audited. */
async function deniedUnder(
  context: JudgingContext,
  ref: RefName,
  rules: readonly Rule[],
  tip: ObjectId,
  wanted: ReadonlySet<ObjectId>,
): Promise<ReadonlySet<ObjectId>> {
  const denied = new Set<ObjectId>();
  const range = { ref, include: [tip], groups: [{ rules, exclude: [] }], history: "everything" } as const;
  for await (const { decision } of judgeRange(context, range)) {
    const { oid } = decision.subject;
    if (oid !== null && wanted.has(oid) && !decision.allow) denied.add(oid);
  }
  return denied;
}
