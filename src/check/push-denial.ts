import { PolicyError, SignpolicyError } from "../errors.ts";
import type { Decision } from "../model.ts";
import { decideProblem } from "../policy/decide-problem.ts";

const push = { kind: "push", oid: null, ref: null } as const;

/** A policy or record that cannot be used or told denies the push in words; what git or we did wrong stays an exception. */
export async function orDenial<T extends object>(judging: Promise<T>): Promise<T | Decision> {
  try {
    return await judging;
  } catch (error) {
    if (error instanceof PolicyError) return decideProblem(push, { code: error.verdict, ...worded(error) });
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_GIT_OBJECT") return denyBroken(error);
    return decideProblem(push, { code: "missing-object", ...worded(error) });
  }
}

/** What a push that asks for more of the record than was read is told where that is damaged; any other error is thrown again. */
export function denyBroken(error: unknown, hint?: string): Decision {
  if (!(error instanceof SignpolicyError) || error.code !== "ERR_RECORD_BROKEN") throw error;
  return decideProblem(push, { code: "bad-input", ...(hint === undefined ? {} : { hint }), ...worded(error) });
}

function worded(error: SignpolicyError): { message: string; hint?: string } {
  const first = error instanceof PolicyError ? error.issues[0] : undefined;
  const where = first === undefined ? "" : ` (${first.file}:${first.line ?? 1}: ${first.path}: ${first.message})`;
  const message = `${error.message}${where}`;
  return error.hint === undefined ? { message } : { message, hint: error.hint };
}
