import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import type { Decision, Signer } from "../model.ts";
import type { RefValues } from "../io/refs.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideCertificate, signerOf } from "../policy/decide-certificate.ts";
import type { Policy } from "../policy/policy.ts";
import { examineCertificate, type CertificateContext, type ExaminedCertificate } from "./push-certificate.ts";
import type { RefUpdate } from "./push-input.ts";
import type { KeptCertificate } from "./pending.ts";

export interface SignedPush {
  /** Null where no rule asks how the push is signed. */
  readonly decision: Decision | null;
  /** Who signed it, where the certificate stands: it is for this push, and of a key that is good now. */
  readonly signer: Signer | null;
  /** For the record; null where it does not stand. */
  readonly kept: KeptCertificate | null;
}

/** Judges a push by its certificate: the rules with `pushes` that name one of its refs. */
export async function judgeSignedPush(
  context: CertificateContext,
  policy: Policy,
  updates: readonly RefUpdate[],
  present: RefValues,
): Promise<SignedPush> {
  const examined = await examineCertificate(context, updates);
  const names = updates.flatMap(({ ref }) => [ref, present.get(ref)?.symbolic ?? ref]);
  const rules = new Set(names.flatMap((ref) => rulesFor(policy, ref)));
  const certificate = examined === null ? null : { ...examined, at: examined.certificate?.at ?? null };
  const { now } = context;
  const decision = decideCertificate({
    policy,
    rules: policy.rules.filter((rule) => rules.has(rule)),
    certificate,
    now,
  });
  const signer = signerOf(policy, certificate, now);
  return { decision, signer, kept: signer === null ? null : keptOf(examined, signer) };
}

function keptOf(examined: ExaminedCertificate | null, signer: Signer): KeptCertificate | null {
  if (examined === null) return null;
  const { oid, bytes, signed } = examined;
  if (oid === null || bytes === null || signed === null) return null;
  const sha256 = toHex(digestBytes("sha256", bytes));
  const { principal, key } = signer;
  return {
    certificate: { oid, sha256, signed, principal, key: key.fingerprint },
    bytes: Buffer.from(bytes).toString("base64"),
  };
}
