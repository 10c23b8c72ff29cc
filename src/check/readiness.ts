import type { Decision } from "../model.ts";
import type { ReportSink } from "./sink.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface ReadinessOptions {
  /** Folder git started the hook in. */
  readonly cwd: string;
  /** The caller's environment as it is: it says what git is about to do. */
  readonly environment: Variables;
}

/**
 * The preflight of `pre-commit` and `pre-merge-commit`: would the commit that git is about to make be signed, by a key
 * that the policy allows for this identity and branch? It reads configuration, never the signature, and cannot see
 * `--no-gpg-sign`: it saves a round trip and proves nothing.
 *
 * @returns the decision, also handed to `sink`
 */
export function checkReadiness(options: ReadinessOptions, sink: ReportSink): Promise<Decision> {
  return Promise.reject(new Error(`not built yet: ${options.cwd} ${typeof sink}`));
}

/**
 * The advice of `post-commit`: judges the commit just made and hands the decision to `sink`. The caller ends with 0
 * whatever comes back or is thrown.
 */
export function adviseCommit(options: ReadinessOptions, sink: ReportSink): Promise<Decision | null> {
  return Promise.reject(new Error(`not built yet: ${options.cwd} ${typeof sink}`));
}
