import type { Commit, Decision, Evidence, Finding, Identity, RefName, Seconds } from "../model.ts";
import { isEnforced } from "./applies.ts";
import { judgingTime } from "./clock.ts";
import type { JudgingClock } from "./clock.ts";
import { settle } from "./decision.ts";
import { mergeCommand, resignCommand, takeOverCommand } from "./fixes.ts";
import type { Fix } from "./fixes.ts";
import { findingOf } from "./objection.ts";
import type { Objection } from "./objection.ts";
import { isSameSelector, membersAt, membersFor } from "./membership.ts";
import type { Override } from "./override.ts";
import type { PolicyEdit } from "./policy-edit.ts";
import type { CommitRule, Exemption, Policy, Rule } from "./policy.ts";
import { judgeCommitIdentity } from "./rules/identity.ts";
import { judgeForge, type ForgeFacts } from "./rules/forge.ts";
import { judgePolicyChange } from "./rules/policy-change.ts";
import { judgeSignature } from "./rules/signature.ts";
import type { Judged } from "./rules/signature.ts";
import { judgeSigner } from "./rules/signer.ts";
import { judgeThreshold } from "./rules/threshold.ts";
import { judgeUnruledCommit } from "./rules/unmatched.ts";
import { multipleWords, unprovedWords } from "./words.ts";

/** A rule that the commit must satisfy; `line`: on the first-parent line of the new value, `side`: brought in by a merge. */
export interface AppliedRule {
  readonly rule: Rule;
  readonly place: "line" | "side";
  /** Of a rule for paths: which of them the commit changes, and how, in words. */
  readonly touches?: string;
  /** Of a rule with a threshold, and of what a forge may have squashed: who approves the commit where the rule asks. */
  readonly approvers?: ReadonlySet<string>;
}

export interface CommitInput {
  readonly policy: Policy;
  readonly commit: Commit;
  /** The ref it is judged for; null where there is none. */
  readonly ref: RefName | null;
  readonly evidence: readonly Evidence[];
  /** Every rule that governs it; of those for paths, the ones whose paths it changes. Rules without `commits` ask nothing of it. */
  readonly applied: readonly AppliedRule[];
  readonly clock: JudgingClock;
  /** How the commit changes the policy; null where it does not. */
  readonly policyEdit: PolicyEdit | null;
  /** Who approved it beside its signer. */
  readonly approvedBy?: ReadonlySet<string>;
  /** Those of the policy that name this commit, by id or by reachability. */
  readonly exemptions: readonly Exemption[];
  readonly override?: Override | null;
  /** Of a commit that a forge signed; where it is absent, such a signature counts for nothing. */
  readonly forge?: ForgeFacts | null;
  /** Where a rewrite that mends it would start; absent where nobody knows. */
  readonly fix?: Fix;
}

/**
 * Judges one commit: every applied rule must hold, and one and the same signature must satisfy a rule as a whole. Where
 * no rule applies, `unmatched` decides. Evidence is passed through; findings stand in the order of `CODE_ORDER`.
 *
 * Relied upon: `evidence` is of this commit, `applied` is complete, `exemptions` do name it.
 */
export function decideCommit(input: CommitInput): Decision {
  const { policy, commit, ref, evidence, applied, clock, exemptions } = input;
  const judged = judgedCommit(input);
  const signer = evidence.find((one) => one.outcome === "verified") ?? null;
  const rules: string[] = [];
  let findings: Finding[] | null = null;
  for (const asking of applied) {
    const { rule, touches } = asking;
    if (rule.commits === null) continue;
    rules.push(rule.name);
    const objections = judgeSignatures(asking, rule.commits, input, judged);
    if (objections.length === 0) continue;
    const severity = isEnforcedFor(rule, input, signer) ? "error" : "warning";
    findings ??= [];
    for (const objection of objections) findings.push(findingOf(withPaths(objection, touches), rule.name, severity));
  }
  const { policyEdit } = input;
  if (policyEdit !== null && (rules.length > 0 || policyEdit.binding)) {
    const objections = judgePolicyChange(policyEdit, evidence, input.approvedBy ?? NOBODY, judged);
    const denies = policyEdit.binding || applied.some(({ rule }) => isEnforcedFor(rule, input, signer));
    for (const objection of objections) {
      findings ??= [];
      findings.push(findingOf(objection, null, denies ? "error" : "warning"));
    }
  }
  if (rules.length === 0) {
    const objections = judgeUnruledCommit(policy, ref);
    if (objections.length > 0) findings = objections.map((objection) => findingOf(objection, null, "error"));
  }
  const shown = {
    title: commit.title,
    author: shownIdentity(commit.author),
    committer: shownIdentity(commit.committer),
    at: commit.committer.at,
  };
  const principal = signer?.signer.principal ?? null;
  const facts = { principal, rules, evidence, shown };
  return settle(
    { kind: "commit", oid: commit.oid, ref },
    facts,
    findings,
    { exemptions, oid: commit.oid, clock },
    input.override ?? null,
  );
}

