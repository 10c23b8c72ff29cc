import type { Decision, Evidence, ObjectId, ObjectKind, RefName, Tag } from "../model.ts";
import { UNREAD } from "../policy/clock.ts";
import { decideTag } from "../policy/decide-tag.ts";
import type { Rule } from "../policy/policy.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { rescuesFor, withRescue } from "../policy/rescue.ts";
import { rescuedEvidence } from "./judge-commit.ts";
import type { Examiner } from "./examiner.ts";
import type { JudgingContext } from "./range.ts";

/** Tags of tags are followed this far; deeper nesting is somebody's trick (git itself sets no limit). */
const NESTING_CAP = 64;

export interface TagSubject {
  readonly ref: RefName;
  readonly oid: ObjectId;
  readonly kind: ObjectKind;
  /** All rules naming the ref. */
  readonly rules: readonly Rule[];
  readonly mode: "new" | "history";
}

/** What a ref's value finally names; `target` is null where the chain of tags is broken. */
export interface TagChain {
  readonly target: { readonly oid: ObjectId; readonly kind: ObjectKind } | null;
}

interface Taker {
  take(decision: Decision): Promise<void>;
}

/**
 * Judges a ref's value as a tag: the object itself, every tag nested in it, and where they lead. For a value that is no
 * tag object there is nothing to judge here. `vouches` says whether a tagged commit is verified; it is asked only where
 * a rule demands that.
 */
export async function judgeTags(
  context: JudgingContext,
  subject: TagSubject,
  verdict: Taker,
  vouches: (commit: ObjectId) => Promise<boolean>,
): Promise<TagChain> {
  const asking = subject.rules.filter((rule) => rule.tags !== null);
  let { oid, kind } = subject;
  for (let depth = 0; kind === "tag"; depth += 1) {
    const step = await readTag(context, oid, depth);
    if ("problem" in step) {
      const names = asking.map((rule) => rule.name);
      await verdict.take(decideProblem({ kind: "tag", oid, ref: subject.ref }, step.problem, names));
      return { target: null };
    }
    const { tag, mismatch } = step;
    if (mismatch !== null) {
      // What the tag leads to was not looked at: no level of a rule softens that, nor does a rule have to ask.
      const names = asking.map((rule) => rule.name);
      await verdict.take(decideProblem({ kind: "tag", oid, ref: subject.ref }, mismatch, names));
      return { target: null };
    }
    const targetProblem = await judgeTarget(asking, tag, vouches);
    const exemptions = context.policy.exempt.filter((exemption) => exemption.commit === tag.oid);
    const outermost = depth === 0;
    const { policy } = context;
    // What a tag names was there before it: a tag dated earlier was backdated into its key's good days.
    const tagged = tag.targetKind === "commit" ? ((await context.outlines.dateOf(tag.target)) ?? UNREAD) : null;
    const clock = { mode: subject.mode, now: context.now, latestAncestor: tagged };
    const rescues = rescuesFor(step.evidence, exemptions, tag.oid, clock);
    const evidence = await rescuedEvidence(context, "tag", tag.oid, step.evidence, rescues);
    const decision = decideTag({
      policy,
      tag,
      ref: subject.ref,
      outermost,
      evidence,
      rules: asking,
      clock,
      exemptions,
      targetProblem,
      override: context.override ?? null,
    });
    await verdict.take(withRescue(decision, rescues));
    oid = tag.target;
    kind = tag.targetKind;
  }
  return { target: { oid, kind } };
}

/** A tag named by its id is judged under the name it bears. */
export async function tagRef(examiner: Examiner, oid: ObjectId): Promise<RefName> {
  const examined = await examiner.tag(oid);
  return ("problem" in examined ? "refs/tags/" : `refs/tags/${examined.subject.name}`) as RefName;
}

type TagStep =
  | { readonly problem: Problem }
  | { readonly tag: Tag; readonly evidence: readonly Evidence[]; readonly mismatch: Problem | null };

async function readTag(context: JudgingContext, oid: ObjectId, depth: number): Promise<TagStep> {
  if (depth >= NESTING_CAP) {
    return { problem: { code: "resource-limit", message: `tags are nested more than ${NESTING_CAP} deep` } };
  }
  const examined = await context.examiner.tag(oid);
  if ("problem" in examined) return examined;
  const { subject: tag, evidence } = examined;
  const stored = await context.examiner.kind(tag.target);
  return { tag, evidence, mismatch: stored === tag.targetKind ? null : wrongTarget(tag, stored) };
}

const wrongTarget = ({ target, targetKind }: Tag, stored: ObjectKind | null): Problem =>
  stored === null
    ? { code: "missing-object", message: `the tag's target ${target} is not in the repository` }
    : { code: "malformed", message: `the tag says that ${target} is a ${targetKind}, but it is a ${stored}` };

/** `target: verified` (docs/policy): only a commit can be, and something must have judged it. */
async function judgeTarget(
  asking: readonly Rule[],
  tag: Tag,
  vouches: (commit: ObjectId) => Promise<boolean>,
): Promise<Problem | null> {
  if (tag.targetKind === "tag") return null;
  return judgeTagged(asking, { oid: tag.target, kind: tag.targetKind }, vouches);
}

/** The same for what a ref names without a tag object in between. */
export async function judgeTagged(
  asking: readonly Rule[],
  target: { readonly oid: ObjectId; readonly kind: ObjectKind },
  vouches: (commit: ObjectId) => Promise<boolean>,
): Promise<Problem | null> {
  if (!asking.some((rule) => rule.tags?.target === "verified")) return null;
  if (target.kind !== "commit") {
    return { code: "tag-target", message: `the tag names a ${target.kind}, which no rule can verify` };
  }
  if (await vouches(target.oid)) return null;
  return { code: "tag-target", message: "the tagged commit is not verified: no branch that a rule judged holds it" };
}
