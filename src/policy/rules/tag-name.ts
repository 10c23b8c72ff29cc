import type { RefName, Tag } from "../../model.ts";
import type { Objection } from "../objection.ts";
import { tagNameWords } from "../ref-words.ts";

/**
 * The signed name is the ref's: all of it after refs/tags/, byte for byte. Else an old signed tag answers for any
 * version (replay under another name), which `git verify-tag` does not look at.
 */
export function judgeTagName(tag: Tag, ref: RefName): Objection | null {
  if (ref === `refs/tags/${tag.name}`) return null;
  return { code: "tag-name-mismatch", ...tagNameWords(ref, tag.name) };
}
