import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import type { Decision, Signer } from "../model.ts";
import type { RefValues } from "../io/refs.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideCertificate, signerOf } from "../policy/decide-certificate.ts";
import { decideOverride } from "../policy/decide-override.ts";
import type { Override } from "../policy/override.ts";
import type { Policy } from "../policy/policy.ts";
import { examineCertificate, type CertificateContext, type ExaminedCertificate } from "./push-certificate.ts";
import type { RefUpdate } from "./push-input.ts";
import { pushOptions } from "./push-options.ts";
import type { KeptCertificate } from "./pending.ts";

export interface SignedPush {
  /** None where no rule asks how the push is signed; the second is why an override does not count. */
  readonly decisions: readonly Decision[];
  readonly override: Override | null;
  /** For the record; null where it does not stand. */
  readonly kept: KeptCertificate | null;
}

/** What a push option starts with that gives the reason of an override. */
const OVERRIDE = "signpolicy.override=";

/** Judges a push by its certificate: the rules with `pushes` that name one of its refs, and the override that it may give. */
export async function judgeSignedPush(
  context: CertificateContext,
  policy: Policy,
  updates: readonly RefUpdate[],
  present: RefValues,
): Promise<SignedPush> {
  const examined = await examineCertificate(context, updates);
  const names = updates.flatMap(({ ref }) => [ref, present.get(ref)?.symbolic ?? ref]);
  const named = new Set(names.flatMap((ref) => rulesFor(policy, ref)));
  const rules = policy.rules.filter((rule) => named.has(rule));
  const certificate = examined === null ? null : { ...examined, at: examined.certificate?.at ?? null };
  const { now } = context;
  const reasons = pushOptions(context.environment).flatMap((option) =>
    option.startsWith(OVERRIDE) ? [option.slice(OVERRIDE.length)] : [],
  );
  const asked = decideOverride({ policy, rules, reasons, certificate, now });
  const decisions = [decideCertificate({ policy, rules, certificate, now }), asked.decision];
  const signer = signerOf(policy, certificate, now);
  return {
    decisions: decisions.filter((decision) => decision !== null),
    override: asked.override,
    kept: signer === null ? null : keptOf(examined, signer),
  };
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
