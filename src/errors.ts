/**
 * Every exception of the product and its exit code. An unfavourable answer about a signature is a value
 * (`Evidence`, `Finding`); an exception means that we, our files or our environment cannot judge.
 */

export type ErrorCode =
  | "ERR_USAGE"
  | "ERR_POLICY_INVALID"
  | "ERR_POLICY_VERSION"
  | "ERR_POLICY_MISSING"
  | "ERR_POLICY_UNREADABLE"
  | "ERR_POLICY_TOO_LARGE"
  | "ERR_PARSE"
  | "ERR_KEY_INVALID"
  | "ERR_KEY_TOO_LARGE"
  | "ERR_GIT_FAILED"
  | "ERR_GIT_MISSING"
  | "ERR_GIT_OBJECT"
  | "ERR_GIT_UNSAFE"
  | "ERR_NOT_A_REPOSITORY"
  | "ERR_RECORD_BROKEN"
  | "ERR_WITNESS"
  | "ERR_INSTALL"
  | "ERR_APPROVALS_MISSING"
  | "ERR_PARTIAL_CLONE"
  | "ERR_IO";

interface SignpolicyErrorOptions {
  readonly hint?: string;
  readonly cause?: unknown;
}

export class SignpolicyError extends Error {
  override readonly name: string = "SignpolicyError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: SignpolicyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** Wrong command line. */
export class UsageError extends SignpolicyError {
  override readonly name: string = "UsageError";
  constructor(message: string, options?: SignpolicyErrorOptions) {
    super("ERR_USAGE", message, options);
  }
}

/** A revision that names nothing here: it may have been meant for something else. */
export class RevisionError extends UsageError {
  override readonly name = "RevisionError";
}

/** One mistake in a policy file. `path` is a JSON path (`$.rules[0].refs`), `line` starts at 1. */
export interface PolicyIssue {
  readonly file: string;
  readonly line: number | null;
  readonly path: string;
  readonly message: string;
  readonly expected: string;
}

const SMALLER = "have it made smaller: a policy may hold 4 MiB, a key 2 MiB";

/** A policy that cannot be used; carries every mistake found, not only the first. */
export class PolicyError extends SignpolicyError {
  override readonly name = "PolicyError";
  readonly issues: readonly PolicyIssue[];
  constructor(
    code:
      | "ERR_POLICY_INVALID"
      | "ERR_POLICY_VERSION"
      | "ERR_POLICY_MISSING"
      | "ERR_POLICY_UNREADABLE"
      | "ERR_POLICY_TOO_LARGE",
    message: string,
    issues: readonly PolicyIssue[] = [],
    options?: SignpolicyErrorOptions,
  ) {
    super(code, message, code === "ERR_POLICY_TOO_LARGE" ? { hint: SMALLER, ...options } : options);
    this.issues = issues;
  }

  /** The code of the denial that such a policy means: where nothing can be judged nothing is allowed. */
  get verdict(): "policy-missing" | "resource-limit" {
    return this.code === "ERR_POLICY_TOO_LARGE" ? "resource-limit" : "policy-missing";
  }
}

/**
 * Bytes that are not what they should be. From pushed bytes it is caught in `check` and becomes a `malformed` finding,
 * never a skip. `offset` counts bytes from the start of what was parsed.
 */
export class ParseError extends SignpolicyError {
  override readonly name: string = "ParseError";
  readonly what: string;
  readonly offset: number;
  constructor(what: string, message: string, offset = 0) {
    super("ERR_PARSE", `${what}: ${message}`);
    this.what = what;
    this.offset = offset;
  }
}

/** An object that is not there, or larger than is read: nothing was parsed, and who takes broken bytes for an answer takes this one, too. */
export class ObjectError extends ParseError {
  override readonly name = "ObjectError";
  readonly verdict: "missing-object" | "resource-limit";
  constructor(what: string, message: string, verdict: "missing-object" | "resource-limit" = "missing-object") {
    super(what, message);
    this.verdict = verdict;
  }
}

/** A key of the policy that cannot be used as a trust anchor. */
export class KeyError extends SignpolicyError {
  override readonly name = "KeyError";
  constructor(
    message: string,
    { isTooLarge = false, ...options }: SignpolicyErrorOptions & { isTooLarge?: boolean } = {},
  ) {
    super(isTooLarge ? "ERR_KEY_TOO_LARGE" : "ERR_KEY_INVALID", message, options);
  }
}

/** Git was absent, failed, or answered what it never should. `argv` holds no secrets. */
export class GitError extends SignpolicyError {
  override readonly name = "GitError";
  readonly argv: readonly string[];
  readonly status: number | null;
  readonly stderr: string;
  constructor(
    code: "ERR_GIT_FAILED" | "ERR_GIT_MISSING" | "ERR_GIT_OBJECT" | "ERR_GIT_UNSAFE" | "ERR_NOT_A_REPOSITORY",
    message: string,
    detail: { argv?: readonly string[]; status?: number | null; stderr?: string } & SignpolicyErrorOptions = {},
  ) {
    super(code, message, detail);
    this.argv = detail.argv ?? [];
    this.status = detail.status ?? null;
    this.stderr = detail.stderr ?? "";
  }
}

/** The exit codes of the command line. Hooks treat every one but 0 as deny. */
export const EXIT = { allowed: 0, denied: 1, usage: 2, cannotJudge: 3, defect: 70 } as const;

const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  ERR_USAGE: EXIT.usage,
  ERR_POLICY_INVALID: EXIT.usage,
  ERR_POLICY_VERSION: EXIT.cannotJudge,
  ERR_POLICY_MISSING: EXIT.denied,
  ERR_POLICY_UNREADABLE: EXIT.usage,
  ERR_POLICY_TOO_LARGE: EXIT.usage,
  ERR_PARSE: EXIT.denied,
  ERR_KEY_INVALID: EXIT.usage,
  ERR_KEY_TOO_LARGE: EXIT.usage,
  ERR_GIT_FAILED: EXIT.cannotJudge,
  ERR_GIT_MISSING: EXIT.cannotJudge,
  ERR_GIT_OBJECT: EXIT.denied,
  ERR_GIT_UNSAFE: EXIT.cannotJudge,
  ERR_NOT_A_REPOSITORY: EXIT.cannotJudge,
  ERR_RECORD_BROKEN: EXIT.denied,
  ERR_WITNESS: EXIT.cannotJudge,
  ERR_INSTALL: EXIT.usage,
  ERR_APPROVALS_MISSING: EXIT.cannotJudge,
  ERR_PARTIAL_CLONE: EXIT.cannotJudge,
  ERR_IO: EXIT.cannotJudge,
};

/** Exit code for anything thrown; what we do not know is a defect, never success. */
export function exitCodeOf(error: unknown): number {
  return error instanceof SignpolicyError ? EXIT_OF[error.code] : EXIT.defect;
}
