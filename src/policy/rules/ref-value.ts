import type { ObjectId, ObjectKind, RefName } from "../../model.ts";
import type { Objection } from "../objection.ts";
import { missingValueWords, notACommitWords } from "../ref-words.ts";

/**
 * What a ref may hold, whatever the rules: an object that is there, and under refs/heads/ a commit. A value whose kind
 * could not be told counts as missing, never as fine.
 */
export function judgeRefValue(
  ref: RefName,
  value: ObjectId | null,
  kind: ObjectKind | "missing" | null,
): Objection | null {
  if (value === null) return null;
  if (kind === null || kind === "missing") return { code: "missing-object", ...missingValueWords(ref, value) };
  if (kind === "commit" || !ref.startsWith("refs/heads/")) return null;
  return { code: "malformed", ...notACommitWords(ref, kind) };
}
