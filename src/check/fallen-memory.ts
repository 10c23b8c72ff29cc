import { basename } from "node:path";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import { fallenMemory, keepAnswer, recallAnswer } from "../io/kept-answer.ts";
import { outsideCode } from "../io/outside-code.ts";
import { commitsTouching, isAncestor } from "../io/revisions.ts";
import type { ObjectId } from "../model.ts";
import type { FallenKeys } from "./brought-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { Session } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** Whatever the answer hangs on beside the history, which the tip's id stands for. */
export interface FallenQuestion {
  readonly loaded: LoadedPolicy;
  readonly root: ObjectId | null;
  /** The receive record that witnesses; null where there is none. */
  readonly record: string | null;
}

/** The file of the bundle that this is in: its name holds a digest of what it holds. */
const PROGRAM = `${SIGNPOLICY_VERSION} ${basename(import.meta.filename)}`;

const wordsOf = ({ loaded, root, record }: FallenQuestion): string =>
  toHex(
    digestBytes("sha256", Buffer.from(JSON.stringify([PROGRAM, outsideCode(), loaded.origin.digest, root, record]))),
  );

/**
 * What was found out about the keys of this policy at an earlier push, where nothing touched it since; null where nothing was, or
 * where that cannot be told. A history of a hundred thousand commits is so looked through once for each change of its policy.
 */
export async function recallFallen(
  { repository }: Session,
  tip: ObjectId,
  question: FallenQuestion,
): Promise<FallenKeys | null> {
  const kept = recallAnswer(fallenMemory(repository.commonDir));
  if (kept?.question !== wordsOf(question)) return null;
  const [known, entries] = Array.isArray(kept.answer) ? (kept.answer as readonly unknown[]) : [];
  if (typeof known !== "string" || !isObjectId(known) || !Array.isArray(entries) || !entries.every(isEntry))
    return null;
  if (known !== tip) {
    if (!(await isAncestor(repository, known, tip))) return null;
    const paths = [...new Set([...POLICY_PATHS, ...question.loaded.files])];
    if ((await commitsTouching(repository, { include: [tip], exclude: [known] }, paths)).length > 0) return null;
  }
  return new Map(entries);
}

const isEntry = (entry: unknown): entry is [string, string] =>
  Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === "string");

export function keepFallen({ repository }: Session, tip: ObjectId, question: FallenQuestion, fallen: FallenKeys): void {
  keepAnswer(fallenMemory(repository.commonDir), { question: wordsOf(question), answer: [tip, [...fallen]] });
}
