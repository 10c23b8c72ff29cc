import type { GitError } from "../errors.ts";
import type { Decision, ObjectId } from "../model.ts";
import { isShallow } from "../io/repository.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { missingProblem } from "./missing-problem.ts";
import type { RefUpdate } from "./push-input.ts";
import type { Session } from "./session.ts";

/** Most commits looked at to name the object that made git fail. */
const SEARCH_CAP = 200_000;

/**
 * The denial for a history that git could not list, naming what is missing where that can be found out. Git's own words
 * are shown but decide nothing.
 */
export async function nameMissing(
  session: Session,
  updates: readonly Pick<RefUpdate, "ref" | "new">[],
  failure: GitError,
): Promise<Decision> {
  const shallow = isShallow(session.repository);
  for (const { ref, new: tip } of updates) {
    if (tip === null) continue;
    const found = await findMissing(session, tip);
    if (found === null) continue;
    const { oid, problem } = found;
    const subject = { kind: "commit", oid, ref } as const;
    if (problem.hint !== undefined) return decideProblem(subject, problem);
    if (shallow) {
      return decideProblem(subject, {
        code: "shallow-history",
        message: "the history stops at a shallow clone's edge, so what lies before it cannot be judged",
        hint: "git fetch --unshallow (in CI: fetch-depth: 0, or GIT_DEPTH: 0)",
      });
    }
    return decideProblem(subject, problem);
  }
  const { message, hint } = failure;
  return decideProblem(
    { kind: "push", oid: null, ref: null },
    { code: "missing-object", message, ...(hint === undefined ? {} : { hint }) },
  );
}

interface Missing {
  readonly oid: ObjectId;
  readonly problem: Problem;
}

/** The first commit on the way down from `tip` that is not there or cannot be read. */
async function findMissing(session: Session, tip: ObjectId): Promise<Missing | null> {
  const seen = new Set<ObjectId>([tip]);
  const queue = [tip];
  for (let oid = queue.pop(); oid !== undefined && seen.size < SEARCH_CAP; oid = queue.pop()) {
    const object = await session.reader.object(oid);
    if (object.found === "no") return { oid, problem: missingProblem(oid, object) };
    if (object.found !== "yes" || object.kind !== "commit") continue;
    const commit = await session.outlines.outline(oid);
    if (commit === null) return { oid, problem: missingProblem(oid) };
    for (const parent of commit.parents) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      queue.push(parent);
    }
  }
  return null;
}
