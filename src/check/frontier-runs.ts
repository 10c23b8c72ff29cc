/**
 * The frontier: for one policy and the rules of a ref, tips below which everything was allowed, and the runs of `verify` that
 * found it so. A run is its words, what it looked at, and what it said. While all it looked at is the same, and no moment
 * passed at which a verdict may change, it would say the same again, so it is not made again.
 *
 * Only runs that allowed everything without a warning are kept: then the report is a count, which is kept with them.
 */
import { digestHex } from "../encoding/digest.ts";
import type { Decision, PolicyOrigin, Seconds, SubjectKind, Summary } from "../model.ts";
import type { Variables } from "../io/environment.ts";
import { readFrontier } from "../io/frontier-file.ts";
import type { KnownTip } from "./frontier-tips.ts";
import { seePlace, surroundings, type Watched } from "../io/surroundings.ts";

export interface KeptRun {
  /** A digest of the words that were typed, the folder, and the program. */
  readonly question: string;
  /** Our clock at the run: an earlier one may judge otherwise. */
  readonly at: Seconds;
  /** The first moment at which a verdict may change; null: never. */
  readonly until: Seconds | null;
  readonly watched: Watched;
  /** The digest of all that was looked at. */
  readonly surroundings: string;
  /** Nothing was to be printed. */
  readonly quiet: boolean;
  readonly policy: PolicyOrigin;
  readonly notes: readonly string[];
  readonly summary: Summary;
  /** How many of each kind. */
  readonly kinds: readonly (readonly [SubjectKind, number])[];
  /** Those that the report names. */
  readonly refs: readonly string[];
}

export interface Kept {
  readonly runs: readonly KeptRun[];
  readonly tips: readonly KnownTip[];
}

export const questionOf = (program: string, cwd: string, words: readonly string[]): string =>
  digestHex("sha256", Buffer.from(JSON.stringify([program, cwd, words])));

/** What was kept, newest first; nothing where the file is not to be believed. */
export function keptIn(commonDir: string): Kept {
  const kept = readFrontier(commonDir) as Partial<Kept> | null;
  return { runs: Array.isArray(kept?.runs) ? kept.runs : [], tips: Array.isArray(kept?.tips) ? kept.tips : [] };
}

/** Exempt commits are counted, and not shown; whether they are does not hang on the clock where the code does not. */
export const isClean = ({ allow, exempt, findings }: Decision): boolean =>
  allow &&
  (exempt ? findings.every(({ code }) => code === "unsigned" || code === "unknown-key") : findings.length === 0);

/** The run that these words would repeat; null where none is kept, or it might end otherwise now. */
export function recallRun(
  program: string,
  cwd: string,
  environment: Variables,
  words: readonly string[],
  now: Seconds,
): KeptRun | null {
  const place = seePlace(cwd, environment);
  if (place === null) return null;
  const question = questionOf(program, cwd, words);
  const run = keptIn(place.commonDir).runs.find((one) => one.question === question);
  if (run === undefined || now < run.at || (run.until !== null && now >= run.until)) return null;
  return surroundings(place, environment, run.watched) === run.surroundings ? run : null;
}
