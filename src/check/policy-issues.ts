import type { PolicyError } from "../errors.ts";

/** What is wrong with a policy, in one line: the first mistake and where it stands. */
export function describePolicyError(error: PolicyError): string {
  const [first] = error.issues;
  return first === undefined ? error.message : `${first.file}:${first.line ?? 1}: ${first.path}: ${first.message}`;
}
