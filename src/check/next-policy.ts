import { ParseError, PolicyError } from "../errors.ts";
import type { Decision, ObjectId } from "../model.ts";
import { judgesCommits, rulesFor } from "../policy/applies.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { Policy } from "../policy/policy.ts";
import { humans } from "../policy/words.ts";
import { listCommits } from "../io/revisions.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { PushContext } from "./push.ts";
import type { RefUpdate } from "./push-input.ts";
import { judgeRange } from "./range.ts";
import { type GoverningPolicy, policyChanges, type Session } from "./session.ts";
import { POLICY_PATHS, TreePolicySource } from "./tree-policy.ts";

/**
 * A push that changes the policy must leave one behind that can judge the next push: it is there, passes every check, its
 * serial has risen, and it guards the ref that it is read from. Otherwise one signed slip would shut everybody out, the
 * one who would mend it included.
 *
 * And each commit between the ref's two values that changes the policy, or a key file that the old or the new one names,
 * must be a human's whom the ref's own rules permit. The rules have judged what is new to them; what came by way of
 * `base`, of a baseline or of another ref, and files that only the new policy names, they have not looked at.
 */
export async function judgeNextPolicy(
  session: Session,
  governing: GoverningPolicy,
  context: PushContext,
  updates: readonly RefUpdate[],
): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  for (const update of updates) {
    const { ref, old, new: now } = update;
    const names = [ref, context.present.get(ref)?.symbolic];
    if (governing.ref === null || !names.includes(governing.ref) || now === null) continue;
    if (old !== null && !(await differ(session, governing, old, now))) continue;
    const next = await loadNext(session, update, now);
    if ("allow" in next) decisions.push(next);
    else decisions.push(...(await judgeNext(session, governing, context, update, next)));
  }
  return decisions;
}

async function loadNext(session: Session, update: RefUpdate, now: ObjectId): Promise<LoadedPolicy | Decision> {
  try {
    return await loadPolicy(new TreePolicySource(session.trees, session.outlines, update.ref, now));
  } catch (error) {
    if (error instanceof PolicyError) return refuse(update, messageOf(error));
    if (error instanceof ParseError) return refuse(update, error.message);
    throw error;
  }
}

async function judgeNext(
  session: Session,
  governing: GoverningPolicy,
  context: PushContext,
  update: RefUpdate,
  next: LoadedPolicy,
): Promise<readonly Decision[]> {
  const problem =
    serialProblem(governing, next.policy.serial, update.old !== null) ?? guardProblem(next.policy, governing, context);
  if (problem !== null) return [refuse(update, problem)];
  try {
    return await judgeAuthors(session, governing, context, update, next);
  } catch (error) {
    if (error instanceof ParseError) return [refuse(update, error.message)];
    throw error;
  }
}

async function differ(session: Session, governing: GoverningPolicy, old: ObjectId, now: ObjectId): Promise<boolean> {
  const [before, after] = await Promise.all([session.outlines.outline(old), session.outlines.outline(now)]);
  if (before === null || after === null) return true;
  try {
    for (const path of new Set([...POLICY_PATHS, ...governing.loaded.files])) {
      const [was, is] = await Promise.all([
        session.trees.entry(before.tree, path),
        session.trees.entry(after.tree, path),
      ]);
      if (was?.oid !== is?.oid || was?.mode !== is?.mode) return true;
    }
  } catch (error) {
    // What cannot be compared is read as a whole, and named there.
    if (error instanceof ParseError) return true;
    throw error;
  }
  return false;
}

/** A serial, once there, only rises: an older policy that comes back would bring back the keys it held. */
function serialProblem(governing: GoverningPolicy, next: number | null, replaces: boolean): string | null {
  const { serial } = governing.loaded.policy;
  if (serial === null || !replaces || governing.trustRoot !== null) return null;
  if (next === null) return `its serial is gone; it was ${serial}`;
  return next > serial ? null : `its serial is ${next} and must be more than ${serial}`;
}

/** Under the next policy somebody must be able to push to its ref, and to change it. */
function guardProblem(next: Policy, { ref }: GoverningPolicy, { now }: PushContext): string | null {
  if (ref === null) return null;
  const clauses = rulesFor(next, ref).flatMap((rule) =>
    rule.commits !== null && judgesCommits(rule, now) ? [rule.commits] : [],
  );
  const [first, ...others] = clauses.map(({ signedBy }) => humans(next, signedBy));
  if (first === undefined) return `no rule with \`commits\` at error level names ${ref}, where it is read from`;
  const able = [...first].filter((principal) => others.every((other) => other.has(principal)));
  return able.length > 0 ? null : `no human may sign on ${ref}, so nobody could change it again`;
}

async function judgeAuthors(
  session: Session,
  governing: GoverningPolicy,
  context: PushContext,
  { ref, old, new: now }: RefUpdate,
  next: LoadedPolicy,
): Promise<readonly Decision[]> {
  const rules = rulesFor(context.policy, governing.ref ?? ref).filter((rule) => judgesCommits(rule, context.now));
  const exclude = [old, governing.trustRoot].filter((oid) => oid !== null);
  const changes = policyChanges(session, [...governing.loaded.files, ...next.files]);
  const range = { include: now === null ? [] : [now], exclude };
  const mayTouch = changes.within(range);
  const changing: ObjectId[] = [];
  for await (const oid of listCommits(session.repository, range)) {
    const commit = await session.outlines.outline(oid);
    if (commit === null || !(await mayTouch(commit))) continue;
    if ((await changes.changedBy(commit)).length > 0) changing.push(oid);
  }
  const found: Decision[] = [];
  const groups = [{ rules, exclude: [] }];
  const history = [...context.tips.any];
  const asked = { ref, include: changing, groups, history, fixBase: old, only: true };
  for await (const { decision } of judgeRange({ ...context, changes }, asked)) {
    const findings = decision.findings
      .filter(({ code }) => code === "policy-change")
      .map((finding) => ({ ...finding, severity: "error" as const }));
    if (findings.length > 0) found.push({ ...decision, allow: false, exempt: false, findings });
  }
  return found;
}

function messageOf(error: PolicyError): string {
  const [first] = error.issues;
  return first === undefined ? error.message : `${first.file}:${first.line ?? 1}: ${first.path}: ${first.message}`;
}

const refuse = ({ ref, new: oid }: RefUpdate, why: string): Decision =>
  decideProblem(
    { kind: "ref", oid, ref },
    {
      code: "policy-change",
      message: `the policy that this push would leave behind cannot govern: ${why}`,
      hint: "signpolicy policy check",
    },
  );
