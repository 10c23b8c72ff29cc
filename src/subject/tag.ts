import { asBuffer } from "../encoding/bytes.ts";
import { ParseError } from "../errors.ts";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind, Tag } from "../model.ts";
import { FieldReader, titleOf } from "./fields.ts";
import { checkHeaderBytes, headerCheck } from "./header-rules.ts";
import type { HeaderRules } from "./header-rules.ts";
import { splitTag } from "./split.ts";

const KINDS: ReadonlySet<string> = new Set<ObjectKind>(["commit", "tag", "tree", "blob"]);

const RULES: HeaderRules = {
  what: "tag",
  never: ["object", "type", "tag", "tagger"],
  once: ["encoding"],
};

/**
 * Parses a raw annotated tag, body of `git cat-file tag`. Refuses what git fsck calls an error; a missing tagger, as in
 * very old tags, and a name that no ref could have are none.
 *
 * Nothing is verified when it returns: neither the signature, nor that the target exists and is a `targetKind`, nor that
 * the tag's name is the ref's, nor that `raw` hashes to `oid`.
 *
 * @throws ParseError (`ERR_PARSE`) naming what is wrong and where.
 */
export function parseTag(oid: ObjectId, raw: Bytes, algorithm: HashAlgorithm): Tag {
  const bytes = asBuffer(raw);
  const fields = new FieldReader(bytes, "tag");
  const target = fields.objectId("object", algorithm);
  const targetKind = fields.text("type");
  if (!isObjectKind(targetKind)) throw new ParseError("tag", "names a type that no object has", fields.offset);
  const name = fields.text("tag");
  const tagger = fields.has("tagger") ? fields.identity("tagger") : null;
  const { payload, signatures, headerEnd } = splitTag(bytes, {
    from: fields.offset,
    // Of two adjacent ones git drops only the second from the payload; it never writes more than the other algorithm's.
    limit: 1,
    check: headerCheck(bytes, RULES),
  });
  checkHeaderBytes(bytes, headerEnd, "tag");
  const bodyInPayload = payload.length + (signatures[0]?.bytes.length ?? 0) - (bytes.length - headerEnd);
  return {
    kind: "tag",
    oid,
    target,
    targetKind,
    name,
    tagger,
    title: titleOf(asBuffer(payload), bodyInPayload, payload.length),
    payload,
    signatures,
  };
}

function isObjectKind(text: string): text is ObjectKind {
  return KINDS.has(text);
}
