import type { Decision, Seconds, SubjectRef } from "../model.ts";
import { objectionsTo, signerOf, type JudgedCertificate } from "./decide-certificate.ts";
import { settle } from "./decision.ts";
import { membersAt } from "./membership.ts";
import { findingOf, type Objection } from "./objection.ts";
import type { Override } from "./override.ts";
import type { Policy, Rule } from "./policy.ts";

export interface OverrideInput {
  readonly policy: Policy;
  /** Every rule that names a ref of the push. */
  readonly rules: readonly Rule[];
  /** What the push gives as reasons, as latin-1 text of their bytes: the one that it may, or none or several. */
  readonly reasons: readonly string[];
  readonly certificate: JudgedCertificate | null;
  readonly now: Seconds;
}

export interface DecidedOverride {
  /** Null: the push is judged as any other. */
  readonly override: Override | null;
  /** Why an override that was asked for does not count; a warning, since the push may need none. */
  readonly decision: Decision | null;
}

const COMMAND = 'git push --signed -o signpolicy.override="REASON"';

/** Longer ones are no exemption's reason either. */
const LONGEST_REASON = 200;

/**
 * Whether a push that asks for an override has it: signed, by a certificate that stands, of a principal in `override` of a
 * rule that names one of its refs, with one reason in one line.
 */
export function decideOverride({ policy, rules, reasons, certificate, now }: OverrideInput): DecidedOverride {
  const [reason, ...others] = reasons;
  if (reason === undefined) return { override: null, decision: null };
  const refuse = (objection: Objection): DecidedOverride => ({
    override: null,
    decision: refused({ kind: "push", oid: certificate?.oid ?? null, ref: null }, objection, rules),
  });
  if (others.length > 0) return refuse({ code: "bad-input", message: "two reasons are given", hint: COMMAND });
  if (!isReason(reason)) {
    const message = `its reason must be one line of 1 to ${LONGEST_REASON} characters`;
    return refuse({ code: "bad-input", message, hint: COMMAND });
  }
  if (certificate === null) return refuse({ code: "unsigned", message: "this push is not signed", hint: COMMAND });
  const signer = signerOf(policy, certificate, now);
  if (signer === null) {
    const [objection] = objectionsTo(policy, certificate, now);
    return refuse(objection ?? { code: "malformed", message: "nothing could be proved of it", hint: COMMAND });
  }
  const { principal } = signer;
  const taking = rules
    .filter((rule) => rule.override !== null && membersAt(rule.override, now).has(principal))
    .map(({ name }) => name);
  if (taking.length > 0) return { override: { principal, reason, rules: new Set(taking) }, decision: null };
  const message = `no rule that names these refs lets ${principal} override it`;
  return refuse({
    code: "signer-not-permitted",
    message,
    hint: "have one push it who stands in `override` of the rule",
  });
}

const isReason = (text: string): boolean =>
  text.trim() !== "" && text.length <= LONGEST_REASON && !/[\0-\x1f\x7f]/.test(text);

function refused(subject: SubjectRef, objection: Objection, rules: readonly Rule[]): Decision {
  const message = `the override does not count: ${objection.message}`;
  const facts = { principal: null, rules: rules.map(({ name }) => name), evidence: [], shown: null };
  return settle(subject, facts, [findingOf({ ...objection, message }, null, "warning")], null);
}
