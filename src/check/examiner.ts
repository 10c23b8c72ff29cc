import { ParseError } from "../errors.ts";
import type { Bytes, Commit, Evidence, ObjectId, ObjectKind, RawSignature, Seconds, Signed, Tag } from "../model.ts";
import type { ObjectReader, StoredObject } from "../io/objects.ts";
import type { Repository } from "../io/git.ts";
import { renewAnchors, type Anchors } from "../signature/anchors.ts";
import type { Problem } from "../policy/decide-problem.ts";
import { type Limits, overLimit } from "../policy/limits.ts";
import { verifySigned } from "../signature/verify.ts";
import { verifyInPool, type RawVerifier } from "../signature/raw.ts";
import { parseCommit } from "../subject/commit.ts";
import { missingProblem } from "./missing-problem.ts";
import type { Witness } from "./witness.ts";
import { hashObject } from "../subject/hash.ts";
import { parseTag } from "../subject/tag.ts";

export type Examined<T> =
  { readonly subject: T; readonly evidence: readonly Evidence[] } | { readonly problem: Problem };

/** What is asked of one object beside its evidence. */
interface Asking {
  /** Whether its payload and signatures outlive their verification; those of a large object do only where all is kept. */
  readonly keeps?: "everything" | "nothing";
  /** Keys whose compromise does not matter. */
  readonly rescued?: ReadonlySet<string>;
  /** Perhaps its bytes. */
  readonly text?: Bytes | null;
}

const NO_ASKING: Asking = {};
const committedAt = (commit: Commit): Seconds => commit.committer.at;
const taggedAt = (tag: Tag): Seconds | null => tag.tagger?.at ?? null;

/** Evidence kept for objects that several refs of one push bring in. */
const REMEMBERED = 4096;

/** Objects above this are judged with care for memory: their bytes are let go once verified, their evidence is not kept. */
const LARGE = 16 * 1024;

/** What is kept of a commit while others are read ahead; git has no such limits, and no history comes near them. */
const MOST_PARENTS = 4096;
const MOST_IDENTITY = 64 * 1024;

/**
 * Reads objects, checks that their bytes hash to their name, parses them and collects the evidence: the stages before
 * the policy, the same for every entry point.
 */
export class Examiner {
  readonly #reader: ObjectReader;
  readonly #repository: Repository;
  readonly #anchors: Anchors;
  readonly #now: Seconds;
  readonly #limits: Limits;
  readonly #witness: Witness | null;
  readonly #raw: RawVerifier;
  readonly #commits = new Map<ObjectId, Promise<Examined<Commit>>>();

  constructor(
    reader: ObjectReader,
    repository: Repository,
    anchors: Anchors,
    now: Seconds,
    limits: Limits,
    witness: Witness | null = null,
    raw: RawVerifier = verifyInPool,
  ) {
    this.#limits = limits;
    this.#witness = witness;
    this.#raw = raw;
    this.#reader = reader;
    this.#repository = repository;
    this.#anchors = anchors;
    this.#now = now;
  }

  /** The kind of an object, or null where it is missing. */
  async kind(oid: ObjectId): Promise<ObjectKind | null> {
    const object = await this.#reader.object(oid);
    return object.found === "no" ? null : object.kind;
  }

