import type { EvidenceCode, KeyWindow, Seconds } from "../model.ts";

/** Tolerance between clocks that should agree. */
export const SKEW: Seconds = 300;

/** The clocks a signature is judged by. Only `now` and `receivedAt` are ours; `claimed` is the signer's word. */
export interface SigningTimes {
  readonly now: Seconds;
  /** The committer's or tagger's date; SSH signatures hold no time of their own, so it stands in for one. */
  readonly claimed: Seconds | null;
  /** When a receive record shows that this object arrived, null where none does. */
  readonly receivedAt: Seconds | null;
  /** Keys, by fingerprint, whose compromise does not matter for this object: the policy says that this signature is theirs. */
  readonly rescued?: ReadonlySet<string>;
}

export interface Reason {
  readonly code: EvidenceCode;
  readonly detail: string;
}

/** `refuted`: the signature does not stand. `lapsed`: it stands for its own time, but the key is not good today. */
export interface Standing {
  readonly refuted: Reason | null;
  readonly lapsed: Reason | null;
}

/**
 * Judges the policy's own limits on a key (`from` inclusive, `until` exclusive, `retired`, `compromised`) for a
 * signature made, as it says, at `signedAt`. Says nothing about the key's own self-signatures.
 */
export function judgeWindow(window: KeyWindow, signedAt: Seconds, times: SigningTimes): Standing {
  const { from, until, retired, compromised, fell } = window;
  if (compromised !== undefined) {
    const receivedBefore = compromised !== true && times.receivedAt !== null && times.receivedAt < compromised;
    if (!receivedBefore) return refuted("key-revoked", "the policy marks this key as compromised");
  }
  if (fell !== undefined) return refuted("key-revoked", fallenWords(fell));
  if (from !== undefined && signedAt < from) return refuted("key-not-yet-valid", "signed before the policy's `from`");
  if (until !== undefined && signedAt >= until) return refuted("key-expired", "signed after the policy's `until`");
  if (retired !== undefined && signedAt >= retired) return refuted("key-retired", "signed after the key was retired");
  if (from !== undefined && times.now < from) return lapsed("key-not-yet-valid", "the policy's `from` is still ahead");
  if (until !== undefined && times.now >= until) return lapsed("key-expired", "the policy's `until` has passed");
  if (retired !== undefined && times.now >= retired) return lapsed("key-retired", "the policy has retired this key");
  return { refuted: null, lapsed: null };
}

const fallenWords = ({ with: by, key }: NonNullable<KeyWindow["fell"]>): string =>
  `the key came into the policy by ${by}, which is compromised, and falls with it; if it is sound, somebody else with the right \`keys\` says so: signpolicy keys confirm ${key}`;

/** The limits that are left of a key where its compromise does not matter. */
export function withoutCompromise({ from, until, retired }: KeyWindow): KeyWindow {
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(retired === undefined ? {} : { retired }),
  };
}

const refuted = (code: EvidenceCode, detail: string): Standing => ({ refuted: { code, detail }, lapsed: null });
const lapsed = (code: EvidenceCode, detail: string): Standing => ({ refuted: null, lapsed: { code, detail } });
