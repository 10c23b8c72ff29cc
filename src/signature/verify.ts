import type { Bytes, Evidence, EvidenceCode, RawSignature, SignatureFormat, Signed } from "../model.ts";
import type { Anchors } from "./anchors.ts";
import { verifyInPool } from "./raw.ts";
import type { RawVerifier } from "./raw.ts";
import type { SigningTimes } from "./times.ts";

/** A signature is a few hundred bytes; a certificate chain in it a few thousand (design §5). */
const MAX_SIGNATURE_BYTES = 64 * 1024;

type FormatVerifier = (
  signature: Bytes,
  payload: Bytes,
  anchors: Anchors,
  times: SigningTimes,
  raw: RawVerifier,
) => Evidence | Promise<Evidence>;

/** Each format's code is loaded when a signature of it is met, and not before: a hook must start fast. */
const VERIFIERS: Readonly<Record<"openpgp" | "ssh", () => Promise<FormatVerifier>>> = {
  openpgp: async () => (await import("./openpgp/verify.ts")).verifyOpenPgp,
  ssh: async () => (await import("./ssh/verify.ts")).verifySsh,
};

/** Those that are here: asking for a module that is loaded costs more than reading a signature. */
const loaded: { openpgp?: FormatVerifier; ssh?: FormatVerifier } = {};

/**
 * What the signatures of one object prove, as evidence; always at least one. Nothing but the stored bytes, the policy's
 * keys and the three clocks is consulted. Bytes from outside never make it throw: whatever they hold, the answer is
 * evidence. Whether the signer may sign here is the policy's business. `raw` does the arithmetic, wherever that is done.
 */
export async function verifySigned(
  signed: Signed,
  anchors: Anchors,
  times: SigningTimes,
  raw: RawVerifier = verifyInPool,
): Promise<readonly [Evidence, ...Evidence[]]> {
  const [signature, ...others] = signed.signatures;
  if (signature === undefined) return [without("absent", "unknown", "unsigned", "the object carries no signature")];
  if (others.length > 0) {
    // git concatenates them, and a reader may take the result of one and the name of the other.
    return [without("refuted", signature.format, "multiple-signatures", "the object carries more than one signature")];
  }
  return [await verifyOne(signature, signed.payload, anchors, times, raw)];
}

function verifyOne(
  { format, bytes }: RawSignature,
  payload: Bytes,
  anchors: Anchors,
  times: SigningTimes,
  raw: RawVerifier,
): Evidence | Promise<Evidence> {
  if (bytes.length > MAX_SIGNATURE_BYTES) {
    const detail = `the signature has ${bytes.length} bytes, the limit is ${MAX_SIGNATURE_BYTES}`;
    return without("refuted", format, "resource-limit", detail);
  }
  switch (format) {
    case "openpgp":
    case "ssh": {
      const verify = loaded[format];
      if (verify !== undefined) return verify(bytes, payload, anchors, times, raw);
      return VERIFIERS[format]().then((met) => (loaded[format] = met)(bytes, payload, anchors, times, raw));
    }
    case "x509":
      return without("undecided", format, "unsupported", "X.509 signatures are not verified yet");
    case "unknown":
      return without("refuted", format, "malformed", "the signature is in no known format");
  }
}

function without(
  outcome: "refuted" | "undecided" | "absent",
  format: SignatureFormat,
  code: EvidenceCode,
  detail: string,
): Evidence {
  return { outcome, format, code, detail, issuer: null, signedAt: null, suspect: null };
}
