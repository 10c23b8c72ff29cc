import { ParseError } from "../errors.ts";
import type { Decision, ObjectId, RefName, Seconds } from "../model.ts";
import { judgesCommits, rulesFor } from "../policy/applies.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { membersAt } from "../policy/membership.ts";
import type { Policy } from "../policy/policy.ts";
import { bytesOf, humans } from "../policy/words.ts";
import { listCommits } from "../io/revisions.ts";
import { lookAlikeFaults } from "./look-alikes.ts";
import { mayBeMarked, type LoadedPolicy } from "./policy-source.ts";
import { NO_POLICY, type PolicyState } from "./policy-states.ts";
import type { PushContext } from "./push.ts";
import type { RefUpdate } from "./push-input.ts";
import { judgeRange } from "./range.ts";
import { type GoverningPolicy, policyChanges, type Session } from "./session.ts";

export interface NextPolicy {
  readonly decisions: readonly Decision[];
  /** What the push changes of the policy, a line each. */
  readonly changes: readonly string[];
}

/**
 * A push that changes the policy must leave one behind that can judge the next push: it is there, passes every check and
 * guards the ref that it is read from. Otherwise one signed slip would shut everybody out, the one who would mend it
 * included.
 *
 * And each commit between the ref's two values that changes the policy, or a key file that the old or the new one names,
 * must be by those who hold the right. The rules have judged what is new to them; what came by way of `base`, of a
 * baseline or of another ref, and files that only the new policy names, they have not looked at.
 */
export async function judgeNextPolicy(
  session: Session,
  governing: GoverningPolicy,
  context: PushContext,
  updates: readonly RefUpdate[],
): Promise<NextPolicy> {
  const decisions: Decision[] = [];
  const changes: string[] = [];
  for (const update of updates) {
    const { ref, old, new: now } = update;
    const names = [ref, context.present.get(ref)?.symbolic];
    if (governing.ref === null || !names.includes(governing.ref) || now === null) continue;
    try {
      const next = await stateOf(session, now);
      const before = old === null ? null : await stateOf(session, old);
      const isSame = next.id === before?.id;
      if (isSame && lookAlikeFaults(next.lookAlikes ?? [], [before]).length === 0) continue;
      if (before !== null && !isSame) changes.push(...(await tellChanges(before, next, governing.ref, context.now)));
      const judged = await judgeNext(session, governing, context, update, next);
      if (judged.length === 0 && next.loaded !== null) {
        const { told, refused } = await judgeFallen(session, governing.ref, context, now, next.loaded);
        changes.push(...told);
        if (refused !== null) judged.push(decideProblem({ kind: "ref", oid: now, ref }, refused));
      }
      decisions.push(...judged);
    } catch (error) {
      // What cannot be read is no policy.
      if (!(error instanceof ParseError)) throw error;
      decisions.push(refuse(update, error.message));
    }
  }
  return { decisions, changes };
}

/**
 * What a push to the policy's ref changes of it, a line each; nothing for what cannot be read, which is judged elsewhere.
 *
 * @param ref - as the repository calls it that the push goes to
 */
export async function policyChangesOf(
  session: Session,
  ref: RefName | null,
  updates: readonly RefUpdate[],
  now: Seconds,
): Promise<readonly string[]> {
  const update = updates.find((candidate) => candidate.ref === ref);
  if (update?.old == null || update.new === null) return [];
  try {
    const [before, after] = [await stateOf(session, update.old), await stateOf(session, update.new)];
    return before.id === after.id ? [] : await tellChanges(before, after, ref, now);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return [];
  }
}

async function tellChanges(
  before: PolicyState,
  after: PolicyState,
  ref: RefName | null,
  now: Seconds,
): Promise<readonly string[]> {
  const [{ changesBetween }, { changeWords }] = await Promise.all([
    import("./policy-edits.ts"),
    import("../policy/change-words.ts"),
  ]);
  const told = (await changesBetween(before, after, ref, now)).map(
    (change) => `the policy changes: ${bytesOf(changeWords(change))} (${change.effect})`,
  );
  return told.length > TOLD ? [...told.slice(0, TOLD), `the policy changes: ${told.length - TOLD} more`] : told;
}

