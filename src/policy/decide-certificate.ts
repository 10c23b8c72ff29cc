import type { Decision, Evidence, Finding, ObjectId, Seconds, Signer } from "../model.ts";
import { isEnforced } from "./applies.ts";
import type { JudgingClock } from "./clock.ts";
import { settle } from "./decision.ts";
import { findingOf } from "./objection.ts";
import type { Objection } from "./objection.ts";
import { membersAt } from "./membership.ts";
import type { Names, Policy, PushRule, Rule } from "./policy.ts";
import type { Problem } from "./decide-problem.ts";
import { judgeSignature } from "./rules/signature.ts";
import type { Judged } from "./rules/signature.ts";
import { judgeSigner } from "./rules/signer.ts";
import { mendProblem, unprovedWords } from "./words.ts";

export interface CertificateInput {
  readonly policy: Policy;
  /** Every rule that names a ref of the push. Those without `pushes` ask nothing. */
  readonly rules: readonly Rule[];
  /** Null: the push is not signed. */
  readonly certificate: JudgedCertificate | null;
  readonly now: Seconds;
}

export interface JudgedCertificate {
  readonly oid: ObjectId | null;
  /** The pusher's own date; null where the certificate could not be read. */
  readonly at: Seconds | null;
  readonly evidence: readonly Evidence[];
  /** Why it does not speak for this push, whoever signed it. */
  readonly problems: readonly Problem[];
}

/**
 * Judges a push as such under every rule with `pushes` that names one of its refs: is it signed, for these refs, for this
 * server, by one whom the rule takes. Null where no rule asks. Whether the refs may move is `decideRef`'s question.
 */
export function decideCertificate(input: CertificateInput): Decision | null {
  const { policy, certificate, now } = input;
  const findings: Finding[] = [];
  const rules: string[] = [];
  for (const rule of input.rules) {
    if (rule.pushes === null) continue;
    rules.push(rule.name);
    const severity = isEnforced(rule.pushes, now) ? "error" : "warning";
    for (const objection of judgeUnder(rule.name, rule.pushes, input)) {
      findings.push(findingOf(objection, rule.name, severity));
    }
  }
  if (rules.length === 0) return null;
  const principal = signerOf(policy, certificate, now)?.principal ?? null;
  const facts = { principal, rules, evidence: certificate?.evidence ?? [], shown: null };
  return settle({ kind: "push", oid: certificate?.oid ?? null, ref: null }, facts, findings, null);
}

/** Who signed this push, by a key that is good now; null where the certificate does not stand. */
export function signerOf(policy: Policy, certificate: JudgedCertificate | null, now: Seconds): Signer | null {
  if (certificate === null || objectionsTo(policy, certificate, now).length > 0) return null;
  const [evidence, ...others] = certificate.evidence;
  return evidence?.outcome === "verified" && others.length === 0 ? evidence.signer : null;
}

function judgeUnder(
  name: string,
  pushes: PushRule,
  { policy, certificate, now }: CertificateInput,
): readonly Objection[] {
  const { signedBy } = pushes;
  if (certificate === null) {
    const judged = judgedPush(policy, null, now);
    return pushes.required ? [{ code: "unsigned", ...unprovedWords(judged, true) }] : [];
  }
  const [evidence] = certificate.evidence;
  const { clock } = judgedPush(policy, certificate.at, now);
  const signer =
    evidence?.outcome === "verified"
      ? judgeSigner(evidence, signedBy, clock, { rule: name, policy, place: "push" })
      : null;
  const found = objectionsTo(policy, certificate, now, membersAt(signedBy, now));
  return signer === null ? found : [...found, signer];
}

/** Why a certificate does not stand, whoever may sign; none: it does. `permitted` are people to ask, for words alone. */
export function objectionsTo(
  policy: Policy,
  certificate: JudgedCertificate,
  now: Seconds,
  permitted: Names = new Set(),
): readonly Objection[] {
  const judged = judgedPush(policy, certificate.at, now);
  const { problems, evidence } = certificate;
  const found: (Objection | null)[] = problems.map((problem) => {
    return { ...problem, hint: problem.hint ?? mendProblem(problem.code) ?? judged.again() };
  });
  // A certificate that could not be read has no evidence, and its problem says why.
  if (evidence.length === 0 && problems.length === 0)
    found.push({ code: "malformed", ...unprovedWords(judged, false) });
  for (const one of evidence) found.push(judgeSignature(one, judged, permitted));
  return found.filter((objection) => objection !== null);
}

function judgedPush(policy: Policy, dated: Seconds | null, now: Seconds): Judged {
  const clock: JudgingClock = { mode: "new", now, latestAncestor: null };
  const again = (): string => "git push --signed";
  return { what: "push", email: null, signedOff: false, old: false, dated, clock, policy, again };
}
