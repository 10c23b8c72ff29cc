import type { VerdictCode } from "../../model.ts";
import type { Objection } from "../objection.ts";
import type { TagRule } from "../policy.ts";

export interface TargetProblem {
  readonly code: VerdictCode;
  readonly message: string;
  readonly hint?: string;
}

/** A target that cannot be read is no matter of trust: `target: any` does not lift these. */
const BROKEN: readonly VerdictCode[] = [
  "missing-object",
  "malformed",
  "resource-limit",
  "shallow-history",
  "bad-input",
];

/** `target: verified`: what the tag finally names must have passed, which `check` has found out; `any` lifts that. */
export function judgeTagTarget(problem: TargetProblem | null, tags: TagRule): Objection | null {
  if (problem === null || (tags.target === "any" && !BROKEN.includes(problem.code))) return null;
  const { code, message, hint = "tag a commit that passes the rules of the tag or of a branch" } = problem;
  return { code, message, hint };
}
