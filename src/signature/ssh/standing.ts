/** Whether the key that made a signature was, and is, allowed to: what the policy and the CA say, after all cryptography. */
import type { AlgorithmPolicy, KeyWindow, Seconds } from "../../model.ts";
import { SKEW, judgeWindow, withoutCompromise } from "../times.ts";
import type { Reason, SigningTimes, Standing } from "../times.ts";
import type { SshCaEntry, SshKeyEntry, SshTrust } from "./anchors.ts";
import { certificateProblem, datesProblem, namesOneOf, requiresVerification } from "./certificate.ts";
import type { SshCertificate } from "./certificate.ts";
import type { SshPublicKey } from "./key.ts";
import { userPresent, userVerified } from "./prove.ts";
import type { Presence } from "./signature.ts";
import { GIT_NAMESPACE } from "./sshsig.ts";

/** The key that a signature carries, and the certificate around it. */
export interface ClaimedSigner {
  readonly key: SshPublicKey;
  readonly certificate: SshCertificate | null;
}

type Entry = SshKeyEntry | SshCaEntry;

/** Whom the signature is credited to; `lapsed` as in `Evidence`. */
export interface Judged {
  readonly principal: string;
  readonly lapsed: Reason | null;
}

export const UNLISTED: Reason = { code: "unknown-key", detail: "the policy lists no such SSH key" };

/** Judges a signature that cryptography has proven, by the entries under which the policy lists its key or its CA. */
export function judgeSigner(
  signer: ClaimedSigner,
  entries: readonly Entry[],
  presence: Presence | null,
  anchors: SshTrust,
  times: SigningTimes,
): Judged | Reason {
  const { key, certificate } = signer;
  const { algorithms } = anchors;
  const weak =
    strengthProblem(key, algorithms) ?? (certificate && strengthProblem(certificate.authority, algorithms, "CA key"));
  if (weak !== null) return weak;
  const problem = certificate && certificateProblem(certificate);
  if (problem !== null) return problem;
  const absent = presenceProblem(presence, certificate);
  if (absent !== null) return absent;
  const named = entries.filter((entry) => certificate === null || isNamed(entry, certificate));
  const [first] = named;
  if (first === undefined)
    return { code: "cert-invalid", detail: "the certificate names nobody whom the policy expects" };
  if (named.some(({ principal }) => principal !== first.principal)) {
    // One key never counts for two principals; which of them signed cannot be told.
    return {
      code: certificate ? "cert-invalid" : "key-invalid",
      detail: "the policy lists this signer for two principals",
    };
  }
  const allowed = named.filter(({ namespaces }) => namespaces.includes(GIT_NAMESPACE));
  if (allowed.length === 0) return { code: "wrong-namespace", detail: "the policy does not list this key for `git`" };
  return judgeTimes(signer, allowed, anchors, times);
}

function isNamed(entry: Entry, certificate: SshCertificate): boolean {
  return entry.kind === "sshCa" && namesOneOf(certificate, entry.principals);
}

function presenceProblem(presence: Presence | null, certificate: SshCertificate | null): Reason | null {
  if (presence === null) return null;
  if (!userPresent(presence)) return { code: "user-presence-missing", detail: "nobody touched the security key" };
  if (certificate !== null && requiresVerification(certificate) && !userVerified(presence)) {
    return { code: "user-presence-missing", detail: "the certificate demands a PIN or biometrics, and none was given" };
  }
  return null;
}

function judgeTimes(
  { key, certificate }: ClaimedSigner,
  entries: readonly Entry[],
  anchors: SshTrust,
  times: SigningTimes,
): Judged | Reason {
  const { claimed, now } = times;
  if (claimed === null || !Number.isSafeInteger(claimed)) {
    return { code: "malformed", detail: "an SSH signature has no date, and the object gives none" };
  }
  if (claimed > now + SKEW) return { code: "signature-in-future", detail: "the object is dated in the future" };
  const judge = (window: KeyWindow, whose: SshPublicKey): Standing =>
    judgeWindow(times.rescued?.has(whose.fingerprint) === true ? withoutCompromise(window) : window, claimed, times);
  const common = [judge(anchors.ssh.marks(key.blob), key)];
  if (certificate !== null) {
    common.push(judge(anchors.ssh.marks(certificate.authority.blob), certificate.authority));
    common.push(judgeCertificate(certificate, claimed, times));
  }
  const standings = entries.map((entry) => ({
    principal: entry.principal,
    ...worst(...common, judge(entry.window, entry.key)),
  }));
  const best =
    standings.find(({ refuted, lapsed }) => refuted === null && lapsed === null) ??
    standings.find(({ refuted }) => refuted === null);
  if (best !== undefined) return { principal: best.principal, lapsed: best.lapsed };
  return standings[0]?.refuted ?? UNLISTED;
}

/** The certificate's own dates, for a signature made, as its object says, at `signedAt`. */
function judgeCertificate(certificate: SshCertificate, signedAt: Seconds, times: SigningTimes): Standing {
  const refuted = datesProblem(certificate, signedAt, "when this was signed");
  if (refuted !== null) return { refuted, lapsed: null };
  return { refuted: null, lapsed: datesProblem(certificate, times.now, "today") };
}

/** The worst of several standings that must all be good. */
function worst(...standings: readonly Standing[]): Standing {
  const refuted = standings.find((standing) => standing.refuted !== null);
  const lapsed = standings.find((standing) => standing.lapsed !== null);
  return refuted ?? lapsed ?? { refuted: null, lapsed: null };
}

/** A key too short for the policy, whoever owns it and whenever it signed. */
function strengthProblem(key: SshPublicKey, algorithms: AlgorithmPolicy, whose = "key"): Reason | null {
  if (key.shape.family !== "rsa" || key.bits >= algorithms.rsaBits) return null;
  return {
    code: "weak-algorithm",
    detail: `an RSA ${whose} of ${key.bits} bits; the policy asks for ${algorithms.rsaBits}`,
  };
}

/**
 * Why this key (or what this CA certifies) cannot make a signature today that the policy would accept; null when it can.
 * For `policy check` and readiness: no signature is involved.
 */
export function problemsToday(
  key: SshPublicKey,
  window: KeyWindow,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): Reason | null {
  const weak = strengthProblem(key, algorithms);
  if (weak !== null) return weak;
  // PROTOCOL.sshsig knows these two hashes for the message, RFC 8332 the same two for RSA.
  if (!algorithms.hashes.includes("sha256") && !algorithms.hashes.includes("sha512")) {
    return { code: "weak-algorithm", detail: "the policy allows neither sha256 nor sha512; SSH signs with no other" };
  }
  const { refuted, lapsed } = judgeWindow(window, now, { now, claimed: now, receivedAt: null });
  return refuted ?? lapsed;
}