  /** What the signature of a statement proves, which is dated by its signer. */
  async evidenceOf(statement: Signed, claimed: Seconds): Promise<Evidence> {
    const [evidence] = await verifySigned(statement, this.#anchors, { now: this.#now, claimed, receivedAt: null });
    return evidence;
  }

  commit(oid: ObjectId): Promise<Examined<Commit>> {
    const known = this.#commits.get(oid);
    if (known !== undefined) return known;
    if (this.#commits.size >= REMEMBERED) this.#commits.clear();
    const examined = this.#examine(oid, "commit", parseCommit, committedAt);
    this.#commits.set(oid, examined);
    return examined;
  }

  /**
   * The same, for one of many that nobody asks for again: its payload and signatures are let go once they were verified.
   *
   * @param text - what git printed of it; it is read from the repository unless this hashes to its name
   */
  commitOnce(oid: ObjectId, text: Bytes | null = null): Promise<Examined<Commit>> {
    return this.#examine(oid, "commit", parseCommit, committedAt, { keeps: "nothing", text });
  }

  /** The same with the bytes of payload and signatures, however large it is. */
  commitWhole(oid: ObjectId): Promise<Examined<Commit>> {
    return this.#examine(oid, "commit", parseCommit, committedAt, { keeps: "everything" });
  }

  tagWhole(oid: ObjectId): Promise<Examined<Tag>> {
    return this.#examine(oid, "tag", parseTag, taggedAt, { keeps: "everything" });
  }

  tag(oid: ObjectId): Promise<Examined<Tag>> {
    return this.#examine(oid, "tag", parseTag, taggedAt);
  }

  /** What a commit proves with the longer life that newer copies of the certificates give; null where they give none. */
  async renewed(oid: ObjectId, newer: Anchors): Promise<readonly Evidence[] | null> {
    const anchors = renewAnchors(this.#anchors, newer);
    if (anchors === null) return null;
    const limits = this.#limits;
    const own = new Examiner(this.#reader, this.#repository, anchors, this.#now, limits, this.#witness, this.#raw);
    const examined = await own.commitOnce(oid);
    return "problem" in examined ? null : examined.evidence;
  }

  /** What it proves where the compromise of these keys does not matter. */
  async rescued(oid: ObjectId, kind: "commit" | "tag", keys: ReadonlySet<string>): Promise<readonly Evidence[]> {
    const examined =
      kind === "commit"
        ? await this.#examine(oid, kind, parseCommit, committedAt, { rescued: keys })
        : await this.#examine(oid, kind, parseTag, taggedAt, { rescued: keys });
    return "problem" in examined ? [] : examined.evidence;
  }

  async #examine<T extends Commit | Tag>(
    oid: ObjectId,
    kind: ObjectKind,
    parse: (oid: ObjectId, raw: Uint8Array, algorithm: Repository["algorithm"]) => T,
    claimed: (subject: T) => Seconds | null,
    { keeps, rescued, text = null }: Asking = NO_ASKING,
  ): Promise<Examined<T>> {
    const told = text !== null && hashObject(kind, text, this.#repository.algorithm) === oid ? text : null;
    const object = told === null ? await this.#reader.object(oid) : ({ found: "yes", oid, kind, bytes: told } as const);
    const problem =
      unusable(object, oid, kind, this.#limits) ?? (told === null ? this.#renamed(object, oid, kind) : null);
    if (problem !== null || object.found !== "yes") return { problem: problem ?? missingProblem(oid) };
    let subject: T;
    try {
      subject = parse(oid, object.bytes, this.#repository.algorithm);
    } catch (error) {
      if (error instanceof ParseError) return { problem: { code: "malformed", message: error.message } };
      throw error;
    }
    const { length } = object.bytes;
    const isLarge = length > LARGE;
    if (isLarge) {
      // What is large is examined again rather than kept.
      this.#commits.delete(oid);
      const wide = tooWide(subject);
      if (wide !== null) return { problem: wide };
      this.#reader.hold(length);
    }
    try {
      const receivedAt = this.#witness === null ? null : await this.#witness(oid);
      const own = { now: this.#now, claimed: claimed(subject), receivedAt };
      const times = rescued === undefined ? own : { ...own, rescued };
      const evidence = await verifySigned(subject, this.#anchors, times, this.#raw);
      const lets = keeps === "nothing" || (isLarge && keeps !== "everything");
      return { subject: lets ? withoutContent(subject) : subject, evidence };
    } finally {
      if (isLarge) this.#reader.release(length);
    }
  }

  /** cat-file does not compare a loose object with its name: bytes put under another name must not be judged as that name. */
  #renamed(object: StoredObject, oid: ObjectId, kind: ObjectKind): Problem | null {
    if (object.found !== "yes" || hashObject(kind, object.bytes, this.#repository.algorithm) === oid) return null;
    return { code: "replaced-object", message: `the bytes stored as ${oid} are those of another object` };
  }
}

const NOTHING = new Uint8Array();
const withoutContent = <T extends Signed>(subject: T): T => ({
  ...subject,
  payload: NOTHING,
  signatures: subject.signatures.map(withoutBytes),
});
const withoutBytes = ({ format }: RawSignature): RawSignature => ({ format, bytes: NOTHING });

function tooWide(subject: Commit | Tag): Problem | null {
  const parents = subject.kind === "commit" ? subject.parents : [];
  const people = subject.kind === "commit" ? [subject.author, subject.committer] : [subject.tagger];
  if (parents.length > MOST_PARENTS) {
    return {
      code: "resource-limit",
      message: `the commit has ${parents.length} parents; at most ${MOST_PARENTS} are judged`,
    };
  }
  const texts = people.flatMap((who) => (who === null ? [] : [who.name, who.email]));
  if (subject.kind === "tag") texts.push(subject.name);
  if (texts.every((text) => text.length <= MOST_IDENTITY)) return null;
  return { code: "resource-limit", message: `a name in its header has more than ${MOST_IDENTITY} bytes` };
}

function unusable(object: StoredObject, oid: ObjectId, kind: ObjectKind, limits: Limits): Problem | null {
  if (object.found === "no") return missingProblem(oid, object);
  const size = object.found === "too-large" ? object.size : object.bytes.length;
  if (size > limits.objectBytes) return overLimit("objectBytes", limits, `the ${object.kind} holds ${size} bytes`);
  if (object.found !== "yes") return missingProblem(oid);
  if (object.kind !== kind) return { code: "malformed", message: `${oid} is a ${object.kind}, not a ${kind}` };
  return null;
}
