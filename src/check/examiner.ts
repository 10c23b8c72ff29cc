import { ParseError } from "../errors.ts";
import type { Commit, Evidence, ObjectId, ObjectKind, Seconds, Signed, Tag } from "../model.ts";
import type { ObjectReader, StoredObject } from "../io/objects.ts";
import type { Repository } from "../io/git.ts";
import type { Anchors } from "../signature/anchors.ts";
import type { Problem } from "../policy/decide-problem.ts";
import { verifySigned } from "../signature/verify.ts";
import { parseCommit } from "../subject/commit.ts";
import type { Witness } from "./witness.ts";
import { hashObject } from "../subject/hash.ts";
import { parseTag } from "../subject/tag.ts";

export type Examined<T> =
  { readonly subject: T; readonly evidence: readonly Evidence[] } | { readonly problem: Problem };

/** Evidence kept for objects that several refs of one push bring in. */
const REMEMBERED = 4096;

/**
 * Reads objects, checks that their bytes hash to their name, parses them and collects the evidence: the stages before
 * the policy, the same for every entry point.
 */
export class Examiner {
  readonly #reader: ObjectReader;
  readonly #repository: Repository;
  readonly #anchors: Anchors;
  readonly #now: Seconds;
  readonly #witness: Witness | null;
  readonly #commits = new Map<ObjectId, Promise<Examined<Commit>>>();

  constructor(
    reader: ObjectReader,
    repository: Repository,
    anchors: Anchors,
    now: Seconds,
    witness: Witness | null = null,
  ) {
    this.#witness = witness;
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

  commit(oid: ObjectId): Promise<Examined<Commit>> {
    const known = this.#commits.get(oid);
    if (known !== undefined) return known;
    if (this.#commits.size >= REMEMBERED) this.#commits.clear();
    const examined = this.#examine(oid, "commit", parseCommit, (commit) => commit.committer.at);
    this.#commits.set(oid, examined);
    return examined;
  }

  tag(oid: ObjectId): Promise<Examined<Tag>> {
    return this.#examine(oid, "tag", parseTag, (tag) => tag.tagger?.at ?? null);
  }

  async #examine<T extends Signed>(
    oid: ObjectId,
    kind: ObjectKind,
    parse: (oid: ObjectId, raw: Uint8Array, algorithm: Repository["algorithm"]) => T,
    claimed: (subject: T) => Seconds | null,
  ): Promise<Examined<T>> {
    const object = await this.#reader.object(oid);
    const problem = unusable(object, oid, kind) ?? this.#renamed(object, oid, kind);
    if (problem !== null || object.found !== "yes") return { problem: problem ?? missing(oid) };
    let subject: T;
    try {
      subject = parse(oid, object.bytes, this.#repository.algorithm);
    } catch (error) {
      if (error instanceof ParseError) return { problem: { code: "malformed", message: error.message } };
      throw error;
    }
    const receivedAt = this.#witness === null ? null : await this.#witness(oid);
    const times = { now: this.#now, claimed: claimed(subject), receivedAt };
    return { subject, evidence: await verifySigned(subject, this.#anchors, times) };
  }

  /** cat-file does not compare a loose object with its name: bytes put under another name must not be judged as that name. */
  #renamed(object: StoredObject, oid: ObjectId, kind: ObjectKind): Problem | null {
    if (object.found !== "yes" || hashObject(kind, object.bytes, this.#repository.algorithm) === oid) return null;
    return { code: "replaced-object", message: `the bytes stored as ${oid} are those of another object` };
  }
}

function unusable(object: StoredObject, oid: ObjectId, kind: ObjectKind): Problem | null {
  if (object.found === "no") return missing(oid);
  if (object.found === "too-large") {
    return { code: "resource-limit", message: `the ${object.kind} holds ${object.size} bytes, more than is read` };
  }
  if (object.kind !== kind) return { code: "malformed", message: `${oid} is a ${object.kind}, not a ${kind}` };
  return null;
}

const missing = (oid: ObjectId): Problem => ({ code: "missing-object", message: `${oid} is not in the repository` });
