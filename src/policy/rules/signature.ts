import type { Evidence, Seconds } from "../../model.ts";
import type { JudgingClock } from "../clock.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Names } from "../policy.ts";
import { unverifiedWords } from "../words.ts";
import type { Named } from "../words.ts";
import { judgeDates } from "./dates.ts";
import { judgeLapse } from "./lapse.ts";

/** What the rules on signatures see of a commit, tag or push. */
export interface Judged extends Named {
  /** The committer's or tagger's date. */
  readonly dated: Seconds | null;
  readonly clock: JudgingClock;
  readonly policy: Policy;
}

/**
 * Whether one signature counts under the clock that applies, whoever made it: verified, not dated ahead of us, and by a
 * key that is good today where it must be. Says nothing about who may sign.
 */
export function judgeSignature(evidence: Evidence, judged: Judged, permitted: Names): Objection | null {
  if (evidence.outcome === "verified") return judgeDates(evidence, judged) ?? judgeLapse(evidence, judged);
  const code = evidence.code === "unsigned" && judged.what === "tag" ? "unsigned-tag" : evidence.code;
  const { message, hint } = unverifiedWords(evidence, judged, judged.policy, permitted);
  return { code, message, hint };
}
