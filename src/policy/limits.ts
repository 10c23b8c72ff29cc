import type { Problem } from "./decide-problem.ts";

/** How much one push may ask of the server; more is `resource-limit`. */
export interface Limits {
  /** Bytes of one commit or tag object. */
  readonly objectBytes: number;
  /** Commits that have to be judged. */
  readonly commits: number;
  readonly refs: number;
  /** From the start of the hook to its verdict. */
  readonly seconds: number;
}

/**
 * Wide enough for the first push of all but the largest histories, narrow enough that the hook stays within a few hundred
 * megabytes and ends. docs/policy.md has what they cost.
 */
export const DEFAULT_LIMITS: Limits = { objectBytes: 64 * 1024 * 1024, commits: 250_000, refs: 10_000, seconds: 300 };

/** Most that a policy may allow: beyond it one object would not fit into the strings and buffers that hold it. */
export const MOST_OBJECT_BYTES = 256 * 1024 * 1024;

const WORDS: Readonly<Record<keyof Limits, (most: number) => string>> = {
  objectBytes: (most) => `objects of more than ${most} bytes are not read`,
  commits: (most) => `the push brings more than ${most} commits to be judged`,
  refs: (most) => `the push moves more than ${most} refs`,
  seconds: (most) => `the push was not judged within ${most} seconds`,
};

const INSTEAD: Readonly<Record<keyof Limits, string>> = {
  objectBytes: "make it smaller",
  commits: "push it in parts, oldest first",
  refs: "push them in parts",
  seconds: "push again, or in parts",
};

/** The denial that names a limit and how it is raised. `what` says what went over it, where that is known. */
export function overLimit(name: keyof Limits, limits: Limits, what?: string): Problem {
  const message = `${what === undefined ? "" : `${what}: `}${WORDS[name](limits[name])} (limits.${name})`;
  const hint = `${INSTEAD[name]}, or an administrator raises the limit in the policy, for example \`limits: { ${name}: ${limits[name] * 2} }\``;
  return { code: "resource-limit", message, hint };
}
