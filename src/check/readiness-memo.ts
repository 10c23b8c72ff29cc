/**
 * The last good answer of the preflight, so that the next commit by the same person, with the same key, on the same branch
 * and under the same policy need not have it worked out again, which takes as long as everything else. All that the
 * answer depends on is compared in full, but for the clock and what changes beside the files: it holds for an hour, and not
 * beyond the first moment that the policy, a key or a certificate names. Only a yes without a remark is kept.
 *
 * Whoever can write into the git directory can forge it, as he can the hook itself: the preflight proves nothing.
 */
import { readMemo, readSmallFiles, writeMemo } from "../io/preflight-memo.ts";
import type { AskedOf } from "../io/commit-memory.ts";
import type { Decision, PolicyOrigin, RefName, Seconds } from "../model.ts";
import { CODE_PLACES, POLICY_PLACES } from "../policy/places.ts";
import type { Judged } from "./judge-readiness.ts";
import type { PrivateHalf } from "./private-half.ts";
import type { SetUp } from "./readiness.ts";

const LIFE: Seconds = 3600;
const CAP = 512 * 1024;

export interface Answer {
  readonly decision: Decision;
  readonly policy: PolicyOrigin | null;
}

export interface Memo {
  readonly version: string;
  readonly question: string;
  readonly at: Seconds;
  /** Exclusive. */
  readonly until: Seconds;
  readonly files: Readonly<Record<string, string | null>>;
  readonly answer: Answer;
  /** What git and the key were read from, so that git need not say it again; null where it must. */
  readonly asked: (AskedOf & { readonly branch: RefName | null }) | null;
  /** Of the key that signs. */
  readonly half: PrivateHalf | null;
}

/** Every place a policy, or what is refused as one, may stand. */
const PLACES = [...POLICY_PLACES.map((place) => place.replace(/#.*$/, "")), ...CODE_PLACES];

export interface MemoPlace {
  readonly top: string;
  readonly gitDir: string;
}

/** The memo whose policy still stands, whatever it was asked; null where there is none, or a damaged one. */
export function openMemo({ top, gitDir }: MemoPlace, now: Seconds): Memo | null {
  const memo = readMemo(gitDir);
  if (!isMemo(memo) || memo.version !== SIGNPOLICY_VERSION) return null;
  if (!(memo.at <= now && now - memo.at < LIFE && now < memo.until)) return null;
  const present = readSmallFiles(top, Object.keys(memo.files), CAP);
  if (present === undefined) return null;
  return Object.entries(memo.files).every(([path, content]) => present[path] === content) ? memo : null;
}

const isAskedOf = (value: unknown): boolean =>
  value === null || (isRecord(value) && Array.isArray(value["environment"]) && isRecord(value["files"]));

const isHalf = (value: unknown): boolean => value === null || (isRecord(value) && typeof value["kind"] === "string");

function isMemo(value: unknown): value is Memo {
  if (!isRecord(value) || !isRecord(value["files"]) || !isRecord(value["answer"])) return false;
  if (!isAskedOf(value["asked"]) || !isHalf(value["half"])) return false;
  const { files } = value;
  const { decision } = value["answer"];
  return isRecord(decision) && decision["allow"] === true && PLACES.every((place) => Object.hasOwn(files, place));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Its answer, if it was asked the same. */
export const answerOf = (memo: Memo, setUp: SetUp): Answer | null =>
  memo.question === questionOf(setUp) ? memo.answer : null;

/** Keeps what git need not be asked again for an answer that stands. */
export const keepAsked = (place: MemoPlace, memo: Memo, asked: Memo["asked"]): void =>
  writeMemo(place.gitDir, { ...memo, asked });

/** Keeps an answer, if the policy is still the one that it was given by. */
export async function keepAnswer(
  place: MemoPlace,
  setUp: SetUp,
  { answer, files, until: moment, isAsRead }: Judged,
  at: Seconds,
  asked: Memo["asked"],
  half: PrivateHalf | null,
): Promise<void> {
  if (!answer.decision.allow || answer.decision.findings.length > 0) return;
  const content = readSmallFiles(place.top, [...new Set([...PLACES, ...files])], CAP);
  if (content === undefined || !(await isAsRead())) return;
  const [question, until] = [questionOf(setUp), Math.min(at + LIFE, moment)];
  const memo: Memo = { version: SIGNPOLICY_VERSION, question, at, until, files: content, answer, asked, half };
  writeMemo(place.gitDir, memo);
}

function questionOf({ context: { committer, author, branch }, key }: SetUp): string {
  const signing = key.kind === "ssh" ? { ...key, blob: key.blob.toString("base64") } : key;
  return JSON.stringify([committer.name, committer.email, author.name, author.email, branch, signing]);
}
