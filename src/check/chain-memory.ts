import { basename } from "node:path";
import { isObjectId } from "../encoding/identifiers.ts";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { chainMemory, keepAnswer, recallAnswer } from "../io/kept-answer.ts";
import { outsideCode } from "../io/outside-code.ts";
import type { ObjectId, RefName } from "../model.ts";

/** A ref's value that was authenticated from a trust root. */
export interface KnownTip {
  readonly oid: ObjectId;
  /** No merge had to vouch for anything: all that it reaches from the root on is authenticated, too. */
  readonly whole: boolean;
}

/** Whatever a verdict depends on beside the history itself, which the commit's id stands for. */
export interface ChainQuestion {
  readonly root: ObjectId;
  /** The branch whose own rules judge what it holds. */
  readonly branch: RefName | null;
}

/** The file of the bundle that this is in: its name holds a digest of what it holds. */
const PROGRAM = `${SIGNPOLICY_VERSION} ${basename(import.meta.filename)}`;

const wordsOf = ({ root, branch }: ChainQuestion): string =>
  toHex(digestBytes("sha256", Buffer.from(JSON.stringify([PROGRAM, outsideCode(), root, branch]))));

/**
 * Values of refs that hooks of this repository authenticated before, so that a push need not be judged from the root on. A
 * file that others could have written, cannot be read, or answers another question knows nothing.
 */
export function recallTips(commonDir: string, question: ChainQuestion): ReadonlyMap<RefName, KnownTip> {
  const kept = recallAnswer(chainMemory(commonDir));
  if (kept?.question !== wordsOf(question) || !Array.isArray(kept.answer)) return new Map();
  return new Map(kept.answer.flatMap(readTip));
}

function readTip(entry: unknown): [RefName, KnownTip][] {
  if (!Array.isArray(entry)) return [];
  const [ref, oid, whole] = entry as readonly unknown[];
  if (typeof ref !== "string" || typeof oid !== "string" || !isObjectId(oid)) return [];
  return [[ref as RefName, { oid, whole: whole === true }]];
}

/** Where it cannot be kept, the next push is judged from the root again. */
export function keepTips(commonDir: string, question: ChainQuestion, tips: ReadonlyMap<RefName, KnownTip>): void {
  const answer = [...tips].map(([ref, { oid, whole }]) => [ref, oid, whole]);
  keepAnswer(chainMemory(commonDir), { question: wordsOf(question), answer });
}
