/** What a signature by a key would prove today, before it is made. */
import type { Evidence, Fingerprint, Seconds } from "../model.ts";
import type { Anchors } from "../signature/anchors.ts";
import type { SigningTimes } from "../signature/times.ts";
import type { SigningKey } from "./signing-key.ts";

type Unproved = Extract<Evidence, { outcome: "absent" | "refuted" | "undecided" }>;

/** Evidence as verification would give it, for a good signature by this key at `now`. */
export async function expectEvidence(key: SigningKey, anchors: Anchors, now: Seconds): Promise<Evidence> {
  switch (key.kind) {
    case "none":
      return key.code === "unsigned"
        ? { ...claims("unknown", null, null), outcome: "absent", code: key.code, detail: key.why, suspect: null }
        : { ...claims("unknown", null, now), outcome: "undecided", code: key.code, detail: key.why, suspect: null };
    case "openpgp":
      return expectOpenPgp(key, anchors, now);
    case "ssh":
      return expectSsh(key.blob, anchors, now);
  }
}

async function expectOpenPgp(
  { id, exact }: Extract<SigningKey, { kind: "openpgp" }>,
  anchors: Anchors,
  now: Seconds,
): Promise<Evidence> {
  // RFC 9580 §5.5.4: a version 6 key id is the front of its fingerprint, a version 4 one the end.
  const keyId = id.length === 64 ? id.slice(0, 16) : id.slice(-16);
  const found = anchors.openpgp.candidates(keyId).filter(({ key }) => id.length === 16 || key.fingerprint === id);
  const [candidate] = found;
  if (candidate === undefined) return unknown("openpgp", id, now);
  const { certificate, principal, window } = candidate.entry;
  const chosen = exact ? candidate.key : certificate.keys[0];
  const { problemsToday } = await import("../signature/openpgp/standing.ts");
  const only: [] | [Fingerprint] = exact ? [candidate.key.fingerprint] : [];
  const reason = await problemsToday(certificate, window, anchors.algorithms, now, ...only);
  if (reason !== null) {
    const suspect: Unproved = { ...claims("openpgp", id, now), outcome: "refuted", ...reason, suspect: principal };
    return suspect;
  }
  const { fingerprint, algorithm, bits } = chosen;
  return {
    ...claims("openpgp", id, now),
    outcome: "verified",
    signer: { key: { fingerprint, primary: certificate.fingerprint, algorithm, bits }, principal },
    lapsed: null,
  };
}

async function expectSsh(blob: Buffer, anchors: Anchors, now: Seconds): Promise<Evidence> {
  const { readSigner } = await import("../signature/ssh/verify.ts");
  const { judgeSigner } = await import("../signature/ssh/standing.ts");
  const { ParseError } = await import("../errors.ts");
  const refuse = (reason: { code: Unproved["code"]; detail: string }, issuer: string | null, suspect: string | null) =>
    ({ ...claims("ssh", issuer, now), outcome: "refuted", ...reason, suspect }) as const;
  try {
    const signer = readSigner(blob);
    if ("code" in signer) return refuse(signer, null, null);
    const { key, certificate } = signer;
    const entries =
      certificate === null ? anchors.ssh.keys(key.blob) : anchors.ssh.authorities(certificate.authority.blob);
    const [entry] = entries;
    if (entry === undefined) return unknown("ssh", key.fingerprint, now);
    const times: SigningTimes = { now, claimed: now, receivedAt: null };
    // Presence: whether the key will be touched shows when it signs.
    const judged = judgeSigner(signer, entries, null, anchors, times);
    if ("code" in judged) return refuse(judged, key.fingerprint, entry.principal);
    const primary = certificate?.authority.fingerprint ?? key.fingerprint;
    return {
      ...claims("ssh", key.fingerprint, now),
      outcome: "verified",
      signer: {
        key: { fingerprint: key.fingerprint, primary, algorithm: key.algorithm, bits: key.bits },
        principal: judged.principal,
      },
      lapsed: judged.lapsed,
      ...(certificate === null ? {} : { ends: Number(certificate.validBefore) }),
    };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return refuse({ code: "malformed", detail: error.message }, null, null);
  }
}

const claims = (format: Evidence["format"], issuer: string | null, signedAt: Seconds | null) =>
  ({ format, issuer, signedAt }) as const;

function unknown(format: Evidence["format"], issuer: string, now: Seconds): Evidence {
  const detail = "the policy lists no such key";
  return { ...claims(format, issuer, now), outcome: "undecided", code: "unknown-key", detail, suspect: null };
}