/** Differences that a push is told of; `policy diff` has them all. */
const TOLD = 20;

async function stateOf(session: Session, oid: ObjectId): Promise<PolicyState> {
  const commit = await session.outlines.outline(oid);
  return commit === null ? { ...NO_POLICY, id: oid, problem: `${oid} is no commit` } : session.states.at(commit);
}

async function judgeNext(
  session: Session,
  governing: GoverningPolicy,
  context: PushContext,
  update: RefUpdate,
  { loaded, problem }: PolicyState,
): Promise<Decision[]> {
  if (loaded === null) return [refuse(update, problem ?? "it is gone")];
  const unguarded = guardProblem(loaded.policy, governing, context);
  if (unguarded !== null) return [refuse(update, unguarded)];
  return judgeAuthors(session, governing, context, update, loaded);
}

/** What a key that the next policy marks takes with it: told, and refused where that would leave nobody. */
async function judgeFallen(
  session: Session,
  ref: RefName,
  { now, arrived }: PushContext,
  tip: ObjectId,
  loaded: LoadedPolicy,
): Promise<{ readonly told: readonly string[]; readonly refused: Problem | null }> {
  if (!loaded.keys.some(mayBeMarked)) return { told: [], refused: null };
  const { nextFallen } = await import("./standing-keys.ts");
  const { fallen, fault } = await nextFallen(session, loaded, { tip, ref, now, arrived });
  const told = fallen.map(
    ({ principal, key, with: by }) =>
      `${key} of ${principal} falls with ${by}, which brought it in; if it is sound: signpolicy keys confirm ${key}`,
  );
  if (fault === null) return { told, refused: null };
  const keys = fallen.map(({ principal, key }) => `${key} of ${principal}`).join(", ");
  const [first] = fallen;
  return {
    told,
    refused: {
      code: "policy-change",
      message: `the policy that this push would leave behind cannot govern: ${fault}, since what a compromised key brought in falls with it (${keys})`,
      hint: `signpolicy keys revoke ${first?.with ?? "KEY"} --since TIME lets stand what arrived here before; or have an administrator name a policy: git config signpolicy.policy /ABSOLUTE/FILE`,
    },
  };
}

/** Under the next policy somebody must be able to push to its ref, and to change it. */
function guardProblem(next: Policy, { ref }: GoverningPolicy, { now }: PushContext): string | null {
  if (ref === null) return null;
  const clauses = rulesFor(next, ref).flatMap((rule) =>
    rule.commits !== null && judgesCommits(rule, now) ? [rule.commits] : [],
  );
  const [first, ...others] = clauses.map(({ signedBy }) => humans(next, membersAt(signedBy, now)));
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
): Promise<Decision[]> {
  const rules = rulesFor(context.policy, governing.ref ?? ref).filter((rule) => judgesCommits(rule, context.now));
  const exclude = [old, governing.trustRoot].filter((oid) => oid !== null);
  const changes = policyChanges(session, [...governing.loaded.files, ...next.files]);
  const range = { include: now === null ? [] : [now], exclude };
  const suspects = changes.within(range);
  const changing: ObjectId[] = [];
  for await (const oid of listCommits(session.repository, range)) {
    const commit = await session.outlines.outline(oid);
    if (commit === null || (await suspects.mayTouch(commit))) changing.push(oid);
  }
  const found: Decision[] = [];
  const groups = [{ rules, exclude: [] }];
  const history = context.tips.any;
  const asked = { ref: governing.ref ?? ref, include: changing, groups, history, fixBase: old, only: true };
  for await (const { decision } of judgeRange({ ...context, changes }, asked)) {
    const findings = decision.findings
      .filter(({ code }) => code === "policy-change" || code === "threshold-unmet")
      .map((finding) => ({ ...finding, severity: "error" as const }));
    if (findings.length > 0) found.push({ ...decision, allow: false, exempt: false, findings });
  }
  return found;
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
