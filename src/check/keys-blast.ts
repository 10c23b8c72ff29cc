/** `keys blast`: what a key signed, and what would fall with it. */
import type { Commit, Evidence, ObjectId, RefName, Seconds, Signer } from "../model.ts";
import { formatTime } from "../encoding/time.ts";
import { listRefs, type RefValues } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { rulesOn } from "../policy/applies.ts";
import { changeWords } from "../policy/change-words.ts";
import { createAnchors } from "../signature/anchors.ts";
import { approvalsBy, type SignedApproval } from "./approvals-by.ts";
import { Examiner } from "./examiner.ts";
import { exportedWitness, type WitnessChoice } from "./exported-witness.ts";
import { governClone, type PolicyChoice } from "./governing.ts";
import { mapHistory } from "./history-map.ts";
import { fingerprintOf, fingerprintsOf, selectKey } from "./key-select.ts";
import { isMadeByIt } from "./made-by.ts";
import { keyIdOf, NO_FALLEN, type FallenKeys } from "./brought-keys.ts";
import { marksOf, type Marks, withFallen, withMarks } from "./chain-marks.ts";
import { fallenIn } from "./fallen-keys.ts";
import { fallingCommits } from "./falling.ts";
import { resolveCommit } from "./revision.ts";
import { knownRoot } from "./standing-keys.ts";
import type { LoadedKey } from "./policy-source.ts";
import type { JudgingContext } from "./range.ts";
import { loadRecord } from "./record.ts";
import { type GoverningPolicy, judgingContext, openSession, policyChanges, type Session } from "./session.ts";

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

/** What another key signed, and falls all the same: by a key that falls with the marked one, or for an approval that no longer counts. */
interface AlsoFalling extends SignedObject {
  readonly kind: "commit" | "tag";
  /** Which key of whom signed it; null where no signature counts. */
  readonly by: { readonly fingerprint: string; readonly principal: string } | null;
}

/** Another key of the same person. */
interface OtherKey {
  readonly fingerprint: string;
  readonly format: string;
  readonly falls: boolean;
}

export interface SignedChange {
  readonly oid: ObjectId;
  /** What it changed of the policy. */
  readonly changes: readonly string[];
}

