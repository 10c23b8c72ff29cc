import { resolve } from "node:path";
import { findRepository } from "../io/repository.ts";
import type { PolicyOrigin, Seconds } from "../model.ts";
import { filePolicySource, workTreePolicySource } from "./file-policy.ts";
import { governClone } from "./governing.ts";
import { withOwnStanding } from "./own-standing.ts";
import type { PolicyChoice } from "./governing.ts";
import { loadPolicy } from "./policy.ts";
import { showLoaded } from "./policy-show.ts";
import type { ShownPolicy } from "./policy-show.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { policyWarnings } from "./policy-warnings.ts";
import type { PolicyWarning } from "./policy-warnings.ts";
import { openSession } from "./session.ts";

export interface PolicyCommandOptions extends PolicyChoice {
  /** Folder the command was given in: anywhere in a work tree, or a bare repository. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A policy without mistakes. */
export interface CheckedPolicy {
  readonly origin: PolicyOrigin;
  /** The policy file and the key files it names. */
  readonly files: readonly string[];
  readonly principals: number;
  readonly keys: number;
  readonly rules: number;
  readonly warnings: readonly PolicyWarning[];
}

/**
 * `policy check`: the file named, the policy in the ref named, else the work tree's own (in a bare repository the one that
 * governs it).
 *
 * @throws PolicyError with every mistake, in the file and in its keys; GitError ERR_NOT_A_REPOSITORY
 */
export async function checkPolicyFile(options: PolicyCommandOptions, now: Seconds): Promise<CheckedPolicy> {
  const loaded = await chosenPolicy(options);
  const { policy, keys, origin, files } = loaded;
  return {
    origin,
    files,
    principals: policy.principals.size,
    keys: keys.length,
    rules: policy.rules.length,
    warnings: [...(await refusalsOf(options, loaded, now)), ...(await policyWarnings(loaded, now))],
  };
}

/** Of the work tree's own policy alone: any other is somebody's to look at, and nothing is about to be made of it. */
async function refusalsOf(
  { policy, policyRef, directory, environment }: PolicyCommandOptions,
  loaded: LoadedPolicy,
  now: Seconds,
): Promise<readonly PolicyWarning[]> {
  if (policy !== undefined || policyRef !== undefined) return [];
  const repository = await findRepository(directory, environment);
  if (repository.workTree === null) return [];
  const { policyRefusals } = await import("./policy-refusals.ts");
  return policyRefusals(repository, loaded, now);
}

/**
 * `policy show`: the same policy as it judges.
 *
 * @throws PolicyError, GitError
 */
export async function showPolicy(options: PolicyCommandOptions): Promise<ShownPolicy> {
  return showLoaded(await chosenPolicy(options));
}

/** `policy schema`: a JSON Schema (draft 2020-12) of the file format. It says less than `policy check` sees. */
export async function policySchema(): Promise<object> {
  const { policyJsonSchema } = await import("../policy/json-schema.ts");
  return policyJsonSchema();
}

/**
 * The policy that a command means: the file or ref named, else the work tree's own, else what governs.
 *
 * @throws PolicyError, GitError
 */
export async function chosenPolicy(options: PolicyCommandOptions): Promise<LoadedPolicy> {
  const { policy, policyRef, directory, environment } = options;
  if (policy !== undefined) return loadPolicy(filePolicySource(resolve(directory, policy)));
  const repository = await findRepository(directory, environment);
  if (policyRef === undefined && repository.workTree !== null) {
    return withOwnStanding(directory, environment, await loadPolicy(workTreePolicySource(repository.workTree)));
  }
  const session = await openSession(repository);
  try {
    return (await governClone(session, { policyRef })).loaded;
  } finally {
    session.close();
  }
}
