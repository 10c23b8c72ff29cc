import { asBuffer } from "../encoding/bytes.ts";
import type { Bytes, Commit, HashAlgorithm, ObjectId } from "../model.ts";
import { FieldReader, titleOf } from "./fields.ts";
import { checkHeaderBytes, headerCheck } from "./header-rules.ts";
import type { HeaderRules } from "./header-rules.ts";
import { splitCommit } from "./split.ts";

/** Two are many; beyond this a commit is an attack on memory. */
const MOST_SIGNATURE_HEADERS = 16;

const FIXED = ["tree", "parent", "author", "committer"];
const RULES: Readonly<Record<HashAlgorithm, HeaderRules>> = {
  sha1: { what: "commit", never: FIXED, once: ["encoding", "gpgsig-sha256"] },
  sha256: { what: "commit", never: FIXED, once: ["encoding", "gpgsig"] },
};

const SIGNED_OFF = "\nSigned-off-by: ";

/**
 * Parses a raw commit, body of `git cat-file commit`, for its identities and its signatures alike, so that no two
 * parsers can disagree about it. Refuses what git fsck calls an error; accepts what git merely finds odd: bytes that are
 * not UTF-8, an `encoding`, `mergetag` or unknown header, an empty or missing message, no final newline.
 *
 * Nothing is verified when it returns: neither a signature nor that `raw` hashes to `oid`.
 *
 * @throws ParseError (`ERR_PARSE`) naming what is wrong and where.
 */
export function parseCommit(oid: ObjectId, raw: Bytes, algorithm: HashAlgorithm): Commit {
  const bytes = asBuffer(raw);
  const fields = new FieldReader(bytes, "commit");
  const tree = fields.objectId("tree", algorithm);
  const parents: ObjectId[] = [];
  while (fields.has("parent")) parents.push(fields.objectId("parent", algorithm));
  const author = fields.identity("author");
  const committer = fields.identity("committer");
  const { payload, signatures, headerEnd } = splitCommit(bytes, algorithm, {
    from: fields.offset,
    limit: MOST_SIGNATURE_HEADERS,
    check: headerCheck(bytes, RULES[algorithm]),
  });
  checkHeaderBytes(bytes, headerEnd, "commit");
  return {
    kind: "commit",
    oid,
    tree,
    parents,
    author,
    committer,
    title: titleOf(bytes, headerEnd, bytes.length),
    signedOff: bytes.includes(SIGNED_OFF, headerEnd, "latin1"),
    payload,
    signatures,
  };
}
