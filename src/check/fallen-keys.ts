import { GitError, ObjectError, ParseError } from "../errors.ts";
import type { Commit, Evidence, ObjectId, Seconds } from "../model.ts";
import { isPartialClone } from "../io/safety.ts";
import { fallenKeys, keysStated, type KeyStatement, NO_FALLEN, signerIdOf, type FallenKeys } from "./brought-keys.ts";
import { type Marks, withMarks } from "./chain-marks.ts";
import { surveyPolicies } from "./chain-policies.ts";
import { Examiner } from "./examiner.ts";
import { fingerprintOf } from "./key-select.ts";
import type { PolicyChangeStep } from "./policy-changes.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { NO_POLICY } from "./policy-states.ts";
import { policyChanges, type Session } from "./session.ts";
import { partialClone } from "./trust-root.ts";
import { recordWitness, type Arrived } from "./witness.ts";

/** The commits by which a policy came to be what it is. */
export interface PolicyHistory {
  readonly tips: readonly ObjectId[];
  /** What somebody vouched for as it was: nothing before it is looked at. */
  readonly root: ObjectId | null;
  readonly now: Seconds;
  /** What a receive record shows; null where there is none. */
  readonly arrived: Arrived | null;
}

/**
 * The keys that a compromised key brought into a policy, as its history shows, and that nobody else confirmed. Every commit of
 * the history that changed the policy is looked at, whoever let it in, by the policies that stood before it. The keys of the
 * first of all policies were there from the beginning. Where histories that began apart were merged, each has its first, and only
 * one that no compromised key signed is believed.
 *
 * @param marks - of the compromised keys, by fingerprint
 * @throws GitError, ERR_GIT_OBJECT where an object of that history is not there; SignpolicyError ERR_PARTIAL_CLONE
 */
export async function fallenIn(session: Session, history: PolicyHistory, marks: Marks): Promise<FallenKeys> {
  if (marks.size === 0) return NO_FALLEN;
  const range = { include: history.tips, exclude: history.root === null ? [] : [history.root] };
  const { touching, files } = await surveyPolicies(session, NO_POLICY, range);
  const changes = policyChanges(session, files);
  const signatures = new Signatures(session, history, marks);
  const statements: KeyStatement[] = [];
  const first: KeyStatement[] = [];
  // The oldest come first, so that who is named brought a key in first.
  for (const oid of [...touching].reverse()) {
    const commit = await session.outlines.outline(oid);
    const step = commit === null ? null : await changes.stepOf(commit).catch((error: unknown) => none(session, error));
    for (const { lost } of step === null ? [] : [step.after, ...step.judges])
      if (lost !== undefined) throw untold(lost);
    if (commit === null || step?.after.loaded == null) continue;
    const before = step.judges.map(({ loaded }) => loaded);
    const statement = { ...keysStated(step.after.loaded, before), ...(await signatures.of(commit, step)) };
    (statement.first ? first : statements).push(statement);
  }
  return fallenKeys(first.length > 1 ? [...first, ...statements] : statements);
}

/** Broken bytes were no policy, and brought nothing in; of what is not there nobody can tell. */
function none(session: Session, error: unknown): null {
  if (!(error instanceof ParseError)) throw error;
  if (isPartialClone(session.config)) throw partialClone();
  if (error instanceof ObjectError) throw untold(error);
  return null;
}

const untold = (error: ObjectError): GitError =>
  new GitError(
    "ERR_GIT_OBJECT",
    `whether a compromised key brought other keys into the policy cannot be told: of the policy's history, ${error.message}`,
    { hint: "git fsck names what is missing; fetch or copy it from a repository where it is whole" },
  );

interface Examiners {
  /** As the policy stood. */
  readonly then: Examiner;
  /** Knowing what is known by now. */
  readonly now: Examiner;
}

/** Who signed changes of the policy, by the policies that stood before them. */
class Signatures {
  readonly #session: Session;
  readonly #history: PolicyHistory;
  readonly #marks: Marks;
  readonly #examiners = new Map<LoadedPolicy, Examiners>();

  constructor(session: Session, history: PolicyHistory, marks: Marks) {
    this.#session = session;
    this.#history = history;
    this.#marks = marks;
  }

  /** The first of all policies is signed by its own keys. A signature that none of them knows says nothing against anybody. */
  async of({ oid }: Commit, { after, judges }: PolicyChangeStep): Promise<Pick<KeyStatement, "by" | "key" | "stands">> {
    const known = judges.flatMap(({ loaded }) => loaded ?? []);
    for (const loaded of known.length > 0 || after.loaded === null ? known : [after.loaded]) {
      const { then, now } = this.#examinersFor(loaded);
      const proof = verified(await then.rescued(oid, "commit", new Set(loaded.keys.map(fingerprintOf))));
      if (proof === null) continue;
      const examined = await now.commitOnce(oid);
      const stands = !("problem" in examined) && verified(examined.evidence) !== null;
      return { by: signerIdOf(proof), key: proof.signer.key.primary, stands };
    }
    return { by: null, key: null, stands: true };
  }

  #examinersFor(loaded: LoadedPolicy): Examiners {
    const known = this.#examiners.get(loaded);
    if (known !== undefined) return known;
    const { arrived } = this.#history;
    const marked = withMarks(loaded, this.#marks);
    const witness = arrived === null ? null : recordWitness(marked.policy, arrived);
    const { reader, repository, raw } = this.#session;
    const examiner = ({ anchors, policy }: LoadedPolicy, by: typeof witness): Examiner =>
      new Examiner(reader, repository, anchors, this.#history.now, policy.limits, by, raw);
    const made = { then: examiner(loaded, null), now: examiner(marked, witness) };
    this.#examiners.set(loaded, made);
    return made;
  }
}

const verified = (evidence: readonly Evidence[]): Extract<Evidence, { outcome: "verified" }> | null =>
  evidence.find((one) => one.outcome === "verified") ?? null;
