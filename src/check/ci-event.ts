import { UsageError } from "../errors.ts";
import { isObjectId, isZeroId, parseRefName } from "../encoding/identifiers.ts";
import type { ObjectId, RefName } from "../model.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a platform of CI says has happened. It selects what is judged; nothing in it ever loosens a verdict. */
export type CiEvent =
  /** Commits that ask to be merged into a branch. */
  | {
      readonly kind: "request";
      readonly into: RefName;
      /** The branch's value as the platform says it, for a clone that does not hold the branch. */
      readonly base: ObjectId | null;
      readonly head: ObjectId | "HEAD";
      /** The platform checks out a merge of its own, which is never pushed and not part of the request. */
      readonly testMerge: boolean;
    }
  /** What a merge queue is about to put on a branch. */
  | { readonly kind: "queue"; readonly into: RefName; readonly base: ObjectId | null; readonly head: ObjectId }
  /** `before` is null for a new branch, and where the platform does not say; `after` for one that was deleted. */
  | {
      readonly kind: "push";
      readonly ref: RefName;
      readonly before: ObjectId | null;
      readonly after: ObjectId | "HEAD" | null;
    }
  | { readonly kind: "tag"; readonly ref: RefName }
  /** A schedule, a button, an unknown event: the whole history of HEAD, by the rules of `ref` or of the present branch. */
  | { readonly kind: "whole"; readonly ref: RefName | null };

export interface CiPlatform {
  readonly name: "github" | "gitea" | "forgejo" | "gitlab" | "jenkins" | "azure" | "none";
  /** For messages. */
  readonly title: string;
  /** The setting that makes its clones whole. */
  readonly wholeClone: string;
  /** What brings the value of a branch or tag that a clone lacks. */
  readonly event: () => CiEvent;
}

/** An id that the platform names; null for none, for zeros and for what is no id. */
export const idOf = (value: unknown): ObjectId | null =>
  typeof value === "string" && isObjectId(value) && !isZeroId(value) ? value : null;

/**
 * A branch or tag by the name that the platform calls it: `main`, `v1.0`. The pusher chose it, so it is parsed, never resolved, and one
 * who called his tag `refs/tags/v1.0` pushed `refs/tags/refs/tags/v1.0`.
 *
 * @throws ParseError for what is no ref name
 */
export const refIn = (folder: "refs/heads" | "refs/tags", name: string): RefName =>
  parseRefName(`${folder}/${bytesOf(name)}`);

/**
 * A ref where the platform says it in full, or may: `refs/heads/main`, and else a branch.
 *
 * @throws ParseError for what is no ref name
 */
export const refOf = (value: string): RefName =>
  value.startsWith("refs/") ? parseRefName(bytesOf(value)) : refIn("refs/heads", value);

const bytesOf = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** @throws UsageError where the platform should have said it and did not: nothing is guessed */
export function required(value: string | undefined, name: string): string {
  if (value !== undefined && value !== "") return value;
  throw cannotTell(`${name} is not set`);
}

export const cannotTell = (why: string): UsageError =>
  new UsageError(`what to judge cannot be told: ${why}`, {
    hint: "say it: signpolicy ci --as refs/heads/BRANCH --base REVISION --head REVISION",
  });

/** Members of a platform's event, which is anything at all. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
