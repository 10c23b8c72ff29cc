import { latin1 } from "../encoding/bytes.ts";
import { ParseError } from "../errors.ts";
import type { Commit, HashAlgorithm, ObjectId, Seconds } from "../model.ts";
import type { ObjectReader } from "../io/objects.ts";
import { parseCommit } from "../subject/commit.ts";
import { parseTag } from "../subject/tag.ts";

export const unreadableCommit = (oid: ObjectId): string => `${oid} is no commit that can be read`;

/** Reads commits that are not judged, for their parents, tree and date alone. */
export class Outlines {
  readonly #reader: ObjectReader;
  readonly #algorithm: HashAlgorithm;

  constructor(reader: ObjectReader, algorithm: HashAlgorithm) {
    this.#reader = reader;
    this.#algorithm = algorithm;
  }

  /** Null where there is no such commit or it cannot be read; nothing is verified. */
  async outline(oid: ObjectId): Promise<Commit | null> {
    const object = await this.#reader.object(oid);
    if (object.found !== "yes" || object.kind !== "commit") return null;
    try {
      return parseCommit(oid, object.bytes, this.#algorithm);
    } catch (error) {
      if (error instanceof ParseError) return null;
      throw error;
    }
  }

  /**
   * The committer's date, also of a commit that is not as git writes them: of several lines the newest. Null where there is none.
   */
  async dateOf(oid: ObjectId): Promise<Seconds | null> {
    const commit = await this.outline(oid);
    if (commit !== null) return commit.committer.at;
    const object = await this.#reader.object(oid);
    if (object.found !== "yes" || object.kind !== "commit") return null;
    const [head = ""] = latin1(object.bytes).split("\n\n", 1);
    const dates = [...head.matchAll(/^committer .*> ?([0-9]{1,15})(?![0-9])/gm)].map(([, at]) => Number(at));
    return dates.length === 0 ? null : Math.max(...dates);
  }

  /** The commit that an object is or, through tags, finally names; null where there is none or it cannot be told. */
  async peel(oid: ObjectId, depth = 64): Promise<ObjectId | null> {
    const object = await this.#reader.object(oid);
    if (object.found !== "yes" || depth === 0) return null;
    if (object.kind === "commit") return oid;
    if (object.kind !== "tag") return null;
    try {
      return await this.peel(parseTag(oid, object.bytes, this.#algorithm).target, depth - 1);
    } catch (error) {
      if (error instanceof ParseError) return null;
      throw error;
    }
  }
}