export interface Blast {
  readonly key: {
    readonly fingerprint: string;
    readonly principal: string;
    readonly format: string;
    /** Of a certificate: what signs with it is marked as well. */
    readonly subkeys: readonly string[];
  };
  /** The same person's others, which no mark on this one touches, unless it brought them in. */
  readonly otherKeys: readonly OtherKey[];
  readonly compromised: string | true;
  readonly commits: readonly SignedObject[];
  readonly tags: readonly SignedObject[];
  readonly approvals: readonly SignedApproval[];
  readonly alsoFall: readonly AlsoFalling[];
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
    const today = contextOf(governing);
    const fallen = await fallenWith(session, governing, marks, today);
    const marked = contextOf({ ...governing, loaded: withFallen(withMarks(governing.loaded, marks), fallen) });
    const search = new Search(session, governing, key, options.now, today, marked);
    const refs = await listRefs(session.repository);
    const approvals = await approvalsBy(session, refs, search.own);
    const { own: commits, others } = await search.commits(refs, fallen.size > 0 || approvals.length > 0);
    const { changes, added } = await search.policyChanges(commits.map(({ oid }) => oid));
    const tags = await search.tags(refs);
    const fingerprint = fingerprintOf(key);
    return {
      key: {
        fingerprint,
        principal: key.principal,
        format: key.entry.format,
        subkeys: fingerprintsOf(key).filter((one) => one !== fingerprint),
      },
      otherKeys: governing.loaded.keys
        .filter((one) => one !== key && one.principal === key.principal)
        .map((one) => ({
          fingerprint: fingerprintOf(one),
          format: one.entry.format,
          falls: fallen.has(keyIdOf(one)),
        })),
      compromised: options.at === true ? true : formatTime(options.at),
      commits,
      tags: tags.own,
      approvals,
      alsoFall: [...others, ...tags.others],
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

interface SignedTag {
  readonly title: string;
  readonly by: Signer | null;
  readonly signedAt: Seconds | null;
  readonly refs: RefName[];
  falls: boolean;
}

const NONE_FALL: Awaited<ReturnType<typeof fallingCommits>> = new Map();

/** Commits examined at once. */
const AT_ONCE = 256;

class Search {
  /** Knows this key alone, and nothing against it. */
  readonly own: Examiner;
  readonly #session: Session;
  readonly #governing: GoverningPolicy;
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
    this.#now = now;
    this.#today = today;
    this.#marked = marked;
  }

  /** @param mayFall - what others signed may fall, though the key signed no commit */
  async commits(
    refs: RefValues,
    mayFall: boolean,
  ): Promise<{ readonly own: readonly SignedObject[]; readonly others: readonly AlsoFalling[] }> {
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
    const falling =
      signed.length > 0 || mayFall ? await fallingCommits(this.#session, refs, this.#today, this.#marked) : NONE_FALL;
    const told = (oid: ObjectId, title: string, signedAt: Seconds | null): SignedObject => ({
      oid,
      title,
      signedAt: timeOrNull(signedAt),
      refs: map.refsOf(oid),
      falls: falling.has(oid),
    });
    const known = new Set(signed.map(({ commit }) => commit.oid));
    const others: AlsoFalling[] = [];
    for (const [oid, { signer, signedAt }] of falling) {
      const commit = known.has(oid) ? null : await this.#session.outlines.outline(oid);
      if (commit !== null) others.push({ kind: "commit", ...told(oid, commit.title, signedAt), by: nameOf(signer) });
    }
    return { own: signed.map(({ commit: { oid, title }, signedAt }) => told(oid, title, signedAt)), others };
  }

  async tags(
    refs: RefValues,
  ): Promise<{ readonly own: readonly SignedObject[]; readonly others: readonly AlsoFalling[] }> {
    const own = new Map<ObjectId, SignedTag>();
    const others = new Map<ObjectId, SignedTag>();
    for (const [ref, { oid: tip }] of refs) {
      for (let oid = tip; (await this.own.kind(oid)) === "tag";) {
        const examined = await this.own.tag(oid);
        if ("problem" in examined) break;
        const { name: title, target } = examined.subject;
        const proof = examined.evidence.find(isMadeByIt);
        const { falls, by, signedAt } = await this.#tagFalls(ref, oid);
        if (proof !== undefined || falls) {
          const found = proof === undefined ? others : own;
          const known = found.get(oid) ?? { title, by, signedAt: proof?.signedAt ?? signedAt, refs: [], falls: false };
          known.refs.push(ref);
          known.falls ||= falls;
          found.set(oid, known);
        }
        oid = target;
      }
    }
    const told = ([oid, { title, signedAt, refs: where, falls }]: [ObjectId, SignedTag]): SignedObject => ({
      oid,
      title,
      signedAt: timeOrNull(signedAt),
      refs: where,
      falls,
    });
    return {
      own: [...own].map(told),
      others: [...others].map((tag) => ({ kind: "tag", ...told(tag), by: nameOf(tag[1].by) })),
    };
  }

  /** Whether a tag passes today and would not, and by whose key. */
  async #tagFalls(
    ref: RefName,
    oid: ObjectId,
  ): Promise<{ readonly falls: boolean; readonly by: Signer | null; readonly signedAt: Seconds | null }> {
    const { policy } = this.#today;
    const [now, then] = await Promise.all([this.#today.examiner.tag(oid), this.#marked.examiner.tag(oid)]);
    const proof = "problem" in now ? undefined : now.evidence.find((one) => one.outcome === "verified");
    const by = proof?.signer ?? null;
    const isAsked = rulesOn(policy, ref, this.#now).some(({ tags }) => tags !== null);
    const isExempt = policy.exempt.some(({ key, commit }) => key === by?.key.primary && commit === oid);
    const stands = "problem" in then || isProven(then.evidence);
    return { falls: isAsked && proof !== undefined && !isExempt && !stands, by, signedAt: proof?.signedAt ?? null };
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

const nameOf = (signer: Signer | null): AlsoFalling["by"] =>
  signer === null ? null : { fingerprint: signer.key.primary, principal: signer.principal };
const isProven = (evidence: readonly Evidence[]): boolean => evidence.some(({ outcome }) => outcome === "verified");
const timeOrNull = (time: Seconds | null): string | null => (time === null ? null : formatTime(time));
