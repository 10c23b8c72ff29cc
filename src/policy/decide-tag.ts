import type { Decision, Evidence, Finding, RefName, Tag } from "../model.ts";
import { isEnforced } from "./applies.ts";
import { judgingTime } from "./clock.ts";
import type { JudgingClock } from "./clock.ts";
import { shownIdentity } from "./decide-commit.ts";
import { settle } from "./decision.ts";
import { tagCommand } from "./fixes.ts";
import { membersAt } from "./membership.ts";
import { findingOf } from "./objection.ts";
import type { Objection } from "./objection.ts";
import type { Override } from "./override.ts";
import type { Exemption, Policy, Rule, TagRule } from "./policy.ts";
import { judgeTagIdentity } from "./rules/identity.ts";
import { judgeSignature } from "./rules/signature.ts";
import type { Judged } from "./rules/signature.ts";
import { judgeForge } from "./rules/forge.ts";
import { judgeSigner } from "./rules/signer.ts";
import { judgeTagName } from "./rules/tag-name.ts";
import { judgeTagTarget } from "./rules/tag-target.ts";
import type { TargetProblem } from "./rules/tag-target.ts";
import { multipleWords, unprovedWords } from "./words.ts";

export interface TagInput {
  readonly policy: Policy;
  readonly tag: Tag;
  readonly ref: RefName;
  /** The tag object that the ref itself names; false for a tag inside a tag. */
  readonly outermost: boolean;
  readonly evidence: readonly Evidence[];
  /** Every rule that names the ref. Those without `tags` ask nothing of tag objects. */
  readonly rules: readonly Rule[];
  readonly clock: JudgingClock;
  readonly exemptions: readonly Exemption[];
  /** What `check` found wrong with the object that the tag finally names. */
  readonly targetProblem: TargetProblem | null;
  readonly override?: Override | null;
}

/**
 * Judges one tag object under every rule with `tags` that names its ref: signed, by whom, tagger, name (of the
 * outermost) and target. Nested tags are judged one by one, each by a call of its own: an unsigned wrapper around a
 * signed tag is unsigned, and so is what a signed wrapper holds. Where no rule has `tags`, nothing is asked; whether
 * the ref is named at all is `decideRef`'s question.
 */
export function decideTag(input: TagInput): Decision {
  const { tag, ref, evidence, clock, exemptions } = input;
  const judged = judgedTag(input);
  const signer = evidence.find((one) => one.outcome === "verified") ?? null;
  const time = judgingTime(clock, signer?.signedAt ?? tag.tagger?.at ?? clock.now);
  const rules: string[] = [];
  const findings: Finding[] = [];
  for (const rule of input.rules) {
    if (rule.tags === null) continue;
    rules.push(rule.name);
    const severity = isEnforced(rule.tags, time) ? "error" : "warning";
    for (const objection of judgeUnder(rule.name, rule.tags, input, judged)) {
      findings.push(findingOf(objection, rule.name, severity));
    }
  }
  const tagger = tag.tagger === null ? "" : shownIdentity(tag.tagger);
  const at = tag.tagger === null ? {} : { at: tag.tagger.at };
  const shown = { title: tag.title, author: tagger, committer: tagger, ...at };
  const facts = { principal: signer?.signer.principal ?? null, rules, evidence, shown };
  return settle(
    { kind: "tag", oid: tag.oid, ref },
    facts,
    findings,
    { exemptions, oid: tag.oid, clock },
    input.override ?? null,
  );
}

function judgeUnder(name: string, tags: TagRule, input: TagInput, judged: Judged): readonly Objection[] {
  const { tag, ref, outermost, targetProblem } = input;
  const found = [
    ...judgeSignatures(name, tags, input, judged),
    outermost ? judgeTagName(tag, ref) : null,
    judgeTagTarget(targetProblem, tags),
  ];
  return found.filter((objection) => objection !== null);
}

/** As for commits: the signature that fares best, all of the rule by one and the same. */
function judgeSignatures(name: string, tags: TagRule, input: TagInput, judged: Judged): readonly Objection[] {
  if (input.tag.signatures.length > 1) return [{ code: "multiple-signatures", ...multipleWords(judged) }];
  const tried = input.evidence.map((evidence) => ({
    verified: evidence.outcome === "verified",
    objections: judgeOne(evidence, name, tags, input, judged),
  }));
  const best = tried.find(({ objections }) => objections.length === 0) ?? tried.find((t) => t.verified) ?? tried[0];
  if (best !== undefined) return best.objections;
  const unsigned = input.tag.signatures.length === 0;
  return [{ code: unsigned ? "unsigned-tag" : "malformed", ...unprovedWords(judged, unsigned) }];
}

/** A forge's signature is good for merges alone. */
const NO_MERGE = { problem: "it is a tag", parents: 0 };

function judgeOne(evidence: Evidence, name: string, tags: TagRule, input: TagInput, judged: Judged): Objection[] {
  const found = [judgeSignature(evidence, judged, membersAt(tags.signedBy, input.clock.now))];
  if (evidence.outcome === "verified") {
    const { signer } = evidence;
    found.push(
      judgeSigner(evidence, tags.signedBy, input.clock, { rule: name, policy: input.policy, place: "tag" }) ??
        judgeForge(signer, NO_MERGE, new Set(), new Set(), name, input.policy),
    );
    if (tags.identity === "tagger") found.push(judgeTagIdentity(signer, input.tag, input.policy, judged.again));
  }
  return found.filter((objection) => objection !== null);
}

function judgedTag({ policy, tag, ref, clock }: TagInput): Judged {
  return {
    what: "tag",
    email: tag.tagger?.email ?? null,
    signedOff: false,
    old: clock.mode === "history",
    dated: tag.tagger?.at ?? null,
    clock,
    policy,
    again: (): string => tagCommand(ref),
  };
}
