import { parseTime } from "../encoding/time.ts";
import { GitError } from "../errors.ts";
import type { Decision, ObjectId, RefName, Seconds } from "../model.ts";
import { collectCommits, isAncestor } from "../io/revisions.ts";
import { isEnforced, rulesFor, rulesOn } from "../policy/applies.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import { decideRef } from "../policy/decide-ref.ts";
import { membersAt } from "../policy/membership.ts";
import { findingOf } from "../policy/objection.ts";
import { isBareTag } from "../policy/rules/update.ts";
import { settle } from "../policy/decision.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import type { RecordCertificate, RecordLanded } from "./record-entries.ts";
import { readRecordFiles } from "./record-files.ts";
import type { Session } from "./session.ts";
import { judgeTagged, judgeTags } from "./tags.ts";

interface PastPushes {
  readonly session: Session;
  /** A policy at a moment. */
  readonly contextAt: (now: Seconds) => JudgingContext;
  /** Pushes before are not judged, and what they brought is not either. */
  readonly from: Seconds;
  readonly since: readonly ObjectId[];
}

/**
 * Judges what landed, push by push, as if this policy had been in force: by our clock of that moment, what each value brought
 * beyond those that stood on refs of the same rule before. Changes of the policy itself are not judged: they were made
 * under another.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export async function simulatePushes(
  { session, contextAt, from, since }: PastPushes,
  take: (decision: Decision, at: Seconds) => void,
): Promise<number> {
  const stood: { readonly ref: RefName; readonly oid: ObjectId }[] = [];
  let certificate: RecordCertificate | null = null;
  let pushes = 0;
  for await (const { segment } of readRecordFiles(session.repository.commonDir)) {
    for (const entry of segment.entries) {
      if (entry.kind === "push") certificate = entry.certificate;
      if (entry.kind === "met" || entry.kind === "baseline") {
        const values = entry.kind === "met" ? entry.tips : entry.refs;
        for (const [ref, oid] of Object.entries(values)) stood.push({ ref: ref as RefName, oid: oid as ObjectId });
      }
      if (entry.kind !== "landed") continue;
      const at = parseTime(entry.at);
      if (at >= from) {
        pushes += 1;
        const before = [...stood, ...since.map((oid) => ({ ref: entry.ref, oid }))];
        await judgeLanded(session, contextAt(at), entry, certificate, before, (decision) => take(decision, at));
      }
      if (entry.new !== null) stood.push({ ref: entry.ref, oid: entry.new });
    }
  }
  return pushes;
}

async function judgeLanded(
  session: Session,
  context: JudgingContext,
  entry: RecordLanded,
  certificate: RecordCertificate | null,
  stood: readonly { readonly ref: RefName; readonly oid: ObjectId }[],
  take: (decision: Decision) => void,
): Promise<void> {
  const { policy, now, examiner } = context;
  const { ref, old, new: oid } = entry;
  const rules = rulesOn(policy, ref, now);
  const clock = { mode: "new", now, latestAncestor: null } as const;
  const kind = oid === null ? null : await examiner.kind(oid);
  take(judgeCertificate(context, ref, oid, certificate));
  if (oid !== null && kind === null) {
    const message = "what stood here is gone from the repository, so nobody can say";
    take(decideProblem({ kind: "ref", oid, ref }, { code: "missing-object", message }));
    return;
  }
  let targetProblem = null;
  if (oid !== null && kind !== null) {
    const vouches = (commit: ObjectId): Promise<boolean> =>
      reached(
        session,
        commit,
        stood.filter((one) => one.ref.startsWith("refs/heads/")),
      );
    const verdict = {
      take: (decision: Decision): Promise<void> => {
        take(decision);
        return Promise.resolve();
      },
    };
    const { target } = await judgeTags(context, { ref, oid, kind, rules, mode: "new" }, verdict, vouches);
    const bare = rules.filter((rule) => rule.tags !== null && isBareTag({ ref, newKind: kind }, rule));
    targetProblem = await judgeTagged(bare, { oid, kind }, vouches);
    if (target?.kind === "commit") {
      const groups = rules.flatMap((rule) =>
        rule.commits === null
          ? []
          : [
              {
                rules: [rule],
                exclude: stood
                  .filter((one) => one.ref === ref || rulesFor(policy, one.ref).includes(rule))
                  .map((one) => one.oid),
              },
            ],
      );
      const history = new Set(stood.map((one) => one.oid));
      try {
        for await (const { decision } of judgeRange(context, { ref, include: [target.oid], groups, history }))
          take(decision);
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const message = "a part of what was pushed is gone from the repository, so nobody can say";
        take(decideProblem({ kind: "ref", oid, ref }, { code: "missing-object", message }));
      }
    }
  }
  const update = { policy, ref, old, new: oid, newKind: kind, rules, policyRef: false, targetProblem, clock };
  take(decideRef({ ...update, fastForward: kind === "commit" ? await isForward(context, entry) : null }));
}

/** The record says it only where a rule asked. */
async function isForward(
  { repository, examiner }: JudgingContext,
  { old, new: oid, forward }: RecordLanded,
): Promise<boolean | null> {
  if (forward || old === null || oid === null) return forward ? true : null;
  return (await examiner.kind(old)) === "commit" ? isAncestor(repository, old, oid) : false;
}

/** The certificate was verified when it came; whose it was, and that there was one, is what a rule asks. */
function judgeCertificate(
  { policy, now }: JudgingContext,
  ref: RefName,
  oid: ObjectId | null,
  certificate: RecordCertificate | null,
): Decision {
  const findings = rulesFor(policy, ref).flatMap(({ name, pushes }) => {
    if (pushes === null) return [];
    const severity = isEnforced(pushes, now) ? ("error" as const) : ("warning" as const);
    if (certificate === null) {
      if (!pushes.required) return [];
      const hint = "git push --signed";
      return [findingOf({ code: "unsigned", message: "the push was not signed", hint }, name, severity)];
    }
    if (membersAt(pushes.signedBy, now).has(certificate.principal)) return [];
    const message = `${certificate.principal} may not sign pushes under the rule "${name}"`;
    return [findingOf({ code: "signer-not-permitted", message }, name, severity)];
  });
  const facts = { principal: certificate?.principal ?? null, rules: [], evidence: [], shown: null };
  return settle({ kind: "push", oid, ref }, facts, findings, null);
}

async function reached(
  session: Session,
  commit: ObjectId,
  stood: readonly { readonly oid: ObjectId }[],
): Promise<boolean> {
  const exclude = [...new Set(stood.map(({ oid }) => oid))];
  const beyond = await collectCommits(session.repository, { include: [commit], exclude }, ["--max-count=1"]);
  return beyond.length === 0;
}
