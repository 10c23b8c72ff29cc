import type { ObjectId, ObjectKind, RefName } from "../../model.ts";
import type { Objection } from "../objection.ts";
import type { Rule, TagRule } from "../policy.ts";
import { deletionWords, moveWords, rollbackWords } from "../ref-words.ts";

export interface Update {
  readonly ref: RefName;
  readonly old: ObjectId | null;
  readonly new: ObjectId | null;
  readonly newKind: ObjectKind | "missing" | null;
  /** Null: cannot tell, or not applicable. */
  readonly fastForward: boolean | null;
}

/** Takes something away that was there: not provably a fast-forward counts, for a lost commit asks for no signature. */
export const isRewind = ({ old, new: now, fastForward }: Update): boolean =>
  old !== null && now !== null && old !== now && fastForward !== true;

export const isDeletion = ({ old, new: now }: Update): boolean => old !== null && now === null;

/** `updates`: `force: deny` implies `delete: deny`, since deleting and creating anew is a forced update. */
export function judgeUpdate(update: Update, rule: Rule): Objection | null {
  const { force, delete: deletion } = rule.updates;
  if (isDeletion(update) && (deletion === "deny" || force === "deny")) {
    return { code: "ref-deletion", ...deletionWords(update.ref, rule.name) };
  }
  return isRewind(update) && force === "deny"
    ? { code: "ref-rollback", ...rollbackWords(update.ref, rule.name, update.fastForward === null) }
    : null;
}

/** `tags.move`, `tags.delete`: a published tag stays what it was, forward moves included. */
export function judgeTagUpdate(update: Update, rule: Rule, tags: TagRule): Objection | null {
  if (!holdsTags(update, rule)) return null;
  const { ref, old, new: now } = update;
  if (isDeletion(update)) {
    return tags.delete === "deny" ? { code: "ref-deletion", ...deletionWords(ref, rule.name) } : null;
  }
  const moved = old !== null && now !== null && old !== now;
  return moved && tags.move === "deny" ? { code: "ref-rollback", ...moveWords(ref, rule.name) } : null;
}

/** A rule may name branches as well; what it asks of tags it asks of refs/tags/, of tag objects, and of where it speaks of tags alone. */
export function holdsTags({ ref, newKind }: Pick<Update, "ref" | "newKind">, rule: Rule): boolean {
  if (ref.startsWith("refs/tags/") || newKind === "tag") return true;
  return !ref.startsWith("refs/heads/") && rule.commits === null;
}

/** A commit, tree or blob where the rule holds tags: nobody signed that it is the one that bears this name. */
export const isBareTag = (update: Pick<Update, "ref" | "newKind">, rule: Rule): boolean =>
  update.newKind !== null && update.newKind !== "missing" && update.newKind !== "tag" && holdsTags(update, rule);
