import type { Decision, SubjectRef, VerdictCode } from "../model.ts";
import { findingOf } from "./objection.ts";
import { mendProblem } from "./words.ts";

/** Why something could not be judged at all. */
export interface Problem {
  readonly code: VerdictCode;
  readonly message: string;
  /** One command or action that mends it, where there is one. */
  readonly hint?: string;
}

/** Denies a subject that could not be judged: an object that is missing, broken or too large. No level and no exemption softens it. */
export function decideProblem(subject: SubjectRef, problem: Problem, rules: readonly string[] = []): Decision {
  const hint = problem.hint ?? mendProblem(problem.code);
  const findings = [findingOf({ ...problem, ...(hint === null ? {} : { hint }) }, null, "error")];
  return { subject, allow: false, exempt: false, principal: null, rules, evidence: [], findings, shown: null };
}

/** Denies a push as a whole: no policy to be found, a malformed line, a shallow repository, too much of something. */
export function decidePush(problem: Problem): Decision {
  return decideProblem({ kind: "push", oid: null, ref: null }, problem);
}
