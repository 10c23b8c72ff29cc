/** Whether a key may make a signature, by its certificate, the policy's own limits and the clocks. */
import { formatTime } from "../../encoding/time.ts";
import type { AlgorithmPolicy, EvidenceCode, Fingerprint, KeyWindow, Seconds } from "../../model.ts";
import { verifyInPool, type RawVerifier } from "../raw.ts";
import { SKEW, judgeWindow } from "../times.ts";
import type { Reason, SigningTimes, Standing } from "../times.ts";
import type { OpenPgpCertificate } from "./certificate.ts";
import { examineCertificate } from "./examine.ts";
import type { OpenPgpKey } from "./key.ts";
import type { OpenPgpSignature } from "./signature.ts";
import { keyState, maySign } from "./state.ts";
import type { KeyState } from "./state.ts";

/**
 * Why the certificate (or, with `fingerprint`, that key of it) cannot make a good signature at `now`; null where it can.
 * For `policy check` and readiness: no signature is involved.
 */
export async function problemsToday(
  certificate: OpenPgpCertificate,
  window: KeyWindow,
  algorithms: AlgorithmPolicy,
  now: Seconds,
  fingerprint?: Fingerprint,
): Promise<Reason | null> {
  const examined = await examineCertificate(certificate);
  const times: SigningTimes = { now, claimed: now, receivedAt: null };
  const keys = certificate.keys.filter((key) => fingerprint === undefined || key.fingerprint === fingerprint);
  const reasons: Reason[] = [];
  for (const key of keys) {
    const state = keyState(certificate, examined, key, algorithms, now);
    const { refuted, lapsed } = judgeKey(state, key, window, now, times);
    const reason = refuted ?? lapsed;
    if (reason === null) return null;
    reasons.push(reason);
  }
  // Every certificate has keys that were never meant to sign; what keeps the others from it says more.
  return (
    reasons.find(({ code }) => code !== "not-signing-capable") ??
    reasons[0] ?? { code: "unknown-key", detail: "the certificate holds no such key" }
  );
}

/** The keys that claim to sign, the primary key among them where it does. By structure only: nothing is verified. */
export function signingKeys({
  keys: [primary],
  direct,
  users,
  subkeys,
}: OpenPgpCertificate): readonly { readonly fingerprint: Fingerprint; readonly keyId: string }[] {
  const ofPrimary = [...direct, ...users.flatMap(({ signatures }) => signatures)];
  return [
    ...(maySign(primary, newestWithFlags(ofPrimary)) ? [primary] : []),
    ...subkeys.filter(({ key, bindings }) => maySign(key, newestWithFlags(bindings))).map(({ key }) => key),
  ];
}

function newestWithFlags(signatures: readonly OpenPgpSignature[]): OpenPgpSignature | null {
  const flagged = signatures.filter(({ facts }) => facts.keyFlags !== null);
  return flagged.sort((a, b) => (a.facts.created ?? 0) - (b.facts.created ?? 0)).at(-1) ?? null;
}

interface Evaluated {
  readonly now: Seconds;
  readonly algorithms: AlgorithmPolicy;
  readonly state: KeyState;
}

const evaluated = new WeakMap<OpenPgpKey, Evaluated>();

/** The state of a key, where it was worked out before. */
export function knownState(key: OpenPgpKey, algorithms: AlgorithmPolicy, now: Seconds): KeyState | null {
  const known = evaluated.get(key);
  return known?.now === now && known.algorithms === algorithms ? known.state : null;
}

/** The state of a key, worked out once for all signatures of one run. */
export async function currentState(
  certificate: OpenPgpCertificate,
  key: OpenPgpKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
  raw: RawVerifier = verifyInPool,
): Promise<KeyState> {
  const known = knownState(key, algorithms, now);
  if (known !== null) return known;
  const examined = await examineCertificate(certificate, raw);
  const state = keyState(certificate, examined, key, algorithms, now);
  evaluated.set(key, { now, algorithms, state });
  return state;
}

/**
 * Judges a key for a signature that it really made, as it says, at `signedAt`. The most telling reason comes first: what
 * voids everything, then what the key never could, then dates.
 */
export function judgeKey(
  state: KeyState,
  key: OpenPgpKey,
  window: KeyWindow,
  signedAt: Seconds,
  times: SigningTimes,
): Standing {
  const policy = judgeWindow(window, signedAt, times);
  let revokedAt = Infinity;
  for (const { created } of state.revocations) revokedAt = Math.min(revokedAt, created);
  const refuted =
    state.invalid ??
    (policy.refuted?.code === "key-revoked" ? policy.refuted : null) ??
    hardRevocation(state, window) ??
    state.weak ??
    when(!state.maySign, "not-signing-capable", () => "the key is not meant to sign: it lacks that key flag") ??
    when(signedAt > times.now + SKEW, "signature-in-future", () => `the signature is dated ${formatTime(signedAt)}`) ??
    when(signedAt < key.created, "key-not-yet-valid", () => "the signature is dated before its key was made") ??
    when(
      signedAt >= revokedAt,
      "key-revoked",
      () => `the key was revoked on ${formatTime(revokedAt)}, before this signature`,
    ) ??
    when(
      signedAt >= state.expires,
      "key-expired",
      () => `the key expired on ${formatTime(state.expires)}, before this signature`,
    ) ??
    policy.refuted;
  if (refuted !== null) return { refuted, lapsed: null };
  const lapsed =
    when(
      revokedAt < Infinity,
      "key-revoked",
      () => `the key was revoked on ${formatTime(revokedAt)}, after this signature`,
    ) ??
    when(times.now >= state.expires, "key-expired", () => `the key expired on ${formatTime(state.expires)}`) ??
    policy.lapsed;
  return { refuted: null, lapsed };
}

/** Almost none of these sentences is ever said, and writing a date takes as long as all the comparing. */
const when = (condition: boolean, code: EvidenceCode, detail: () => string): Reason | null =>
  condition ? { code, detail: detail() } : null;

/** RFC 9580 §5.2.3.31: these two say that what the key signed before stays good; every other code, and none, does not. */
const SOFT_REASONS: readonly (number | null)[] = [1, 3];
export const isSoftReason = (reason: number | null): boolean => SOFT_REASONS.includes(reason);
const NO_REASON: readonly (number | null)[] = [null, 0];

/**
 * Attack 31: a key that fell into other hands can sign with any date, so its revocation voids everything. gpg's ready-made
 * revocation certificates give no reason; the policy's `retired` vouches that theirs was a retirement.
 */
/** The state of a key as if nobody had said that it fell into other hands; that it was replaced or retired still counts. */
export const withoutHardRevocations = (state: KeyState): KeyState => ({
  ...state,
  revokedByOther: false,
  revocations: state.revocations.filter(({ reason }) => SOFT_REASONS.includes(reason)),
});

function hardRevocation({ revocations, revokedByOther }: KeyState, window: KeyWindow): Reason | null {
  if (revokedByOther) return { code: "key-revoked", detail: "a revocation by the key's designated revoker is present" };
  for (const { reason } of revocations) {
    if (SOFT_REASONS.includes(reason)) continue;
    if (!NO_REASON.includes(reason)) return { code: "key-revoked", detail: "the key was revoked as compromised" };
    if (window.retired === undefined) {
      return { code: "key-revoked", detail: "the key was revoked without a reason, which voids all its signatures" };
    }
  }
  return null;
}