const NONE: readonly Objection[] = [];

const withPaths = (objection: Objection, touches: string | undefined): Objection =>
  touches === undefined ? objection : { ...objection, message: `${objection.message}; it changes ${touches}` };

const isEnforcedFor = (
  { commits }: Rule,
  { clock, commit }: CommitInput,
  signer: (Evidence & { outcome: "verified" }) | null,
): boolean => commits !== null && isEnforced(commits, enforcementTime(clock, signer, commit));

/** The objections to the signature that fares best: the first that has none to deny it, else the first verified, else the first. */
function judgeSignatures(
  asking: AppliedRule,
  clause: CommitRule,
  input: CommitInput,
  judged: Judged,
): readonly Objection[] {
  if (input.commit.signatures.length > 1) return [{ code: "multiple-signatures", ...multipleWords(judged) }];
  let best: readonly Objection[] | null = null;
  let bestVerified = false;
  for (const evidence of input.evidence) {
    const objections = judgeOne(evidence, asking, clause, input, judged);
    if (objections.every((objection) => objection.advisory === true)) return objections;
    const verified = evidence.outcome === "verified";
    if (best === null || (verified && !bestVerified)) {
      best = objections;
      bestVerified = verified;
    }
  }
  return best ?? [unproved(input.commit, judged)];
}

const NOBODY: ReadonlySet<string> = new Set();

/** A `side` that takes others than `signedBy` takes them one by one. */
function asksApprovals({ threshold, signedBy, side }: CommitRule, place: "line" | "side"): number | null {
  return place === "line" || isSameSelector(signedBy, side) ? threshold : null;
}

function judgeOne(
  evidence: Evidence,
  { rule: { name }, place, approvers }: AppliedRule,
  clause: CommitRule,
  { policy, commit, forge, fix, clock }: CommitInput,
  judged: Judged,
): readonly Objection[] {
  const selector = place === "line" ? clause.signedBy : clause.side;
  const signature = judgeSignature(evidence, judged, membersAt(selector, clock.now));
  const verified = evidence.outcome === "verified" ? evidence : null;
  const by = verified?.signer ?? null;
  const asked = membersFor(selector, evidence.signedAt, clock);
  const threshold = asksApprovals(clause, place);
  const signer =
    verified === null
      ? null
      : threshold === null
        ? judgeSigner(verified, selector, clock, {
            rule: name,
            policy,
            place,
            again: signedByAnother(commit, fix),
            unmade: fix?.unmade === true,
            underWay: fix?.underWay ?? null,
            ...(place === "line" ? { side: clause.side, merge: fix === undefined ? null : mergeCommand(fix) } : {}),
          })
        : judgeThreshold(verified.signer, asked, threshold, approvers ?? NOBODY, name, policy, commit, fix);
  const identity = by === null ? null : judgeCommitIdentity(by, clause.identity, commit, policy, fix);
  const made =
    by === null || signer !== null ? null : judgeForge(by, forge ?? null, approvers ?? NOBODY, asked, name, policy);
  if (signature === null && signer === null && identity === null && made === null) return NONE;
  return [signature, signer, made, identity].filter((objection) => objection !== null);
}

/** Somebody else than its committer signs it; nothing that is not made yet. */
const signedByAnother = (commit: Commit, fix: Fix | undefined): string | null =>
  fix === undefined || fix.unmade === true ? null : takeOverCommand(commit, fix);

/** No evidence is no proof, and no exemption can have meant it. */
function unproved(commit: Commit, judged: Judged): Objection {
  const unsigned = commit.signatures.length === 0;
  return { code: unsigned ? "unsigned" : "malformed", ...unprovedWords(judged, unsigned) };
}

/** A verified signature's own time, else the committer's date: what an unproven signature claims counts for nothing. */
function enforcementTime(
  clock: JudgingClock,
  signer: (Evidence & { outcome: "verified" }) | null,
  commit: Commit,
): Seconds {
  return judgingTime(clock, signer?.signedAt ?? commit.committer.at);
}

function judgedCommit({ policy, commit, clock, fix }: CommitInput): Judged {
  return {
    what: "commit",
    email: commit.committer.email,
    signedOff: commit.signedOff,
    old: clock.mode === "history" && fix?.tip !== true,
    dated: commit.committer.at,
    clock,
    policy,
    again: () => resignCommand(commit, fix),
    signWith: fix?.signWith,
  };
}

export const shownIdentity = ({ name, email }: Identity): string => `${name} <${email}>`;
