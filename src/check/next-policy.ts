import { ParseError, PolicyError } from "../errors.ts";
import type { Decision, ObjectId } from "../model.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import { loadPolicy } from "./policy.ts";
import type { RefUpdate } from "./push-input.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { POLICY_PATHS, TreePolicySource } from "./tree-policy.ts";

/**
 * A push that changes the policy must leave one behind that can judge the next push: it is there, passes every check, and
 * its serial has risen. Otherwise one signed slip would shut everybody out, the one who would mend it included.
 */
export async function judgeNextPolicy(
  session: Session,
  governing: GoverningPolicy,
  updates: readonly RefUpdate[],
): Promise<readonly Decision[]> {
  const update = updates.find(({ ref }) => ref === governing.ref);
  if (update === undefined || update.new === null) return [];
  try {
    if (update.old !== null && !(await differ(session, governing, update.old, update.new))) return [];
    const source = new TreePolicySource(session.trees, session.outlines, update.ref, update.new);
    const problem = serialProblem(governing, (await loadPolicy(source)).policy.serial, update.old !== null);
    return problem === null ? [] : [refuse(update, problem)];
  } catch (error) {
    if (error instanceof PolicyError) return [refuse(update, messageOf(error))];
    if (error instanceof ParseError) return [refuse(update, error.message)];
    throw error;
  }
}

async function differ(session: Session, governing: GoverningPolicy, old: ObjectId, now: ObjectId): Promise<boolean> {
  const [before, after] = await Promise.all([session.outlines.outline(old), session.outlines.outline(now)]);
  if (before === null || after === null) return true;
  for (const path of new Set([...POLICY_PATHS, ...governing.loaded.files])) {
    const [was, is] = await Promise.all([
      session.trees.entry(before.tree, path),
      session.trees.entry(after.tree, path),
    ]);
    if (was?.oid !== is?.oid || was?.mode !== is?.mode) return true;
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
