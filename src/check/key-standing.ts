/** Whether a key of the policy can sign, and until when. */
import type { AlgorithmPolicy, Seconds } from "../model.ts";
import type { Reason } from "../signature/times.ts";
import type { LoadedKey } from "./policy-source.ts";

export const DAY: Seconds = 24 * 60 * 60;

/** Why the key cannot make a good signature at this time; null where it can. */
export async function problemAt(
  { anchor }: LoadedKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): Promise<Reason | null> {
  if (anchor.kind === "openpgp") {
    const { problemsToday } = await import("../signature/openpgp/standing.ts");
    return problemsToday(anchor.certificate, anchor.window, algorithms, now);
  }
  const { problemsToday } = await import("../signature/ssh/standing.ts");
  return problemsToday(anchor.key, anchor.window, algorithms, now);
}

/** The first moment at which a key that is good now can no longer sign; null where none is set. */
export async function endOf({ anchor }: LoadedKey, algorithms: AlgorithmPolicy, now: Seconds): Promise<Seconds | null> {
  const { until, retired } = anchor.window;
  const ends = [until, retired].filter((time) => time !== undefined);
  if (anchor.kind === "openpgp") {
    const { currentState } = await import("../signature/openpgp/standing.ts");
    const states = await Promise.all(
      anchor.certificate.keys.map((key) => currentState(anchor.certificate, key, algorithms, now)),
    );
    // The last of its keys that can sign is what counts.
    const signing = states.filter(({ maySign, invalid, expires }) => maySign && invalid === null && expires > now);
    if (signing.length > 0) ends.push(Math.max(...signing.map(({ expires }) => expires)));
  }
  const end = Math.min(...ends);
  return end === Infinity ? null : end;
}
