import type { Evidence } from "../../model.ts";
import { SKEW } from "../clock.ts";
import type { Objection } from "../objection.ts";
import { futureWords, writer } from "../words.ts";
import type { Judged } from "./signature.ts";

/**
 * No claimed time may lie more than `SKEW` ahead of our clock, in either mode: a signature from the future could
 * outlive the expiry or retirement of its key.
 */
export function judgeDates(evidence: Evidence, judged: Judged): Objection | null {
  const { now } = judged.clock;
  const limit = now + SKEW;
  if (evidence.signedAt !== null && evidence.signedAt > limit) {
    return {
      code: "signature-in-future",
      ...futureWords("the signature's date", evidence.signedAt, now, judged.again),
    };
  }
  if (judged.dated !== null && judged.dated > limit) {
    const what = `the ${writer(judged.what)}'s date`;
    return { code: "signature-in-future", ...futureWords(what, judged.dated, now, judged.again) };
  }
  return null;
}
